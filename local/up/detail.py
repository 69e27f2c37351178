"""Put one request before and after side by side: the line with what is dropped, the row with what is new, and the time of each hop."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from footfall.hits.log_fields import FORBIDDEN
from footfall.reasons import PROCESSING_FAILED, REASONS
from local.up.last_requests import HOPS, Seen
from local.up.line import LineColumn, fate_of, is_new, split_line
from local.up.row import Cell, read_row

_SHOWN_IN_LIST: Final = ("action", "agent_class", "agent_name", "title", "path", "method", "campaign_name", "event_action")
_HOP_NAMES: Final = {"edge": "Edge answered", "stream": "In the stream", "transform": "Transformed", "lake": "Stored in the lake"}

LATER: Final = (
    ("message", "Message", "A hit on its way to Matomo, Piwik PRO or GA4, in a queue."),
    ("delivery", "Delivery", "What the destination answered: delivered, rejected, retry or uncertain."),
    ("visit", "Visit", "What the destination made of the hits of one visitor."),
)
"""What this installation does not do yet; each gets its place when it does."""


def summary(seen: Seen) -> dict[str, Any]:
    """One line of the list: what became of a request, in words of the glossary and of reasons."""
    return {
        "id": seen.request_id,
        "outcome": seen.outcome,
        "reasons": list(seen.reasons),
        "at": min(seen.at.values(), default=0.0),
        "took_ms": _took_ms(seen),
        "copies": seen.copies,
        "is_replayed": seen.is_replayed,
        "row": {name: str(seen.row[name])[:200] for name in _SHOWN_IN_LIST if name in seen.row},
        "version": seen.version,
    }


def detail(seen: Seen, fields: Sequence[str], lake: Path) -> dict[str, Any]:
    """Everything about one request; all values are texts that a client sent, or that were made of them."""
    columns = split_line(seen.line, fields) if seen.line else []
    cells = read_row(lake, seen.key, str(seen.row.get("event_id", ""))) if seen.key else []
    is_settled = seen.outcome != "waiting"
    return {
        **summary(seen),
        "why": [_why(code) for code in _reasons_of(seen)],
        "line": [_column(column, cells, is_settled=is_settled) for column in columns],
        "never_selected": [{"name": name, "why": why} for name, why in FORBIDDEN.items()] if columns else [],
        "row_columns": [cell.to_json(is_new=is_new(cell, columns)) for cell in cells],
        "object": seen.key,
        "hops": list(_hops(seen)),
        "later": [{"name": name, "label": label, "meaning": meaning} for name, label, meaning in LATER],
    }


def _reasons_of(seen: Seen) -> tuple[str, ...]:
    return (PROCESSING_FAILED.code,) if seen.outcome == "failed" else seen.reasons


def _why(code: str) -> dict[str, str]:
    reason = REASONS.get(code)
    return {"code": code, "meaning": reason.meaning if reason else "", "remedy": reason.remedy if reason else ""}


def _column(column: LineColumn, cells: Sequence[Cell], *, is_settled: bool) -> dict[str, Any]:
    parts = []
    for part in column.parts:
        fate, made = fate_of(part, cells) if is_settled else ("waiting", ())
        parts.append({"text": part.text, "fate": fate, "becomes": list(made)})
    return {"name": column.name, "parts": parts, "separator": column.separator}


def _hops(seen: Seen) -> Iterator[dict[str, Any]]:
    """Each hop with the milliseconds since the one before; a suppressed line is settled where others are stored."""
    before = None
    for name in HOPS:
        at = seen.at.get(name)
        label = "Settled, nothing stored" if name == "lake" and seen.outcome == "suppressed" else _HOP_NAMES[name]
        took_ms = None if at is None or before is None else max(0, round((at - before) * 1000))
        yield {"name": name, "label": label, "at": at, "took_ms": took_ms}
        before = at or before


def _took_ms(seen: Seen) -> int | None:
    if "lake" not in seen.at:
        return None
    return max(0, round((seen.at["lake"] - min(seen.at.values())) * 1000))
