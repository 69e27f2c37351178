"""Hits on their way in one request: how they are cut into bulks, and what the ledger is told of each verdict. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from footfall.destinations.delivery import Kind, Prepared, Verdict
from footfall.queueing.ledger import DELIVERED, UNCERTAIN, UNCERTAIN_AGAIN, Entry
from footfall.queueing.plan import Task

MOST_BULK_BYTES: Final = 4_000_000
"""PHP's `post_max_size` is 8 MB by default."""


class Item(NamedTuple):
    """A task that is to be sent."""

    task: Task
    prepared: Prepared


class Bulk(NamedTuple):
    """Items that are sent at once; `is_part` when they are half of a bulk that failed."""

    items: Sequence[Item]
    is_part: bool = False


def marks_of(judged: Iterable[tuple[Item, Verdict]]) -> Iterable[tuple[Entry, str]]:
    """What the ledger is told of each: nothing of those that were not stored and may be tried again."""
    for item, verdict in judged:
        if verdict.kind is Kind.DELIVERED:
            yield item.task.entry, DELIVERED
        elif verdict.kind is Kind.UNCERTAIN:
            yield item.task.entry, UNCERTAIN_AGAIN if item.prepared.was_sent else UNCERTAIN
        elif verdict.kind is Kind.REJECTED:
            yield item.task.entry, verdict.reason


def cut_bulks(items: Sequence[Item], most_hits: int) -> Iterable[Bulk]:
    """Cut items, in order, into bulks of so many hits and bytes."""
    bulk: list[Item] = []
    size = 0
    for item in items:
        if bulk and (len(bulk) >= most_hits or size + len(item.prepared.request) > MOST_BULK_BYTES):
            yield Bulk(bulk)
            bulk, size = [], 0
        bulk.append(item)
        size += len(item.prepared.request) + 1
    if bulk:
        yield Bulk(bulk)


def halves(bulk: Bulk) -> list[Bulk]:
    """The two halves of a bulk that failed, the older hits first."""
    middle = len(bulk.items) // 2
    return [Bulk(bulk.items[:middle], is_part=True), Bulk(bulk.items[middle:], is_part=True)]
