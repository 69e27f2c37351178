"""Say what a stand-in Matomo keeps of a hit: the action, its visit and its visitor."""

from collections.abc import Mapping
from datetime import UTC, datetime

from local.matomo.parameters import read_object
from local.matomo.state import Changes, StoredHit


def stored_of(entry: Mapping[str, str], changes: Changes) -> dict[str, str]:
    """What the stand-in has stored of this entry, by the names a person reads; empty when it keeps nothing of it."""
    sent = read_object(entry)
    hit = next((hit for hit in changes.hits if hit.parameters == sent), None)
    return {} if hit is None else _shown(hit, changes)


def _shown(hit: StoredHit, changes: Changes) -> dict[str, str]:
    visit = changes.visits.get(hit.visit) or changes.state.visits[hit.visit]
    before = [one for one in changes.state.hits[hit.site] if one.visit == hit.visit]
    shown = {
        "visitor": hit.visitor_id,
        "visit": f"{hit.visit}, of {len(before)} action{'' if len(before) == 1 else 's'}",
        "visit_began": _time(visit.first_s),
        "action": hit.kind,
        "title": hit.action,
        "url": hit.url or "",
        "time": _time(hit.server_time_s),
        "site": str(hit.site),
        "ip": hit.ip,
        "user_agent": hit.user_agent,
    }
    return {name: value for name, value in shown.items() if value}


def _time(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S}"
