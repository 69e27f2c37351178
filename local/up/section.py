"""What a section of the page is, and all that the sections can tell of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from local.up.line import LineColumn, split_line
from local.up.row import Cell, read_row
from local.up.seen import Seen


@dataclass(frozen=True, kw_only=True)
class Known:
    """All that is known about a request; reads its row when first asked."""

    seen: Seen
    fields: Sequence[str]
    lake: Path
    routes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The destinations of each site; none where nothing is queued."""

    @cached_property
    def columns(self) -> list[LineColumn]:
        """The columns of its log line; none when there was no line, or it is no longer kept."""
        return split_line(self.seen.line, self.fields) if self.seen.line else []

    @cached_property
    def cells(self) -> list[Cell]:
        """The columns of its row, as they lie in the Parquet."""
        return read_row(self.lake, self.seen.key, str(self.seen.row.get("event_id", ""))) if self.seen.key else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled table: `empty` says why it has no columns, `note` stands below it, `raw` is what it was made of."""

    name: str
    title: str
    columns: Sequence[Mapping[str, Any]]
    empty: str
    note: str = ""
    raw: str = ""
    raw_label: str = ""
    legend: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What the page draws."""
        shown = {"name": self.name, "title": self.title, "columns": list(self.columns), "empty": "" if self.columns else self.empty}
        return {
            **shown,
            "note": self.note,
            "raw": self.raw,
            "raw_label": self.raw_label,
            "legend": dict(self.legend) if self.columns else {},
        }


def plain_column(name: str, value: str, *, meaning: str = "", fate: str = "kept") -> dict[str, Any]:
    """A column of one part; `fate` is kept, new or dropped."""
    return {"name": name, "meaning": meaning, "parts": [{"lead": "", "text": value, "fate": fate, "becomes": []}]}


def fact(name: str, value: str, *, meaning: str = "") -> dict[str, Any]:
    """A column that is not of the request but about it."""
    return {**plain_column(name, value, meaning=meaning), "is_fact": True}


def legend_of(columns: Sequence[Mapping[str, Any]], legend: Mapping[str, str]) -> dict[str, str]:
    """The part of a legend that the columns need."""
    fates = {part["fate"] for column in columns for part in column["parts"]}
    return {fate: text for fate, text in legend.items() if fate in fates}
