"""Tell what became of one request: in a line of the list, or in full with its way, the time of each hop, and its sections."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from footfall.reasons import PROCESSING_FAILED, REASONS
from local.up.sections import Known, sections_of
from local.up.seen import HOPS, Seen

_SHOWN_IN_LIST: Final = ("action", "agent_class", "agent_name", "title", "path", "method", "campaign_name", "event_action")
_HOP_NAMES: Final = {"edge": "Edge answered", "stream": "In the stream", "transform": "Transformed", "lake": "In the lake"}
_INSTEAD: Final = {("lake", "suppressed"): "Settled, nothing stored", ("edge", "refused"): "Edge refused", ("lake", "failed"): "Set aside"}


def summary(seen: Seen) -> dict[str, Any]:
    """One line of the list: what became of a request, in words of the glossary and of reasons."""
    return {
        "id": seen.request_id,
        "asked": seen.asked,
        "outcome": seen.outcome,
        "reasons": list(seen.reasons),
        "at": min(seen.at.values(), default=0.0),
        "took_ms": _took_ms(seen),
        "copies": seen.copies,
        "is_replayed": seen.is_replayed,
        "is_restored": seen.is_restored,
        "row": {name: str(seen.row[name])[:200] for name in _SHOWN_IN_LIST if name in seen.row},
        "version": seen.version,
    }


def detail(seen: Seen, fields: Sequence[str], lake: Path) -> dict[str, Any]:
    """Everything about one request; all values are texts that a client sent, or that were made of them."""
    return {
        **summary(seen),
        "why": [_why(code) for code in _reasons_of(seen)],
        "hops": list(_hops(seen)),
        "sections": sections_of(Known(seen=seen, fields=fields, lake=lake)),
    }


def _reasons_of(seen: Seen) -> tuple[str, ...]:
    return (PROCESSING_FAILED.code,) if seen.outcome == "failed" else seen.reasons


def _why(code: str) -> dict[str, str]:
    reason = REASONS.get(code)
    return {"code": code, "meaning": reason.meaning if reason else "", "remedy": reason.remedy if reason else ""}


def _hops(seen: Seen) -> Iterator[dict[str, Any]]:
    """Each hop with the milliseconds since the one before; what a request will not reach, or has outlived, is left out."""
    before = None
    for name in HOPS:
        at = seen.at.get(name)
        if at is not None or seen.outcome == "waiting":
            took_ms = None if at is None or before is None else max(0, round((at - before) * 1000))
            yield {"name": name, "label": _label(name, seen.outcome), "at": at, "took_ms": took_ms}
        before = at or before


def _label(hop: str, outcome: str) -> str:
    """A refusal is the last of a request; a suppressed line is settled where others are stored."""
    return _INSTEAD.get((hop, outcome), _HOP_NAMES[hop])


def _took_ms(seen: Seen) -> int | None:
    if "lake" not in seen.at:
        return None
    return max(0, round((seen.at["lake"] - min(seen.at.values())) * 1000))
