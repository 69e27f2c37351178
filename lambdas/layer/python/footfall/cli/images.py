"""Whether the bytes of a pixel are a whole image of one pixel: mail proxies refuse images that stop early."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a pixel by colour type (PNG specification, third edition, 11.2.1)."""
_MAX_PIXEL_BYTES: Final = 64
_TRAILER: Final = 0x3B
_EXTENSION: Final = 0x21
_IMAGE: Final = 0x2C


def problems_with_image(path: str, content: bytes) -> list[str]:
    """Name what is wrong with the image that `path` promises, a PNG or else a GIF; empty when it is whole.

    >>> problems_with_image("/1x1.png", b"GIF89a")
    ['not a PNG']
    """
    try:
        return list(_png_problems(content) if path.endswith(".png") else _gif_problems(content))
    except (struct.error, IndexError):
        return ["ends in the middle"]


def _png_problems(content: bytes) -> Iterator[str]:
    if not content.startswith(_PNG):
        yield "not a PNG"
        return
    chunks = list(_chunks(content))
    if not all(is_sound for _, _, is_sound in chunks):
        yield "a checksum is wrong"
    kinds = [kind for kind, _, _ in chunks]
    if kinds[:1] != [b"IHDR"] or kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        yield "IHDR, IDAT and IEND are not all there, in this order"
        return
    width, height, depth, colour, _, _, _ = struct.unpack(">IIBBBBB", chunks[0][1])
    if (width, height) != (1, 1):
        yield f"{width} x {height} pixels instead of 1 x 1"
        return
    yield from _pixel_problems(b"".join(data for kind, data, _ in chunks if kind == b"IDAT"), depth, colour)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Kind and data of each chunk, and whether its checksum is right."""
    position = len(_PNG)
    while position < len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        data = content[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack_from(">I", content, position + 8 + length)
        yield kind, data, checksum == zlib.crc32(kind + data)
        position += 12 + length


def _pixel_problems(packed: bytes, depth: int, colour: int) -> Iterator[str]:
    unpacker = zlib.decompressobj()
    try:
        pixels = unpacker.decompress(packed, _MAX_PIXEL_BYTES)
    except zlib.error:
        yield "its pixel data is damaged"
        return
    expected = 1 + (depth * _CHANNELS.get(colour, 0) + 7) // 8
    if len(pixels) != expected or not unpacker.eof:
        yield f"{len(pixels)} bytes of pixel data instead of {expected}"


def _gif_problems(content: bytes) -> Iterator[str]:
    if content[:6] not in {b"GIF87a", b"GIF89a"}:
        yield "not a GIF"
        return
    width, height, flags = struct.unpack_from("<HHB", content, 6)
    if (width, height) != (1, 1):
        yield f"{width} x {height} pixels instead of 1 x 1"
    position = 13 + _table_bytes(flags)
    images = 0
    while content[position] != _TRAILER:
        if content[position] == _EXTENSION:
            position = _behind_blocks(content, position + 2)
        elif content[position] == _IMAGE:
            images += 1
            position = _behind_blocks(content, position + 11 + _table_bytes(content[position + 9]))
        else:
            yield "an unknown block"
            return
    if images != 1:
        yield f"{images} images instead of one"
    if position + 1 != len(content):
        yield f"{len(content) - position - 1} bytes behind its end"


def _table_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(content: bytes, position: int) -> int:
    while content[position]:
        position += 1 + content[position]
    return position + 1
