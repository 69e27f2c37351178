"""Read one HTTP/1.x request off a connection within CloudFront's limits, exactly as sent, and describe it as CloudFront would."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any, Final, NamedTuple

from local.edge_function import is_visible

MAX_URL_BYTES: Final = 8_192
MAX_HEAD_BYTES: Final = 20_480
"""Request line and headers. Source of both: CloudFront developer guide, "Quotas"."""
MAX_BODY_BYTES: Final = 1024 * 1024
"""How much of a body is read and thrown away to keep a connection; ours, not CloudFront's."""

_HARD_LIMIT_BYTES: Final = 4 * MAX_HEAD_BYTES
_REQUEST_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,30}) ([\x21-\x7e\x80-\xff]+) (HTTP/1\.[01])\r?\n")
_HEADER_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*\r?\n")
_ABSOLUTE: Final = re.compile(r"https?://[^/?]*", re.IGNORECASE)

Header = tuple[str, str]


class Refusal(NamedTuple):
    """What CloudFront answers to something it does not take for a request; it closes the connection and logs nothing."""

    status: int
    why: str


TOO_LARGE: Final = Refusal(413, "The URL is longer than 8,192 bytes, or it and the headers are longer than 20,480 bytes.")
"""413 and not 414 or 494: developer guide, "Maximum length of a request and maximum length of a URL"."""
MALFORMED: Final = Refusal(400, "This is not an HTTP request.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came in: `headers` in order and case as sent; bytes that are not UTF-8 are surrogate escapes.

    `body_bytes` is the announced length, None for a chunked body.
    """

    method: str
    target: str
    version: str
    headers: tuple[Header, ...]
    head_bytes: int
    body_bytes: int | None

    @property
    def path(self) -> str:
        """The path of the URL, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query of the URL, still percent-encoded; empty when there is none."""
        return self.target.partition("?")[2]

    @property
    def is_last(self) -> bool:
        """Whether the client wants the connection closed after the answer."""
        return "close" in self.header("connection").lower() or self.version == "HTTP/1.0"

    def header(self, name: str) -> str:
        """The first header called `name` (in lower case); empty when there is none."""
        return next((value for sent, value in self.headers if sent.lower() == name), "")


def read_request(stream: BufferedIOBase) -> Request | Refusal | None:
    """Read a request without its body; None when the client has nothing more to say.

    Raises:
        OSError: the connection broke, or was silent for too long.
    """
    lines = list(_read_head(stream))
    if not lines:
        return None
    if sum(map(len, lines)) > MAX_HEAD_BYTES:
        return TOO_LARGE
    start = _REQUEST_LINE.fullmatch(lines[0])
    fields = [_HEADER_LINE.fullmatch(line) for line in lines[1:-1]]
    if start is None or lines[-1] not in {b"\r\n", b"\n"} or None in fields:
        return MALFORMED
    method, target, version = (_text(part) for part in start.groups())
    headers = tuple((_text(field[1]), _text(field[2])) for field in fields if field)
    return _checked(method, target, version, headers, head_bytes=sum(map(len, lines)))


def discard_body(request: Request, stream: BufferedIOBase) -> bool:
    """Read the body and forget it; False when the connection cannot be used for another request afterwards.

    Raises:
        OSError: the connection broke, or was silent for too long.
    """
    if request.body_bytes is None:
        return _discard_chunks(stream)
    return request.body_bytes <= MAX_BODY_BYTES and _discard(stream, request.body_bytes)


def viewer_request_event(request: Request, *, address: str, request_id: str, domain: str, distribution: str) -> dict[str, Any]:
    """Describe a request as CloudFront describes it to a function: header names in lower case, query values still encoded.

    Source: developer guide, "CloudFront Functions event structure".
    """
    visible = [(name.lower(), value) for name, value in request.headers if is_visible(name.lower())]
    cookies = [pair for name, value in visible if name == "cookie" for pair in value.split(";")]
    return {
        "version": "1.0",
        "context": {
            "distributionDomainName": domain,
            "distributionId": distribution,
            "eventType": "viewer-request",
            "requestId": request_id,
        },
        "viewer": {"ip": address},
        "request": {
            "method": request.method,
            "uri": request.path,
            "querystring": _by_name(_pair(part) for part in request.query.split("&") if part),
            "headers": _by_name((name, value) for name, value in visible if name != "cookie"),
            "cookies": _by_name(_pair(part.strip()) for part in cookies if part.strip()),
        },
    }


def _read_head(stream: BufferedIOBase) -> Iterator[bytes]:
    """Yield the lines up to and with the empty one; stop early where the limit or the stream ends."""
    total = 0
    while total <= _HARD_LIMIT_BYTES:
        line = stream.readline(_HARD_LIMIT_BYTES)
        if not line:
            return
        total += len(line)
        if total > 2 or line.strip():  # noqa: PLR2004 - one empty line before a request is forgiven, as HTTP asks
            yield line
            if not line.strip():
                return


def _checked(method: str, target: str, version: str, headers: tuple[Header, ...], *, head_bytes: int) -> Request | Refusal:
    target = _ABSOLUTE.sub("", target, count=1) if target[:1] not in {"/", "*"} else target
    if len(target.encode("utf-8", "surrogateescape")) > MAX_URL_BYTES:
        return TOO_LARGE
    lengths = {value for name, value in headers if name.lower() == "content-length"}
    codings = [value.lower() for name, value in headers if name.lower() == "transfer-encoding"]
    hosts = [value for name, value in headers if name.lower() == "host"]
    is_framed = codings == ["chunked"] and not lengths if codings else len(lengths) <= 1 and all(_is_length(length) for length in lengths)
    if not is_framed or len(hosts) != 1 or target[:1] not in {"/", "*"}:
        return MALFORMED
    body_bytes = None if codings else int(next(iter(lengths), "0"))
    return Request(method=method, target=target, version=version, headers=headers, head_bytes=head_bytes, body_bytes=body_bytes)


def _is_length(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16  # noqa: PLR2004 - more digits than any body has bytes


def _discard(stream: BufferedIOBase, count: int) -> bool:
    return len(stream.read(count)) == count


def _discard_chunks(stream: BufferedIOBase) -> bool:
    room = MAX_BODY_BYTES
    while room > 0:
        size = re.fullmatch(rb"([0-9A-Fa-f]{1,8})(;[^\r\n]*)?\r?\n", stream.readline(1024))
        if size is None:
            return False
        length = int(size[1], 16)
        if length == 0:
            return stream.readline(1024) in {b"\r\n", b"\n"}
        room -= length
        if room < 0 or not _discard(stream, length) or stream.readline(3).strip():
            return False
    return False


def _by_name(pairs: Iterator[Header]) -> dict[str, Any]:
    """Group by name as the event does: the first value, and all of them as `multiValue` where there are several."""
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return {name: _values(values) for name, values in grouped.items()}


def _values(values: Sequence[str]) -> dict[str, Any]:
    return {"value": values[0], **({"multiValue": [{"value": value} for value in values]} if len(values) > 1 else {})}


def _pair(part: str) -> Header:
    name, _, value = part.partition("=")
    return name, value


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
