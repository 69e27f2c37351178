"""Decode a query string exactly as a form is decoded, fast when it is well formed, and say what had to be repaired."""

import re
from binascii import a2b_qp
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2})")


class Parameters(NamedTuple):
    """A decoded query: `values` has the last value of each name (as PHP, so as Matomo), `pairs` all when a name repeats."""

    values: dict[str, str]
    pairs: list[tuple[str, str]] | None
    damaged: tuple[str, ...]


def decode_query(query: str) -> Parameters:
    r"""Decode `a=1&b=x%20y`; never raises.

    The common case decodes all escapes at once, with the quoted-printable decoder of the standard library's C code, and splits
    once: 6 us for a page view, against 38 us for parse_qsl. Whatever that cannot do, and every repeat, goes to
    `decode_reference`; tests hold that both agree.

    >>> decode_query("a=1&b=x+y%C3%A9").values
    {'a': '1', 'b': 'x yé'}
    >>> decode_query("a=1&a=2").pairs
    [('a', '1'), ('a', '2')]
    """
    if not query:
        return Parameters({}, None, ())
    values = _decode_well_formed(query) if query.isascii() else None
    return decode_reference(query) if values is None else Parameters(values, None, ())


def _decode_well_formed(query: str) -> dict[str, str] | None:
    """The values of a query in which each part has one `=`, every escape is whole and valid UTF-8, and no name repeats; else None."""
    raw = query.encode("ascii")
    separators = raw.translate(None, _NO_SEPARATOR)
    number = len(separators)
    if number % 2 == 0 or separators != _ALTERNATING[:number]:
        return None
    quoted = raw.translate(_QUOTED)
    decoded = a2b_qp(quoted)
    if len(decoded) != len(quoted) - 2 * quoted.count(b"="):  # an escape that is none is left as it is
        return None
    try:
        texts = decoded.decode("utf-8").split(_MARK)
    except UnicodeDecodeError:
        return None
    if len(texts) != number + 1:  # a mark of the sender's own
        return None
    one_by_one = iter(texts)
    values = dict(zip(one_by_one, one_by_one))  # noqa: B905 - a name, its value, the next name: they are even in number
    return values if 2 * len(values) == len(texts) else None


_MARK: Final = "\x1f"
_QUOTED: Final = bytes.maketrans(b"%+&=\r\n", b"= " + 4 * _MARK.encode())
"""An escape as quoted-printable has it; separators become marks, and so do line breaks, which mean something else there."""
_NO_SEPARATOR: Final = bytes(set(range(256)) - set(b"&="))
_ALTERNATING: Final = b"=&" * 4096
"""What has more than so many parts is well formed too, and left to the plain version."""


def decode_reference(query: str) -> Parameters:
    """The plain version: split, then decode each part as `urllib.parse.parse_qsl(keep_blank_values=True)` does."""
    pairs = []
    is_utf8 = True
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            decoded_name, name_is_utf8 = _decode(name)
            decoded_value, value_is_utf8 = _decode(value)
            pairs.append((decoded_name, decoded_value))
            is_utf8 = is_utf8 and name_is_utf8 and value_is_utf8
    values = dict(pairs)
    damaged = (("escapes",) if _BROKEN_ESCAPE.search(query) else ()) + (() if is_utf8 else ("utf8",))
    return Parameters(values, pairs if len(values) != len(pairs) else None, damaged)


def _decode(text: str) -> tuple[str, bool]:
    raw = unquote_to_bytes(text.replace("+", " "))
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace"), False
