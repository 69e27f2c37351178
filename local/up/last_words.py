"""Say what was brought back, what was written where, and what is left undelivered: nothing may vanish silently."""

import os
from pathlib import Path

from local.up.parts import Parts


def brought_back(parts: Parts) -> str:
    """What an earlier process left: `brought back: 2 objects, 1 line and 3 messages that were not delivered`; nothing if it did not."""
    lines, messages = len(parts.keep.journal.left), parts.messages.left
    if not (parts.keep.restored or lines or messages):
        return ""
    return f"brought back: {plural(parts.keep.restored, 'object')}, {plural(lines, 'line')} and {plural(messages, 'message')} not delivered"


def stopped(parts: Parts, *, is_kept: bool) -> str:
    """What was written where: `stopped: 7 rows and 3 rejects are Parquet in kept/lake; 1 suppressed, 1 refused`."""
    number = parts.requests.finished()
    others = ", ".join(f"{number[name]} {name}" for name in ("suppressed", "refused", "failed") if number[name])
    until = "" if is_kept else " (the next start clears it; --keep DIR does not)"
    stored = f"{plural(number['row'], 'row')} and {plural(number['reject'], 'reject')}"
    return (
        f"stopped: {stored} are Parquet in {relative(parts.keep.lake)}{until}"
        + f"; {others}" * bool(others)
        + _undelivered(parts, is_kept=is_kept)
    )


def left_behind(parts: Parts) -> str:
    """What a failure has left undelivered, and how to deliver it."""
    keep = parts.keep
    waiting = keep.journal.waiting()
    lost = max(0, parts.requests.outstanding() - waiting)
    kept = f"; {waiting} lines wait in {relative(keep.folder)}: --keep {relative(keep.folder)} delivers them" if waiting else ""
    return kept + (f"; {lost} answered requests could not be kept" if lost else "") + _undelivered(parts, is_kept=True)


def _undelivered(parts: Parts, *, is_kept: bool) -> str:
    """What waits for a destination: `; not delivered: 2 hits for matomo, which --keep kept delivers`."""
    waiting = ", ".join(f"{plural(number, 'hit')} for {name}" for name, number in sorted(parts.deliveries.waiting_for().items()))
    how = f", which --keep {relative(parts.keep.folder)} delivers" if is_kept else ", and the next start clears them"
    return f"; not delivered: {waiting}{how}" if waiting else ""


def plural(number: int, name: str) -> str:
    """A number with what it counts: `1 row`, `2 rows`."""
    return f"{number} {name}{'' if number == 1 else 's'}"


def relative(path: Path) -> str:
    """A path as short as it can be typed from here."""
    return min(os.path.relpath(path), str(path.absolute()), key=len)
