"""What is to be delivered where: messages to tasks, one for each hit and destination, grouped by the visitor shard they stand in. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from footfall import reasons
from footfall.configuration import Configuration
from footfall.errors import RejectedError
from footfall.hits.sites import SiteRegistry, Unresolved
from footfall.hits.sources import host_of
from footfall.queueing.incoming import read_message
from footfall.queueing.ledger import Entry, entry_of
from footfall.queueing.message import Message, QueuedHit
from footfall.queueing.pack import shard_of
from footfall.queueing.policy import Policy
from footfall.queueing.ports import Received

NOWHERE: Final = "none"
"""Stands for the destination of a hit that is routed to none, so that it is accounted for like any other."""


class ReadMessage(NamedTuple):
    """A received message and what it holds; `problem` says why some or all of it cannot be read, `reason` is that loss's code."""

    received: Received
    message: Message
    problem: str = ""
    reason: str = reasons.UNREADABLE.code

    def crashed(self, error: Exception) -> "ReadMessage":
        """Give up a message on which our own code failed: its hits are a loss, of which the error's type is told."""
        lost = Message((), max(self.message.unreadable + len(self.message.hits) + len(self.message.suppressed), 1), None)
        return ReadMessage(self.received, lost, type(error).__name__, reasons.CRASHED.code)


class Task(NamedTuple):
    """One hit for one destination: `site` as the destination calls it, `site_key` as the configuration does ("" when unknown).

    `order` is where it stands in its shard: by the time of the event.
    """

    id: str  # the hit's delivery id
    order: tuple[int, int, str]
    hit: QueuedHit
    entry: Entry
    site: str
    site_key: str
    attempt: int
    first_ms: int


class Group(NamedTuple):
    """What one lease covers: a destination and a visitor shard (number, of how many)."""

    destination: str
    shard: tuple[int, int]


class Route(NamedTuple):
    """A destination, and what it calls the site."""

    destination: str
    site: str


_NOTHING: Final = Message((), 0, None)
_TO_NOWHERE: Final = (Route(NOWHERE, ""),)


def read_received(received: Received, is_accepted: Callable[[str], bool], *, trusts_all: bool, policy: Policy) -> ReadMessage:
    """Read a message, with whose trust as `read_message` says; one that is in no known form has no hits and a problem."""
    try:
        message = read_message(received.body, sent_ms=received.sent_ms, is_accepted=is_accepted, trusts_all=trusts_all, policy=policy)
    except RejectedError as unreadable:
        return ReadMessage(received, Message((), 1, None), str(unreadable))
    except Exception as error:  # noqa: BLE001 - the bulkhead of a message
        return ReadMessage(received, _NOTHING).crashed(error)
    return ReadMessage(received, message)


class Routed(NamedTuple):
    """A message whose hits have their tasks, each with its group; `suppressed` are its hits that are not delivered, as (reason, site)."""

    read: ReadMessage
    tasks: tuple[tuple[Group, Task], ...]
    suppressed: tuple[tuple[str, str], ...]


class Router:
    """Finds a hit's site and the destinations it is routed to."""

    def __init__(self, configuration: Configuration) -> None:
        self._sites = SiteRegistry(configuration.sites)
        self._routes = {site.key: tuple(Route(*pair) for pair in site.deliver) for site in configuration.sites.registered}
        self._shards = configuration.queue.visitor_shards

    def route(self, read: ReadMessage) -> Routed:
        """Find what there is to deliver of a message; one on which this fails is given up, and has none."""
        try:
            suppressed = tuple((each.reason, self._routes_of(each.hit)[0]) for each in read.message.suppressed)
            return Routed(read, tuple(self._tasks(read)), suppressed)
        except Exception as error:  # noqa: BLE001 - the bulkhead of a message
            return Routed(read.crashed(error), (), ())

    def _tasks(self, read: ReadMessage) -> Iterator[tuple[Group, Task]]:
        attempt, first_ms = read.received.receive_count, read.received.first_received_ms
        for hit in read.message.hits:
            shard = read.message.shard or (shard_of(hit, self._shards), self._shards)
            key, routes = self._routes_of(hit)
            id_, received_ms = hit.delivery_id, hit.received_ms
            entry, order = entry_of(id_, received_ms), (hit.event_ms, received_ms, id_)
            for destination, site in routes:
                yield Group(destination, shard), Task(id_, order, hit, entry, site, key, attempt, first_ms)

    def sites_of(self, destination: str) -> list[str]:
        """What a destination calls the sites that are routed to it."""
        return [route.site for routes in self._routes.values() for route in routes if route.destination == destination]

    def _routes_of(self, hit: QueuedHit) -> tuple[str, tuple[Route, ...]]:
        key = hit.site if hit.site in self._routes else self._site_of(hit)
        routes = self._routes.get(key, ())
        if hit.only:
            routes = tuple(route for route in routes if route.destination in hit.only)
        return key, routes or _TO_NOWHERE

    def _site_of(self, hit: QueuedHit) -> str:
        referrer = host_of(hit.referer) if hit.referer.startswith("http") else None
        site = self._sites.resolve("matomo", hit.parameters, hit.host, referrer)
        return "" if isinstance(site, Unresolved) else site


def by_group(routed: Iterable[Routed]) -> dict[Group, list[Task]]:
    """All there is to deliver, by group."""
    groups: dict[Group, list[Task]] = defaultdict(list)
    for each in routed:
        for group, task in each.tasks:
            groups[group].append(task)
    return groups


def not_settled_s(read: ReadMessage, *, settle_s: int, now_ms: int) -> int:
    """Seconds until the youngest hit of a message has settled: later ones of the same visitor may still arrive before it."""
    youngest_ms = max((hit.received_ms for hit in read.message.hits), default=0)
    left_ms = min(youngest_ms + 1000 * settle_s - now_ms, 1000 * settle_s)
    return -(-left_ms // 1000) if left_ms > 0 else 0
