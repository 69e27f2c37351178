"""What a Matomo request reports, and the forms of its visitor id and custom time."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

VISITOR_ID: Final = re.compile(r"[0-9a-fA-F]{16}")
_EPOCH: Final = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?")
_SECONDS: Final = re.compile(r"-?[0-9]{1,9}")
_EARLIEST_YEAR: Final = 2000
_EARLIEST_MS: Final = 946_684_800_000  # 2000-01-01

_BY_PARAMETER: Final = (
    ("e_c", "event"),
    ("search", "site_search"),
    ("link", "outlink"),
    ("download", "download"),
    ("c_i", "content_interaction"),
    ("c_n", "content_impression"),
)


def action_of(parameters: Mapping[str, str]) -> str:
    """Name what the request reports, in the order in which Matomo's request processors decide.

    >>> action_of({"e_c": "Video", "e_a": "Play"}), action_of({"idgoal": "0", "ec_id": "T-1"}), action_of({"url": "/"})
    ('event', 'order', 'page_view')
    """
    if parameters.get("ping", "0") not in ("", "0"):
        return "ping"
    goal = parameters.get("idgoal", "")
    if goal == "0":
        return "order" if parameters.get("ec_id") else "cart"
    if goal not in ("", "-1"):
        return "goal"
    for name, action in _BY_PARAMETER:
        if parameters.get(name):
            return action
    if parameters.get("ca") == "1":
        return "custom"
    return "product_view" if parameters.get("_pks") or parameters.get("_pkn") else "page_view"


def visitor_id_of(parameters: Mapping[str, str]) -> str | None:
    """The client's visitor id: `cid` when it is exactly 16 hex digits, else the first 16 of `_id`, lower-case.

    >>> visitor_id_of({"_id": "AF344A398DF83874ff"}), visitor_id_of({"cid": "zz"})
    ('af344a398df83874', None)
    """
    forced = parameters.get("cid", "")
    own = parameters.get("_id", "")[:16]
    for candidate in (forced, own):
        if candidate and VISITOR_ID.fullmatch(candidate):
            return candidate.lower()
    return None


def custom_time_ms(parameters: Mapping[str, str], received_ms: int) -> int | None:
    """The time an authenticated tracker gives: `cdt` (Unix seconds, or `YYYY-MM-DD HH:MM:SS` and ISO 8601 in UTC) less `cdo` seconds.

    Returns Unix milliseconds, or None when there is none, or it is unreadable, in the future or before 2000.
    """
    given, offset = parameters.get("cdt", ""), parameters.get("cdo", "")
    if not given and not offset:
        return None
    moment_ms = _read_time_ms(given) if given else received_ms
    if moment_ms is None:
        return None
    if offset:
        if not _SECONDS.fullmatch(offset):
            return None
        moment_ms -= abs(int(offset)) * 1000
    return moment_ms if _EARLIEST_MS <= moment_ms <= received_ms else None


def _read_time_ms(text: str) -> int | None:
    if _EPOCH.fullmatch(text):
        return int(text.partition(".")[0]) * 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000 if moment.year >= _EARLIEST_YEAR else None


def local_time_of(parameters: Mapping[str, str]) -> str | None:
    """The visitor's local time from `h`, `m`, `s`, as HH:MM:SS; None when incomplete or out of range.

    >>> local_time_of({"h": "9", "m": "5", "s": "0"})
    '09:05:00'
    """
    hour = _PADDED.get(parameters.get("h", ""), "99")
    minute, second = _PADDED.get(parameters.get("m", "")), _PADDED.get(parameters.get("s", ""))
    return f"{hour}:{minute}:{second}" if hour < "24" and minute and second else None


_PADDED: Final = {text: f"{number:02}" for number in range(60) for text in (f"{number}", f"{number:02}")}
