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
    "cs-referer": ("url", "referrer", "source_class"),
    "c-country": ("country",),
    "sec-gpc": ("gpc",),
    "dnt": ("dnt",),
    "accept-language": ("language",),
    "sec-purpose": ("agent_class",),
    "h": ("local_time",),
    "m": ("local_time",),
    "s": ("local_time",),
    "_id": ("visitor_id",),
    "cid": ("visitor_id",),
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

_TIMES_ESCAPED: Final = 2
"""What came percent-encoded is escaped once more by CloudFront."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a column: as shown, the value in it that a row could hold, and the name by which BECOMES knows it."""

    text: str
    value: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineColumn:
    """A column of the line, unescaped once."""

    name: str
    parts: tuple[Part, ...]
    separator: str


def split_line(line: bytes, fields: Sequence[str]) -> list[LineColumn]:
    """The columns by their names; a line with too few or too many is one column, as none can be trusted."""
    values = line.decode("utf-8", "replace").rstrip("\n").split("\t")
    if len(values) != len(fields):
        return [LineColumn(name="line", parts=tuple(_part(value, "") for value in values), separator=" ⇥ ")]
    return [_column(name, value) for name, value in zip(fields, values, strict=True)]


def fate_of(part: Part, cells: Sequence[Cell]) -> tuple[str, tuple[str, ...]]:
    """What became of a part: `kept` (the row has this very text), `rewritten`, or `dropped`; and the columns made of it.

    It is looked for in the row itself, not concluded from what the code should do.
    """
    telling = [cell for cell in cells if cell.name not in PROVENANCE]
    found = tuple(cell.name for cell in telling if _is_in(part.value, cell))
    if found or not part.value:
        return "kept", found
    made = tuple(cell.name for cell in cells if cell.name in BECOMES.get(part.name, ()))
    return ("rewritten" if made and part.name in _REWRITTEN else "dropped"), made


def is_new(cell: Cell, columns: Sequence[LineColumn]) -> bool:
    """Whether no part of the line has the value of a row's column."""
    values = {part.value for column in columns for part in column.parts}
    return cell.name in PROVENANCE or not cell.texts or not any(text in values for text in cell.texts)


def _is_in(value: str, cell: Cell) -> bool:
    return any(value == text or (len(value) >= _MIN_CONTAINED and value in text) for text in cell.texts)


def _column(name: str, value: str) -> LineColumn:
    if value == MISSING:
        return LineColumn(name=name, parts=(Part(text=MISSING, value="", name=name),), separator="")
    match name:
        case "cs-headers":
            return LineColumn(name=name, parts=tuple(_headers(value)), separator="\n")
        case "cs-uri-query":
            return LineColumn(name=name, parts=tuple(_parameters(value)), separator="&")
        case "cs-uri-stem":
            path, _, query = unquote(value).partition("?")
            parts = [_part(path, name), *(_parameters(query) if query else ())]
            return LineColumn(name=name, parts=tuple(parts), separator="?")
        case _:
            return LineColumn(name=name, parts=(_part(unquote(value), name),), separator="")


def _part(text: str, name: str) -> Part:
    return Part(text=text, value=text, name=name)


def _headers(value: str) -> Iterator[Part]:
    for header in filter(None, re.split("%0[aA]", value)):
        name, _, text = unquote(header).partition(":")
        yield Part(text=f"{name}: {text}", value=text, name=name.lower())


def _parameters(value: str) -> Iterator[Part]:
    for pair in value.split("&"):
        name, _, text = pair.partition("=")
        for _ in range(_TIMES_ESCAPED - 1):
            name, text = unquote(name), unquote(text)
        yield Part(text=f"{name}={text}", value=unquote_plus(text), name=unquote(name))
