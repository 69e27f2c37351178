"""Say at the end what was written where, and what a failure has left behind: nothing may vanish silently."""

import os
from pathlib import Path

from local.up.keep import Keep
from local.up.last_requests import LastRequests


def counted(requests: LastRequests) -> str:
    """How many requests became what: `3 requests: 2 row, 1 reject`."""
    totals = requests.totals()
    return f"{sum(totals.values())} requests: " + ", ".join(
        f"{number} {name}" for name, number in totals.items() if number or name == "row"
    )


def left_behind(keep: Keep, requests: LastRequests) -> str:
    """What a failure has left undelivered, and how to deliver it."""
    waiting = keep.journal.waiting()
    lost = max(0, requests.outstanding() - waiting)
    kept = f"; {waiting} lines wait in {relative(keep.folder)}: --keep {relative(keep.folder)} delivers them" if waiting else ""
    return kept + (f"; {lost} answered requests could not be kept" if lost else "")


def relative(path: Path) -> str:
    """A path as short as it can be typed from here."""
    return min(os.path.relpath(path), str(path.absolute()), key=len)
