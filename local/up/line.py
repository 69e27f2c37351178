"""Take a log line apart for a person: its columns, and of each the parts that may be kept or dropped on their own."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, unquote_plus

from footfall.hits.log_fields import MISSING
from local.up.row import PROVENANCE, Cell

AGENT: Final = ("browser", "browser_version", "os", "os_version", "device", "device_type", "agent_class", "bot_kind", "agent_name")
ADDRESS: Final = ("ip", "visitor_id")

BECOMES: Final = {
    "timestamp": ("event_time", "received_at"),
    "c-ip": ADDRESS,
    "cs-user-agent": (*AGENT, "user_agent"),
    "c-country": ("country",),
    "sec-gpc": ("gpc",),
    "dnt": ("dnt",),
    "accept-language": ("language",),
    "sec-purpose": ("agent_class",),
    "h": ("local_time",),
    "m": ("local_time",),
    "s": ("local_time",),
    "idsite": ("site",),
    "urlref": ("referrer", "source_class", "source_name"),
    "cip": ADDRESS,
    "country": ("country",),
}
"""Which columns of a row are made from what: columns of the line, headers, parameters. Only those that the row has are shown."""

_REWRITTEN: Final = frozenset({"timestamp", "idsite"})
"""Written in another form that says the same."""

_MIN_CONTAINED: Final = 5
"""A shorter text is found in longer ones by chance."""

_NEWLINE: Final = re.compile("%0[aA]")
"""Between the headers of a list, as CloudFront escapes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a column: what stands between it and the last, its text, the value a row could hold, the name BECOMES knows it by."""

    text: str
    value: str
    name: str
    lead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineColumn:
    """A column of the line, unescaped once; `is_repeat`: another column says the same in full."""

    name: str
    parts: tuple[Part, ...]
    is_repeat: bool = False


def split_line(line: bytes, fields: Sequence[str]) -> list[LineColumn]:
    """The columns by their names; a line with too few or too many is one column, as none can be trusted."""
    values = line.decode("utf-8", "replace").rstrip("\n").split("\t")
    if len(values) != len(fields):
        parts = (Part(text=value, value=value, name="", lead=" ⇥ " if at else "") for at, value in enumerate(values))
        return [LineColumn(name="line", parts=tuple(parts))]
    return [_column(name, value) for name, value in zip(fields, values, strict=True)]


def fate_of(part: Part, cells: Sequence[Cell]) -> tuple[str, tuple[str, ...]]:
    """What became of a part: `kept` (the row has this very text), `rewritten`, or `dropped`; and the columns made of it.

    It is looked for in the row itself, not concluded from what the code should do.
    """
    telling = [cell for cell in cells if cell.name not in PROVENANCE]
    found = tuple(cell.name for cell in telling if _is_in(part.value, cell))
    if found or not part.value:
        return "kept", found
    made = tuple(cell.name for cell in cells if cell.name in BECOMES.get(part.name, ()) and _is_computed(cell, cells))
    return ("rewritten" if made and part.name in _REWRITTEN else "dropped"), made


def is_new(cell: Cell, columns: Sequence[LineColumn]) -> bool:
    """Whether no part of the line has the value of a row's column."""
    values = {part.value for column in columns for part in column.parts}
    return cell.name in PROVENANCE or not cell.texts or not any(text in values for text in cell.texts)


def _is_computed(cell: Cell, cells: Sequence[Cell]) -> bool:
    """A visitor id is made of the address only where it is a daily one."""
    return cell.name != "visitor_id" or any(other.name == "visitor_id_origin" and other.value == "daily" for other in cells)


def _is_in(value: str, cell: Cell) -> bool:
    return any(value == text or (len(value) >= _MIN_CONTAINED and _stands_in(value, text)) for text in cell.texts)


def _stands_in(value: str, text: str) -> bool:
    """Whether a text has a value as words of its own, as a URL has a host, and not as a part of a word."""
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


def _column(name: str, value: str) -> LineColumn:
    if value == MISSING:
        return LineColumn(name=name, parts=(Part(text=MISSING, value="", name=name),))
    match name:
        case "cs-headers":
            return LineColumn(name=name, parts=tuple(_headers(value)))
        case "cs-header-names":
            names = filter(None, _NEWLINE.split(value))
            return LineColumn(name=name, parts=tuple(_part(unquote(header), name) for header in names), is_repeat=True)
        case "cs-uri-query":
            return LineColumn(name=name, parts=tuple(_parameters(unquote(value), first="")))
        case "cs-uri-stem":
            path, _, query = unquote(value).partition("?")
            parts = [_part(path, name), *(_parameters(query, first="?") if query else ())]
            return LineColumn(name=name, parts=tuple(parts), is_repeat=bool(query))
        case _:
            return LineColumn(name=name, parts=(_part(unquote(value), name),))


def _part(text: str, name: str) -> Part:
    return Part(text=text, value=text, name=name)


def _headers(value: str) -> Iterator[Part]:
    for header in filter(None, _NEWLINE.split(value)):
        name, _, text = unquote(header).partition(":")
        yield Part(text=f"{name}: {text}", value=text, name=name.lower())


def _parameters(query: str, *, first: str) -> Iterator[Part]:
    """Each pair of a query as the client sent it; its value is compared as it was meant, without percent-encoding."""
    for at, pair in enumerate(query.split("&")):
        name, _, text = pair.partition("=")
        yield Part(text=pair, value=unquote_plus(text), name=unquote(name), lead="&" if at else first)
