"""Decode a file's bytes into every text that is in it, however it was wrapped: what a search must look through."""

import base64
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import date
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

MAX_DEPTH: Final = 5
"""How many wrappings are undone: base64 in JSON in base64 in gzip is four."""

_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{10,}")
_HEX: Final = re.compile(r"[0-9a-fA-F]{14,}")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_PACKED_LENGTHS: Final = (4, 16)
_URL_SAFE: Final = str.maketrans("-_", "+/")


class UndecodableError(ValueError):
    """The bytes say they are Parquet or gzip and are not, or not whole."""


def texts_of(content: bytes) -> Iterator[str]:
    """All texts in a file: as it is, and its cells, strings, keys and numbers, decompressed, unescaped, from base64 and hex.

    Raises:
        UndecodableError: after the texts that could be had.
    """
    yield from _Decoder().from_bytes(content, 0)


class _Decoder:
    """Remembers what it has seen, since the same text is met on several ways."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def from_bytes(self, content: bytes, depth: int) -> Iterator[str]:
        """The texts of bytes; packed addresses (4 or 16 bytes) are written out."""
        if len(content) in _PACKED_LENGTHS:
            yield str(ip_address(content))
        yield from self.from_text(content.decode("utf-8", "replace"), depth)
        if b"\0" in content:  # UTF-16 and UTF-32
            yield from self.from_text(content.replace(b"\0", b"").decode("latin-1"), depth)
        if content.startswith(_GZIP):
            yield from self.from_bytes(_decompress(content), depth + 1)
        elif content.startswith(_PARQUET):
            yield from self._from_parquet(content, depth + 1)

    def from_text(self, text: str, depth: int) -> Iterator[str]:
        """The text and what is wrapped in it."""
        if text in self._seen:
            return
        self._seen.add(text)
        yield text
        if depth >= MAX_DEPTH:
            return
        if "%" in text:
            yield from self.from_text(unquote(text), depth + 1)
        if "\\" in text:
            yield from self.from_text(_ESCAPE.sub(_unescape, text), depth + 1)
        yield from self._from_json(text, depth + 1)
        for run in _BASE64.findall(text):
            yield from self._from_base64(run, depth + 1)
        for run in _HEX.findall(text):
            for part in (run, run[1:]):
                yield from self._quietly(bytes.fromhex(part[: len(part) // 2 * 2]), depth + 1)

    def from_value(self, value: Any, depth: int) -> Iterator[str]:
        """The texts of a value of JSON or of a Parquet cell."""
        if isinstance(value, str):
            yield from self.from_text(value, depth)
        elif isinstance(value, bytes):
            yield from self.from_bytes(value, depth)
        elif isinstance(value, Mapping):
            for key, member in value.items():
                yield from self.from_value(key, depth)
                yield from self.from_value(member, depth)
        elif isinstance(value, (list, tuple)):
            for member in value:
                yield from self.from_value(member, depth)
        elif isinstance(value, (int, float, date)) and not isinstance(value, bool):
            yield str(value)

    def _from_json(self, text: str, depth: int) -> Iterator[str]:
        for document in (text, *text.splitlines()):
            if document.lstrip()[:1] in ("{", "[", '"'):
                try:
                    value = json.loads(document)
                except (ValueError, RecursionError):
                    continue
                yield from self.from_value(value, depth)

    def _from_base64(self, run: str, depth: int) -> Iterator[str]:
        """Decode as a whole and from each of the places where a group of four may begin."""
        standard = run.translate(_URL_SAFE)
        for skipped in range(4):
            part = standard[skipped:]
            part = part[: len(part) - (len(part) % 4 == 1)]
            decoded = base64.b64decode(part + "=" * (-len(part) % 4))
            yield from self._quietly(decoded, depth)

    def _quietly(self, content: bytes, depth: int) -> Iterator[str]:
        """As `from_bytes`; a word that merely looks like base64 of gzip is no damaged file."""
        try:
            yield from self.from_bytes(content, depth)
        except UndecodableError:
            return

    def _from_parquet(self, content: bytes, depth: int) -> Iterator[str]:
        try:
            table = pq.read_table(pa.BufferReader(content))
            yield from self.from_value({**(table.schema.metadata or {})}, depth)
            for name, column in zip(table.column_names, table.columns, strict=True):
                yield name
                yield from self.from_value(column.to_pylist(), depth)
        except (pa.ArrowException, OSError, ValueError) as broken:
            raise UndecodableError("not Parquet, or not whole") from broken


def _decompress(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as broken:
        raise UndecodableError("not gzip, or not whole") from broken


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1] or match[2], 16))
