"""Write CloudFront real-time log lines as AWS writes them, for the local edge and for tests.

What AWS documents and what recorded lines show is not always the same; each such point is one named reading here, and both
can be produced.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from footfall.hits.log_fields import CUT_AT_BYTES, MISSING

Percent = Literal["as_received", "escaped_again"]
"""Whether a `%` that came in a URL is logged as it is, or as `%25` like any other escaped character.

AWS's table of escaped characters has the `%` (developer guide, AccessLogs, "URL-encoded equivalents"). Recorded real-time lines
of 2022 and 2023 bear it out: what a browser sent once encoded, `u=http%3A%2F%2F`, stands in cs-uri-stem and cs-uri-query as
`u=http%253A%252F%252F` (ownstats/ownstats: backend/tests/data/rawTabEventData.txt, sent by client/src/plugins/ownstats).
"""

Cut = Literal["whole_pairs", "bytes"]
"""How a list of headers that is too long is shortened; see `cut_whole_pairs` and `cut_bytes`."""

Damage = Literal["repeat", "drop-column", "extra-column", "truncate-headers"]

_ESCAPED: Final = frozenset(b"<>\"#%{}|\\^~[]`' ")
_ESCAPES: Final = tuple(f"%{byte:02X}" if byte <= 32 or byte >= 127 or byte in _ESCAPED else chr(byte) for byte in range(256))  # noqa: PLR2004 - ASCII's ends
_ESCAPES_BUT_PERCENT: Final = tuple("%" if byte == ord("%") else escaped for byte, escaped in enumerate(_ESCAPES))

_URLS: Final = frozenset({"cs-uri-stem", "cs-uri-query", "cs-referer"})
_LISTS: Final = frozenset({"cs-headers", "cs-header-names"})

RECORDED: Final[Percent] = "escaped_again"
"""The reading that recorded lines show."""


def write_line(values: Mapping[str, str], fields: Sequence[str], *, percent: Percent = RECORDED, cut: Cut = "whole_pairs") -> bytes:
    r"""Write one log line: the columns of `fields` (in AWS's canonical order) from unescaped `values`, with its newline.

    A missing or empty value is `-`. `cs-headers` and `cs-header-names` are given as `header_values` makes them.

    >>> write_line({"c-ip": "192.0.2.7", "cs-user-agent": "curl/8 (x)"}, ["c-ip", "cs-user-agent", "cs-referer"])
    b'192.0.2.7\tcurl/8%20(x)\t-\n'
    """
    columns = [_write_column(name, values.get(name, ""), percent, cut) for name in fields]
    return ("\t".join(columns) + "\n").encode("ascii")


def header_values(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    r"""Make the three header columns, unescaped: order and case as sent; a Cookie is named and counted, its value left out.

    >>> header_values([("host", "x"), ("cookie", "a=b")])
    {'cs-headers': 'host:x\n', 'cs-header-names': 'host\ncookie\n', 'cs-headers-count': '2'}
    """
    sent = list(headers)
    return {
        "cs-headers": "".join(f"{name}:{value}\n" for name, value in sent if name.lower() != "cookie"),
        "cs-header-names": "".join(f"{name}\n" for name, _ in sent),
        "cs-headers-count": str(len(sent)),
    }


def escape(text: str, *, keep_percent: bool = False) -> str:
    r"""Percent-encode as AWS's logs do: ASCII 0 to 32, 127 and above as UTF-8 bytes, and ``<>"#%{}|\^~[]`'``; the rest stays.

    Bytes that are not UTF-8 are given as surrogate escapes, and come out as they came in.

    >>> escape('a "b" é%20'), escape("a%20b c", keep_percent=True)
    ('a%20%22b%22%20%C3%A9%2520', 'a%20b%20c')
    """
    table = _ESCAPES_BUT_PERCENT if keep_percent else _ESCAPES
    return "".join([table[byte] for byte in text.encode("utf-8", "surrogateescape")])


def cut_whole_pairs(lines: str) -> str:
    """Keep the first lines that together have at most 800 bytes *before* escaping.

    So it is in a line recorded in October 2025: 21 of 26 headers, 774 bytes, 824 when escaped; with the next one it would
    have been 807, and a later one that would still have fitted is not there either.
    """
    raw = lines.encode("utf-8", "surrogateescape")
    end = raw.rfind(b"\n", 0, CUT_AT_BYTES) + 1
    return raw[: end if len(raw) > CUT_AT_BYTES else None].decode("utf-8", "surrogateescape")


def cut_bytes(escaped: str) -> str:
    """Keep the first 800 bytes *after* escaping, even when that breaks an escape: "truncated to 800 bytes", taken literally."""
    return escaped[:CUT_AT_BYTES]


def overfill(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Put one header in front that is so long that no other is logged, neither by name nor by value, in either reading."""
    filler = "x-filler-" + "|" * 10
    return [(filler.ljust(CUT_AT_BYTES - 3, "x"), "1"), *headers]


def damaged(line: bytes, damage: str) -> list[bytes]:
    r"""Make of one line what a demonstration asks for: the line twice, or with a column too few or too many; else just itself.

    >>> damaged(b"a\tb\n", "extra-column"), damaged(b"a\tb\n", "drop-column")
    ([b'a\tb\t-\n'], [b'a\n'])
    """
    match damage:
        case "repeat":
            return [line, line]
        case "extra-column":
            return [line[:-1] + b"\t-\n"]
        case "drop-column":
            return [line.rpartition(b"\t")[0] + b"\n"]
        case _:
            return [line]


def _write_column(name: str, value: str, percent: Percent, cut: Cut) -> str:
    if name in _LISTS:
        return (escape(cut_whole_pairs(value)) if cut == "whole_pairs" else cut_bytes(escape(value))) or MISSING
    return escape(value, keep_percent=name in _URLS and percent == "as_received") or MISSING
