"""When a hit happened, by Matomo's rules for cdt and cdo: what it cannot use is silently now."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

DAY_S: Final = 86_400
OLDEST_S: Final = 20 * 365 * DAY_S
"""Older than this is silently now (core/Tracker/Request.php, isTimestampValid, of 5.1.2)."""

_NUMBER: Final = re.compile(r"\s*[-+]?[0-9]+(\.[0-9]+)?")


def custom_time_s(parameters: Mapping[str, str], now_s: int) -> int | None:
    """Give the time a hit claims for itself, in epoch seconds; None where it claims none that counts (t40, t41).

    >>> custom_time_s({"cdt": "2026-11-10T01:02:03+02:00"}, 1_795_000_000), custom_time_s({"cdt": "1795000001"}, 1_795_000_000)
    (1794265323, None)
    """
    cdt, cdo = parameters.get("cdt", ""), parameters.get("cdo", "")
    claimed = str(now_s) if cdt in {"", "0"} and cdo else cdt
    if claimed in {"", "0"}:
        return None
    at_s = _read_time(claimed)
    if at_s is None:
        return None
    if _NUMBER.fullmatch(cdo):
        at_s -= abs(float(cdo))
    return int(at_s) if now_s - OLDEST_S < at_s <= now_s else None


def _read_time(text: str) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
