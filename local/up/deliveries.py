"""Follow each hit from the tracking queue to its destinations: by what the functions say to SQS, and what the destination answers."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from footfall import reasons
from footfall.configuration import Configuration
from local.matomo.exchange import Answer, Request
from local.matomo.state import Changes
from local.up.bulk_entries import entries_of, pair
from local.up.kept_queue import KeptQueue
from local.up.last_requests import LastRequests
from local.up.passage import DELIVERED, REJECTED, UNCERTAIN, WAITING, Delivery, Message, messages_of
from local.up.seen import Seen
from local.up.visit import stored_of


@dataclass(slots=True, kw_only=True)
class _Hit:
    """A hit whose message is not deleted yet."""

    message: Message
    deliveries: dict[str, Delivery] = field(default_factory=dict)


class Deliveries:
    """Tells the requests what becomes of their hits. A `Listener` of the queue; `arrived` is set when there is something to drain.

    A hit's verdict is what its dead letter says; with none, it is delivered when its message is deleted, which the drain does only
    when everything in it is safe. Any thread may call anything.
    """

    def __init__(
        self, configuration: Configuration, requests: LastRequests, kept: KeptQueue, clock: Callable[[], float] = time.time
    ) -> None:
        self._routes = {site.key: dict(site.deliver) for site in configuration.sites.registered}
        self._requests, self._kept, self._clock = requests, kept, clock
        self._waiting: dict[str, _Hit] = {}
        self._lock = threading.RLock()
        self.arrived = threading.Event()
        self.arrived.set()  # so that the first run is nobody's: it starts the function

    def sent(self, message_id: str, body: str) -> None:
        """A message of hits, or a dead letter, is in its queue."""
        document = json.loads(body)
        if "footfall_dead_letter" in document:
            self._park(document)
            return
        with self._lock:
            self._kept.write(message_id, body)
            for message in messages_of(message_id, document):
                routes = self._routes.get(message.own.get("site", ""), {})
                before = self._waiting.get(message.event_id)
                new = {name: Delivery(destination=name) for name in routes}
                hit = _Hit(message=message, deliveries=before.deliveries if before else new)
                self._waiting[message.event_id] = hit
                self._tell(hit, queue=self._clock())
        self.arrived.set()

    def deleted(self, message_id: str) -> None:
        """Everything in a message is safe."""
        with self._lock:
            for hit in [hit for hit in self._waiting.values() if hit.message.id == message_id]:
                for delivery in hit.deliveries.values():
                    if delivery.verdict == WAITING:
                        self._note(hit, replace(delivery, verdict=DELIVERED, detail="", at=self._clock()))
                del self._waiting[hit.message.event_id]
            self._kept.remove(message_id)

    def answered(self, destination: str, request: Request, reply: Answer, changes: Changes) -> None:
        """A destination has answered, and keeps what has changed."""
        entries = entries_of(request)
        with self._lock:
            hits = [hit for hit in self._waiting.values() if destination in hit.deliveries]
            waiting = [(hit.message, self._routes[hit.message.own["site"]][destination]) for hit in hits]
            for position, message in pair(entries, waiting):
                hit = self._waiting[message.event_id]
                delivery = replace(
                    hit.deliveries[destination],
                    entry=entries[position],
                    position=position,
                    size=len(entries),
                    attempts=hit.deliveries[destination].attempts + 1,
                    status=reply.status,
                    answer=reply.body.decode("utf-8", "replace"),
                    stored=stored_of(entries[position], changes),
                )
                self._note(hit, delivery)

    def ran(self, totals: Mapping[str, Any]) -> None:
        """The drain has run: what is not safe now waits for another run."""
        why_open = dict(each.split(": ", 1) for each in totals["circuits_open"].split(", ") if each)
        with self._lock:
            for hit in self._waiting.values():
                for delivery in hit.deliveries.values():
                    reason = why_open.get(delivery.destination)
                    why = f"the circuit is open: {reason}" if reason else "nothing was stored; it is sent again"
                    if delivery.verdict == WAITING and delivery.detail != why:
                        self._note(hit, replace(delivery, detail=why))

    def waiting(self) -> int:
        """Hits whose message is not deleted."""
        with self._lock:
            return len(self._waiting)

    def waiting_for(self) -> Counter[str]:
        """How many hits wait for each destination."""
        with self._lock:
            deliveries = (delivery for hit in self._waiting.values() for delivery in hit.deliveries.values())
            return Counter(delivery.destination for delivery in deliveries if delivery.verdict == WAITING)

    def _park(self, letter: Mapping[str, Any]) -> None:
        verdict = UNCERTAIN if letter["reason"] == reasons.UNCERTAIN.code else REJECTED
        with self._lock:
            for event_id in letter["event_ids"]:
                hit = self._waiting.get(event_id)
                if hit is not None and letter["destination"] in hit.deliveries:
                    delivery = hit.deliveries[letter["destination"]]
                    self._note(hit, replace(delivery, verdict=verdict, reason=letter["reason"], detail=letter["detail"], at=self._clock()))

    def _note(self, hit: _Hit, delivery: Delivery) -> None:
        hit.deliveries[delivery.destination] = delivery
        if delivery.verdict == WAITING:
            self._tell(hit)
        else:
            self._tell(hit, destination=delivery.at)

    def _tell(self, hit: _Hit, **at: float) -> None:
        def change(seen: Seen) -> None:
            seen.message = hit.message
            known = seen.deliveries
            seen.deliveries = {name: known[name] if _says_less(new, known.get(name)) else new for name, new in hit.deliveries.items()}
            for hop, at_s in at.items():
                seen.at.setdefault(hop, at_s)

        self._requests.update(hit.message.event_id, change)


def _says_less(new: Delivery, known: Delivery | None) -> bool:
    """Whether a hit that is queued twice was delivered before, so that its copy is not sent at all."""
    return known is not None and known.verdict == DELIVERED and not new.entry
