"""Tell what became of one request: in a line of the list, or in full with its way, the time of each hop, and its sections."""

from collections.abc import Iterator
from typing import Any, Final

from footfall.reasons import PROCESSING_FAILED, REASONS
from local.up.passage import DELIVERED, REJECTED, UNCERTAIN, WAITING
from local.up.section import Known
from local.up.sections import sections_of
from local.up.seen import BRANCH, HOPS, Seen

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
        "delivery": _worst_verdict(seen),
        "version": seen.version,
    }


def detail(known: Known) -> dict[str, Any]:
    """Everything about one request; all values are texts that a client sent, or that were made of them."""
    seen = known.seen
    return {
        **summary(seen),
        "why": [_why(code) for code in _reasons_of(seen)],
        "hops": list(_hops(seen)),
        "branch": list(_branch(seen)),
        "delivered_ms": _delivered_ms(seen),
        "sections": sections_of(known),
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


def _branch(seen: Seen) -> Iterator[dict[str, Any]]:
    """The way to the destinations, beside the one to the lake: it begins in the stream as well."""
    before = seen.at.get("stream")
    for name in BRANCH if seen.message else ():
        at = seen.at.get(name)
        took_ms = None if at is None or before is None else max(0, round((at - before) * 1000))
        yield {"name": name, "label": _branch_label(name, _worst_verdict(seen)), "at": at, "took_ms": took_ms}
        before = at


def _branch_label(name: str, verdict: str) -> str:
    return "In the queue" if name == "queue" else "Delivered" if verdict in (DELIVERED, WAITING) else "Set aside"


def _worst_verdict(seen: Seen) -> str:
    """Of all its deliveries; empty while there is none."""
    verdicts = {delivery.verdict for delivery in seen.deliveries.values()}
    return next((verdict for verdict in (WAITING, REJECTED, UNCERTAIN, DELIVERED) if verdict in verdicts), "")


def _label(hop: str, outcome: str) -> str:
    """A refusal is the last of a request; a suppressed line is settled where others are stored."""
    return _INSTEAD.get((hop, outcome), _HOP_NAMES[hop])


def _delivered_ms(seen: Seen) -> int | None:
    """From the answer to the first verdict of a destination."""
    if "destination" not in seen.at or "edge" not in seen.at:
        return None
    return max(0, round((seen.at["destination"] - seen.at["edge"]) * 1000))


def _took_ms(seen: Seen) -> int | None:
    if "lake" not in seen.at:
        return None
    return max(0, round((seen.at["lake"] - min(seen.at.values())) * 1000))
