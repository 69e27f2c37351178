"""A small world for the drain: a queue, a delivery table, a Matomo and a clock, each with a seam where a run can be ended."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from footfall.configuration import Configuration, Destination, Queue, Site, Sites
from footfall.destinations.matomo import Matomo
from footfall.errors import StoppedError
from footfall.queueing.circuit import Circuit
from footfall.queueing.dead_letters import DeadLetter, read_letter
from footfall.queueing.message import QueuedHit, write_message
from footfall.queueing.pack import shard_of
from footfall.queueing.ports import LeaseState, Received
from footfall.queueing.process import Drain, process
from footfall.queueing.tally import Tally
from footfall.transport import FakeTransport, NoAnswerError, NotSentError, Posted, Response
from tests.builders import NOW_MS

TOKEN = "t" * 32
VISIBILITY_S = 300


class KilledError(BaseException):
    """Stands for the end of the process: nothing may catch it."""


@dataclass
class Fault:
    """Ends the run at a point, the `turn`th time it is reached; from then on nothing that the run calls happens any more."""

    point: str = ""
    turn: int = 1
    killed_at: str = ""
    reached: Counter[str] = field(default_factory=Counter)

    def __call__(self, point: str) -> None:
        if self.killed_at:
            raise KilledError(self.killed_at)
        self.reached[point] += 1
        if point == self.point and self.reached[point] == self.turn:
            self.killed_at = point
            raise KilledError(point)


CALLS = {
    "queue": ("receive", "delete", "hide"),
    "table": ("take_lease", "renew_lease", "release_lease", "read_slots", "add_marks", "read_circuit", "write_circuit"),
    "dead letters": ("send",),
    "matomo": ("post",),
}
POINTS = tuple(f"{when} {port} {method}" for port, methods in CALLS.items() for method in methods for when in ("before", "after"))
"""Before and after every outside call."""


class Clock:
    """Unix milliseconds that pass when told to."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms

    def sleep(self, seconds: float) -> None:
        self.now_ms += int(1000 * seconds)


@dataclass
class Stored:
    """A message in the fake queue."""

    body: str
    group: str
    sent_ms: int
    number: int
    visible_ms: int = 0
    first_ms: int = 0
    count: int = 0
    receipts: list[str] = field(default_factory=list)


class FakeQueue:
    """SQS as far as the drain sees it: at least once, unordered unless FIFO, hidden while in flight."""

    def __init__(self, clock: Clock, *, fifo: bool = False, rng: random.Random | None = None) -> None:
        self.clock = clock
        self.fifo = fifo
        self.rng = rng
        self.messages: list[Stored] = []
        self.sent = 0
        self.deleted = 0

    def put(self, body: bytes | str, group: str = "0") -> None:
        text = body if isinstance(body, str) else body.decode()
        self.messages.append(Stored(text, group, self.clock(), self.sent))
        self.sent += 1

    def receive(self, limit: int) -> Sequence[Received]:
        return [self._take(message) for message in self._visible()[:limit]]

    def _visible(self) -> list[Stored]:
        now_ms = self.clock()
        visible = [message for message in self.messages if message.visible_ms <= now_ms]
        if self.fifo:
            busy = {message.group for message in self.messages if message.visible_ms > now_ms}
            return [message for message in visible if message.group not in busy]
        if self.rng:
            self.rng.shuffle(visible)
        return visible

    def _take(self, message: Stored) -> Received:
        now_ms = self.clock()
        message.count += 1
        message.first_ms = message.first_ms or now_ms
        message.visible_ms = now_ms + 1000 * VISIBILITY_S
        receipt = f"{message.number}/{message.count}"
        message.receipts.append(receipt)
        return Received(receipt, message.body, message.sent_ms, message.first_ms, message.count)

    def delete(self, receipts: Sequence[str]) -> int:
        before = len(self.messages)
        self.messages = [message for message in self.messages if not set(message.receipts) & set(receipts)]
        self.deleted += before - len(self.messages)
        return 0

    def hide(self, seconds: Mapping[str, int]) -> int:
        for message in self.messages:
            if message.receipts and message.receipts[-1] in seconds:
                message.visible_ms = self.clock() + 1000 * seconds[message.receipts[-1]]
        return 0

    def redeliver(self) -> None:
        """Show everything again, as after the visibility timeout, or because a standard queue may."""
        for message in self.messages:
            message.visible_ms = 0


class FakeTable:
    """The delivery table in memory."""

    def __init__(self) -> None:
        self.leases: dict[str, dict[str, Any]] = {}
        self.slots: dict[str, dict[str, set[bytes]]] = defaultdict(lambda: defaultdict(set))
        self.circuits: dict[str, Circuit] = {}

    def take_lease(self, key: str, owner: str, *, now_ms: int, until_ms: int) -> dict[int, frozenset[bytes]]:
        lease = self.leases.setdefault(key, {"owner": "", "until_ms": 0, "in_flight": {}})
        if lease["owner"] not in ("", owner) and lease["until_ms"] > now_ms:
            raise StoppedError("another run holds the lease")
        lease |= {"owner": owner, "until_ms": until_ms}
        return dict(lease["in_flight"])

    def renew_lease(self, key: str, owner: str, *, until_ms: int, in_flight: Mapping[int, Any]) -> None:
        lease = self.leases[key]
        if lease["owner"] != owner:
            raise StoppedError("another run has taken the lease")
        lease |= {"until_ms": until_ms, "in_flight": {minute: frozenset(digests) for minute, digests in in_flight.items()}}

    def release_lease(self, key: str, owner: str) -> None:
        if self.leases[key]["owner"] == owner:
            self.leases[key] = {"owner": "", "until_ms": 0, "in_flight": {}}

    def read_slots(self, keys: Sequence[str]) -> dict[str, dict[str, frozenset[bytes]]]:
        return {key: {mark: frozenset(digests) for mark, digests in self.slots[key].items()} for key in keys if key in self.slots}

    def read_leases(self, keys: Sequence[str]) -> dict[str, LeaseState]:
        held = {key: self.leases[key] for key in keys if key in self.leases and self.leases[key]["owner"]}
        return {key: LeaseState(each["owner"], each["until_ms"], sum(map(len, each["in_flight"].values()))) for key, each in held.items()}

    def add_marks(self, key: str, marks: Mapping[str, Any], *, expires_s: int) -> None:
        for mark, digests in marks.items():
            self.slots[key][mark] |= digests

    def read_circuit(self, destination: str) -> Circuit:
        return self.circuits.get(destination, Circuit())

    def write_circuit(self, destination: str, circuit: Circuit, *, expected_version: int) -> bool:
        if self.read_circuit(destination).version != expected_version:
            return False
        self.circuits[destination] = circuit
        return True


class DeadLetters:
    """The dead letters in a list."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.refused: set[int] = set()

    def send(self, bodies: Sequence[bytes]) -> set[int]:
        self.bodies += [body for position, body in enumerate(bodies) if position not in self.refused]
        return set(self.refused)

    @property
    def letters(self) -> list[DeadLetter]:
        return [read_letter(body.decode()) for body in self.bodies]

    def reasons(self) -> dict[str, str]:
        return {event_id: letter.reason for letter in self.letters for event_id in letter.event_ids}


class FaultyPort:
    """Calls a port's methods between two points of a fault."""

    def __init__(self, port: Any, name: str, fault: Callable[[str], None]) -> None:
        self._port, self._name, self._fault = port, name, fault

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._port, method)

        def between(*arguments: Any, **named: Any) -> Any:
            self._fault(f"before {self._name} {method}")
            answer = call(*arguments, **named)
            self._fault(f"after {self._name} {method}")
            return answer

        return between


class ModelMatomo:
    """Matomo as measured, as far as the drain can tell: counts, roll-back, tokens, sites, lock-out. Hits are known by `pv_id`."""

    def __init__(self, clock: Clock, *, super_user: bool = True) -> None:
        self.clock = clock
        self.super_user = super_user
        self.tokens = {TOKEN}
        self.sites = {"1", "2"}
        self.stored: Counter[str] = Counter()
        self.order: list[str] = []
        self.state = "ok"  # ok, down, hanging, paused, database_down, unavailable, disk_full
        self.loses_answers = 0  # so many answers are lost after storing
        self.requests: list[dict[str, Any]] = []
        self.refusals_ms: list[int] = []
        self.in_flight = 0

    def answer(self, posted: Posted) -> Response:
        self.clock.sleep(0.2)
        if self.state == "down":
            raise NotSentError("no connection: NewConnectionError")
        if self.state == "hanging":
            self.clock.sleep(posted.timeout_s)
            raise NoAnswerError("no answer: ReadTimeout")
        if self.state == "unavailable":
            return Response(503, {"retry-after": "120"}, b"")
        document = json.loads(posted.body)
        self.requests.append(document)
        answer = self._answer(document["requests"], document["token_auth"])
        if self.loses_answers:
            self.loses_answers -= 1
            raise NoAnswerError("no answer: ReadTimeout")
        return answer

    def _answer(self, hits: list[dict[str, str]], token: str) -> Response:
        if self.state == "paused":
            return counts(0, 0)
        known = token in self.tokens
        if self.state == "database_down" or (self._is_locked_out() and any("cip" in hit for hit in hits)):
            return Response(500, {}, b'{"status":"error","tracked":0,"invalid":0}')
        if not known:
            self.refusals_ms.append(self.clock())
        invalid = [number for number, hit in enumerate(hits) if self._is_invalid(hit, known=known)]
        valid = [hit for number, hit in enumerate(hits) if number not in invalid]
        if any(hit.get("ca") == "1" or (self.state == "disk_full" and hit["rec"] == "1") for hit in valid):
            return Response(500, {}, b'{"status":"error","tracked":1,"invalid":0}')
        for hit in valid:
            if hit["rec"] == "1":
                self.stored[hit.get("pv_id", "")] += 1
                self.order.append(hit.get("pv_id", ""))
        return counts(len(valid), len(invalid), invalid if self.super_user and known else None)

    def _is_invalid(self, hit: Mapping[str, str], *, known: bool) -> bool:
        return ("cip" in hit and not known) or hit["idsite"] not in self.sites or hit.get("idgoal") == "999"

    def _is_locked_out(self) -> bool:
        return len([then for then in self.refusals_ms if self.clock() - then < 3_600_000]) > 20


def counts(tracked: int, invalid: int, indices: Sequence[int] | None = None) -> Response:
    document = {"status": "success", "tracked": tracked, "invalid": invalid}
    document |= {} if indices is None else {"invalid_indices": list(indices)}
    return Response(200, {"content-type": "application/json"}, json.dumps(document).encode())


class FixedSecret:
    """A token that changes when it is told to."""

    def __init__(self, text: str = TOKEN) -> None:
        self.text = self.current = text

    def value(self) -> str:
        return self.text

    def refresh(self) -> bool:
        changed, self.text = self.text != self.current, self.current
        return changed


def a_hit(event_id: str, **changes: Any) -> QueuedHit:
    """A page view of the site main, an hour ago, which the model server knows by its event id."""
    parameters = {"url": "https://www.example.org/", "idsite": "1", "pv_id": event_id} | changes.pop("parameters", {})
    values = {"received_ms": NOW_MS - 3_600_000, "site": "main", "visitor_id": "a" * 16, "user_agent": "Firefox", "address": "203.0.113.0"}
    values |= changes
    received_ms = values.pop("received_ms")
    event_ms = values.pop("event_ms", received_ms)
    return QueuedHit(
        event_id=event_id, received_ms=received_ms, event_ms=event_ms, time_s=event_ms // 1000, parameters=parameters, **values
    )


def a_destination(**changes: Any) -> Destination:
    return Destination(**{"name": "matomo", "url": "https://matomo.example.org/matomo.php", "token_secret": "token"} | changes)


def a_configuration(*destinations: Destination, **queue: Any) -> Configuration:
    """Two sites: `main` is routed to every destination as 1, `shop` as 2."""
    chosen = destinations or (a_destination(),)
    sites = tuple(
        Site(key=key, ids=(number,), deliver=tuple((destination.name, number) for destination in chosen))
        for key, number in (("main", "1"), ("shop", "2"))
    )
    settings = Queue(**{"settle_s": 0, "visitor_shards": 4} | queue)
    return Configuration(sites=Sites(default="main", registered=sites), destinations=chosen, queue=settings)


class World:
    """Everything that survives a run, and a way to run once more."""

    def __init__(self, configuration: Configuration | None = None, *, rng: random.Random | None = None) -> None:
        self.configuration = configuration or a_configuration()
        self.clock = Clock()
        self.queue = FakeQueue(self.clock, fifo=self.configuration.queue.kind == "fifo", rng=rng)
        self.table = FakeTable()
        self.dead_letters = DeadLetters()
        self.secret = FixedSecret()
        self.servers = {each.name: ModelMatomo(self.clock) for each in self.configuration.destinations}
        self.enqueued: dict[str, QueuedHit] = {}
        self.runs = 0
        self.tally = Tally()

    @property
    def matomo(self) -> ModelMatomo:
        """The first destination's server."""
        return next(iter(self.servers.values()))

    def enqueue(self, *hits: QueuedHit, layout: str = "packed") -> None:
        """One message for each visitor shard, or for each hit when `compatible`."""
        shards = self.configuration.queue.visitor_shards
        by_shard: dict[int, list[QueuedHit]] = defaultdict(list)
        for hit in hits:
            self.enqueued[hit.delivery_id] = hit
            by_shard[shard_of(hit, shards)].append(hit)
        for shard, theirs in by_shard.items():
            for message in [theirs] if layout == "packed" else [[hit] for hit in theirs]:
                self.queue.put(write_message(message, layout=layout, shard=shard, shards=shards), group=str(shard))

    def drain(self, fault: Callable[[str], None] = lambda _point: None, **changes: Any) -> tuple[Drain, Any]:
        """A run's parts, each behind a fault."""
        self.runs += 1
        privacy, queue = self.configuration.privacy, self.configuration.queue
        destinations = {
            each.name: Matomo(
                each,
                ip_policy=privacy.ip,
                trusts_all=queue.trust == "all",
                transport=FaultyPort(FakeTransport(self.servers[each.name].answer), each.name, fault),
                token=self.secret,
            )
            for each in self.configuration.destinations
        }
        drain = Drain(
            configuration=self.configuration,
            destinations=destinations,
            table=FaultyPort(self.table, "table", fault),
            dead_letters=FaultyPort(self.dead_letters, "dead letters", fault),
            queue_name="tracking",
            owner=f"run-{self.runs}",
            now=self.clock,
            jitter=lambda: 0.0,
            until_ms=self.clock() + 900_000,
            visibility_s=VISIBILITY_S,
            settle_s=queue.settle_s,
            threads=1,
        )
        return replace(drain, **changes), FaultyPort(self.queue, "queue", fault)

    def run(self, fault: Callable[[str], None] = lambda _point: None, **changes: Any) -> Tally:
        """Run once; what a run counted that was not killed is added up."""
        tally = Tally()
        drain, queue = self.drain(fault, **changes)
        process(drain, queue, tally)
        self.tally.add(tally)
        return tally
