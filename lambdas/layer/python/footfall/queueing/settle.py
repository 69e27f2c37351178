"""What becomes of a message after its hits were delivered or not: deleted when each is safe, else hidden for a while."""

from collections.abc import Mapping, Sequence
from typing import Final

from footfall.queueing.deliver import Fate
from footfall.queueing.plan import ReadMessage
from footfall.queueing.ports import InputQueue

LONGEST_S: Final = 21_600
"""Six hours; SQS allows twelve since a message was received."""
_SHORTEST_S: Final = 10
_JITTER: Final = 0.25
_AGE_SHARE: Final = 4

Waiting = Mapping[str, Sequence[Fate]]
"""Fates of the hits that are not safe for some destination, by delivery id."""


def wait_s(waiting: Sequence[Fate], *, age_ms: int, now_ms: int, jitter: float) -> int:
    """How long a message is hidden whose hits are not all safe.

    A quarter of its age, so that it is received some 50 times in 14 days however long a destination is down: the redrive limit
    of the queue is for messages that crash their reader. Not before the next probe of an open circuit, with jitter from 0 to 1.

    >>> wait_s([Fate()], age_ms=240_000, now_ms=0, jitter=0.0)
    60
    """
    if all(fate.is_due for fate in waiting):
        return 0
    backoff_s = max(age_ms / 1000 / _AGE_SHARE, _SHORTEST_S) * (1 + _JITTER * jitter)
    not_before_s = min(max(fate.not_before_ms, now_ms) - now_ms for fate in waiting) / 1000
    return int(min(max(backoff_s, not_before_s), LONGEST_S))


def waiting_in(read: ReadMessage, waiting: Waiting) -> list[Fate]:
    """The fates of those hits of a message that are not safe; none means that it may be deleted."""
    return [fate for hit in read.message.hits for fate in waiting.get(hit.delivery_id, ())] if waiting else []


def settle(queue: InputQueue, safe: Sequence[str], waits: Mapping[str, int]) -> int:
    """Delete the messages that are safe and hide the others; return how many of either the queue did not confirm."""
    return (queue.delete(safe) if safe else 0) + (queue.hide(waits) if waits else 0)
