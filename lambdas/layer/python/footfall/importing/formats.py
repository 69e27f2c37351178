"""Read the lines of each of CloudFront's log formats into requests."""

from collections.abc import Sequence
from typing import Final, Protocol

import orjson
import pybase64

from footfall import reasons
from footfall.configuration import Edge
from footfall.errors import RejectedError
from footfall.hits.hit import Reject, Request
from footfall.hits.log_fields import MAX_LINE_BYTES
from footfall.hits.log_line import LineReader
from footfall.importing.standard import LEGACY_FIELDS, StandardReader

REAL_TIME: Final = "real-time"
STANDARD: Final = "standard"
JSON: Final = "json"
FIREHOSE: Final = "firehose-errors"
FORMATS: Final = (REAL_TIME, STANDARD, JSON, FIREHOSE)

FIELDS_LINE: Final = b"#Fields:"


class Parser(Protocol):
    """Reads the lines of one file, in order."""

    @property
    def name(self) -> str:
        """Which format it is."""

    @property
    def holds_signals(self) -> bool:
        """Whether the last line read tells of Sec-GPC and DNT."""

    def read(self, line: bytes, *, now_ms: int) -> Request | Reject | None:
        """Read one line; None when it is a comment or blank. Raises RejectedError when a header makes the file unreadable."""


class RealTimeParser:
    """Lines of real-time access logs, by a field list."""

    name = REAL_TIME
    holds_signals = True

    def __init__(self, edge: Edge) -> None:
        self._reader = LineReader(edge.log_fields, query_escaping=edge.query_escaping)

    def read(self, line: bytes, *, now_ms: int) -> Request | Reject | None:
        """Read one line."""
        if is_comment(line):
            return None
        text = _text(line)
        return text if isinstance(text, Reject) else self._reader.read(text, now_ms=now_ms)


class StandardParser:
    """W3C lines of standard logs, legacy or v2; the last `#Fields:` line says what the columns are."""

    name = STANDARD

    def __init__(self, edge: Edge, fields: Sequence[str] = LEGACY_FIELDS) -> None:
        self._query_escaping = edge.query_escaping
        self._reader = StandardReader(fields, query_escaping=edge.query_escaping)

    @property
    def holds_signals(self) -> bool:
        """Whether cs-headers is among the fields."""
        return self._reader.holds_signals

    def read(self, line: bytes, *, now_ms: int) -> Request | Reject | None:
        """Read one line."""
        if line.startswith(FIELDS_LINE):
            self._reader = StandardReader(fields_of(line), query_escaping=self._query_escaping)
        if is_comment(line):
            return None
        text = _text(line)
        return text if isinstance(text, Reject) else self._reader.read(text.split("\t"), text, now_ms=now_ms)


class JsonParser:
    """Standard logs v2 in JSON: one object per line, its keys the field names."""

    name = JSON

    def __init__(self, edge: Edge) -> None:
        self._query_escaping = edge.query_escaping
        self._readers: dict[tuple[str, ...], StandardReader | None] = {}
        self.holds_signals = False

    def read(self, line: bytes, *, now_ms: int) -> Request | Reject | None:
        """Read one line; objects may have different keys."""
        if is_comment(line):
            return None
        text = _text(line)
        if isinstance(text, Reject):
            return text
        document = read_object(line)
        reader = None if document is None else self._reader_of(tuple(document))
        if reader is None or document is None or not all(isinstance(value, str | int | float) for value in document.values()):
            return Reject(reasons.BAD_COLUMNS, None, text)
        self.holds_signals = reader.holds_signals
        return reader.read([str(value) for value in document.values()], text, now_ms=now_ms)

    def _reader_of(self, keys: tuple[str, ...]) -> StandardReader | None:
        if keys not in self._readers:
            if len(self._readers) > 100:  # noqa: PLR2004 - made-up keys in every line must not fill the memory
                self._readers.clear()
            try:
                self._readers[keys] = StandardReader(keys, query_escaping=self._query_escaping)
            except RejectedError:
                self._readers[keys] = None
        return self._readers[keys]


class FirehoseErrorParser(RealTimeParser):
    """What Firehose writes under its error prefix: JSON lines that hold the raw real-time line in base64."""

    name = FIREHOSE

    def read(self, line: bytes, *, now_ms: int) -> Request | Reject | None:
        """Read one line: the log line in its `rawData`."""
        if is_comment(line):
            return None
        document = read_object(line)
        try:
            raw = pybase64.b64decode(str((document or {})["rawData"]), validate=True)
        except (KeyError, ValueError):
            raw = None
        if raw is None or is_comment(raw):
            return Reject(reasons.BAD_COLUMNS, None, line.decode("latin-1"))
        return super().read(raw, now_ms=now_ms)


def is_comment(line: bytes) -> bool:
    """Whether a line holds no request: blank, or a header."""
    return not line or line.startswith(b"#") or line.isspace()


def fields_of(line: bytes) -> list[str]:
    """The field names of a `#Fields:` line."""
    return line.removeprefix(FIELDS_LINE).decode("utf-8", "replace").split()


def _text(line: bytes) -> str | Reject:
    if len(line) > MAX_LINE_BYTES:
        return Reject(reasons.LINE_TOO_LONG, None, line.decode("latin-1"))
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return Reject(reasons.NOT_UTF8, None, line.decode("latin-1"))


def read_object(line: bytes) -> dict[str, object] | None:
    """A JSON object, or None when the line is not one."""
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None
