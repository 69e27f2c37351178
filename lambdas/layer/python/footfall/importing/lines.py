"""Split a stream of bytes into lines in bounded memory, unpacking gzip on the way, whatever the bytes are."""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from footfall.errors import RejectedError
from footfall.hits.log_fields import MAX_LINE_BYTES
from footfall.importing.ports import ByteStream

_CHUNK_BYTES: Final = 1 << 18
_LONGEST_KEPT_BYTES: Final = 2 * MAX_LINE_BYTES
"""Of a longer line only this much is kept: enough to see that it is too long."""

_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class Lines(Iterator[bytes]):
    r"""Lines without their newline, in order; gzip is recognised by its first bytes, and may have several members.

    What can be read of damaged gzip data is yielded; afterwards `damage` says what is wrong.

    >>> import io
    >>> list(Lines(io.BytesIO(b"one\r\ntwo")))
    [b'one', b'two']
    """

    def __init__(self, stream: ByteStream) -> None:
        self.damage: RejectedError | None = None
        self._lines = self._read(stream)

    def __next__(self) -> bytes:
        return next(self._lines)

    def _read(self, stream: ByteStream) -> Iterator[bytes]:
        chunks = _chunks(stream)
        first = next(chunks, b"")
        content = chain([first], chunks)
        yield from _split(self._gunzip(content) if first.startswith(_GZIP) else content)

    def _gunzip(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from _unpack(chunks)
        except RejectedError as damage:
            self.damage = damage


def _chunks(stream: ByteStream) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK_BYTES):
        yield chunk


def _unpack(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """At most four chunks' worth at a time, so that a small file that unpacks to a huge one costs time and no memory."""
    member = zlib.decompressobj(_GZIP_WINDOW)
    try:
        for chunk in chunks:
            packed = chunk
            while packed:
                if member.eof:
                    member = zlib.decompressobj(_GZIP_WINDOW)
                yield member.decompress(packed, 4 * _CHUNK_BYTES)
                packed = member.unused_data.lstrip(b"\0") if member.eof else member.unconsumed_tail
    except zlib.error as damaged:
        raise RejectedError("the gzip data are damaged") from damaged
    if not member.eof:
        raise RejectedError("the gzip data end too early: the file is not whole")


def _split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    pieces = iter(chunks)
    rest = next(pieces, b"").removeprefix(_BYTE_ORDER_MARK)
    for chunk in chain([b""], pieces):
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()[:_LONGEST_KEPT_BYTES]
        for line in lines:
            yield line.removesuffix(b"\r")
    if rest:
        yield rest.removesuffix(b"\r")
