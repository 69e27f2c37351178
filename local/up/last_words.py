"""Say at the end what was written where, and what a failure has left behind: nothing may vanish silently."""

import os
from pathlib import Path

from local.up.deliveries import Deliveries
from local.up.keep import Keep
from local.up.last_requests import LastRequests


def stopped(requests: LastRequests, lake: Path, *, is_kept: bool) -> str:
    """What was written where: `stopped: 7 rows and 3 rejects are Parquet in kept/lake; 1 suppressed, 1 refused`."""
    number = requests.finished()
    others = ", ".join(f"{number[name]} {name}" for name in ("suppressed", "refused", "failed") if number[name])
    until = "" if is_kept else " (the next start clears it; --keep DIR does not)"
    return (
        f"stopped: {_plural(number['row'], 'row')} and {_plural(number['reject'], 'reject')} are Parquet in {relative(lake)}{until}"
        + f"; {others}" * bool(others)
    )


def undelivered(deliveries: Deliveries) -> str:
    """What still waits for a destination: `; 2 hits wait for matomo`; nothing when all was delivered or set aside."""
    waiting = ", ".join(f"{_plural(number, 'hit')} for {name}" for name, number in sorted(deliveries.waiting_for().items()))
    return f"; not delivered: {waiting}" if waiting else ""


def _plural(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def left_behind(keep: Keep, requests: LastRequests) -> str:
    """What a failure has left undelivered, and how to deliver it."""
    waiting = keep.journal.waiting()
    lost = max(0, requests.outstanding() - waiting)
    kept = f"; {waiting} lines wait in {relative(keep.folder)}: --keep {relative(keep.folder)} delivers them" if waiting else ""
    return kept + (f"; {lost} answered requests could not be kept" if lost else "")


def relative(path: Path) -> str:
    """A path as short as it can be typed from here."""
    return min(os.path.relpath(path), str(path.absolute()), key=len)
