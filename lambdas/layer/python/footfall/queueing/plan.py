"""What is to be delivered where: messages to tasks, one for each hit and destination, grouped by the visitor shard they stand in. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from footfall.configuration import Configuration
from footfall.errors import RejectedError
from footfall.hits.sites import SiteRegistry, Unresolved
from footfall.queueing.incoming import read_message
from footfall.queueing.ledger import Entry, entry_of
from footfall.queueing.message import Message, QueuedHit
from footfall.queueing.pack import shard_of
from footfall.queueing.policy import Policy
from footfall.queueing.ports import Received

NOWHERE: Final = "none"
"""Stands for the destination of a hit that is routed to none, so that it is accounted for like any other."""


class ReadMessage(NamedTuple):
    """A received message and what it holds; `problem` says why it cannot be read."""

    received: Received
    message: Message
    problem: str = ""


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


_TO_NOWHERE: Final = (Route(NOWHERE, ""),)


def read_received(received: Received, is_accepted: Callable[[str], bool], *, trusts_all: bool, policy: Policy) -> ReadMessage:
    """Read a message, with whose trust as `read_message` says; one that is in no known form has no hits and a problem."""
    try:
        message = read_message(received.body, sent_ms=received.sent_ms, is_accepted=is_accepted, trusts_all=trusts_all, policy=policy)
    except RejectedError as unreadable:
        return ReadMessage(received, Message((), 1, None), str(unreadable))
    return ReadMessage(received, message)


class Router:
    """Finds a hit's site and the destinations it is routed to."""

    def __init__(self, configuration: Configuration) -> None:
        self._sites = SiteRegistry(configuration.sites)
        self._routes = {site.key: tuple(Route(*pair) for pair in site.deliver) for site in configuration.sites.registered}
        self._shards = configuration.queue.visitor_shards

    def tasks(self, messages: Iterable[ReadMessage]) -> dict[Group, list[Task]]:
        """All there is to deliver, by group."""
        groups: dict[tuple[str, tuple[int, int]], list[Task]] = defaultdict(list)
        for read in messages:
            attempt, first_ms = read.received.receive_count, read.received.first_received_ms
            for hit in read.message.hits:
                shard = read.message.shard or (shard_of(hit, self._shards), self._shards)
                key, routes = self._routes_of(hit)
                id_, received_ms = hit.delivery_id, hit.received_ms
                entry, order = entry_of(id_, received_ms), (hit.event_ms, received_ms, id_)
                for destination, site in routes:
                    groups[destination, shard].append(Task(id_, order, hit, entry, site, key, attempt, first_ms))
        return {Group(*group): tasks for group, tasks in groups.items()}

    def site_key_of(self, hit: QueuedHit) -> str:
        """The hit's site as the configuration calls it, "" when unknown."""
        return self._routes_of(hit)[0]

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
        referrer = urlsplit(hit.referer).hostname if hit.referer.startswith("http") else None
        site = self._sites.resolve("matomo", hit.parameters, hit.host, referrer)
        return "" if isinstance(site, Unresolved) else site


def not_settled_s(read: ReadMessage, *, settle_s: int, now_ms: int) -> int:
    """Seconds until the youngest hit of a message has settled: later ones of the same visitor may still arrive before it."""
    youngest_ms = max((hit.received_ms for hit in read.message.hits), default=0)
    left_ms = min(youngest_ms + 1000 * settle_s - now_ms, 1000 * settle_s)
    return -(-left_ms // 1000) if left_ms > 0 else 0
