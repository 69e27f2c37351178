"""What becomes of a message after its hits were delivered or not: deleted when each is safe, else hidden for a while."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from footfall.queueing.deliver import WAITS, Fate
from footfall.queueing.message import QueuedHit
from footfall.queueing.plan import ReadMessage
from footfall.queueing.ports import InputQueue

LONGEST_S: Final = 21_600
"""Six hours; SQS allows twelve since a message was received."""
_SHORTEST_S: Final = 10
_JITTER: Final = 0.25
_AGE_SHARE: Final = 4

Fates = Mapping[tuple[str, str], Fate]
"""By (destination, delivery id)."""


def wait_s(fates: Sequence[Fate], *, age_ms: int, now_ms: int, jitter: float) -> int:
    """How long a message is hidden whose hits are not all safe.

    A quarter of its age, so that it is received some 50 times in 14 days however long a destination is down: the redrive limit
    of the queue is for messages that crash their reader. Not before the next probe of an open circuit, with jitter from 0 to 1.

    >>> wait_s([Fate(is_safe=False)], age_ms=240_000, now_ms=0, jitter=0.0)
    60
    """
    waiting = [fate for fate in fates if not fate.is_safe]
    if all(fate.is_due for fate in waiting):
        return 0
    backoff_s = max(age_ms / 1000 / _AGE_SHARE, _SHORTEST_S) * (1 + _JITTER * jitter)
    not_before_s = min(max(fate.not_before_ms, now_ms) - now_ms for fate in waiting) / 1000
    return int(min(max(backoff_s, not_before_s), LONGEST_S))


def fates_of(read: ReadMessage, fates: Fates, destinations_of: Callable[[QueuedHit], Sequence[str]]) -> list[Fate]:
    """The fate of each hit of a message for each destination."""
    return [fates.get((name, hit.delivery_id), WAITS) for hit in read.message.hits for name in destinations_of(hit)]


def settle(queue: InputQueue, safe: Sequence[str], waits: Mapping[str, int]) -> int:
    """Delete the messages that are safe and hide the others; return how many of either the queue did not confirm."""
    return (queue.delete(safe) if safe else 0) + (queue.hide(waits) if waits else 0)
