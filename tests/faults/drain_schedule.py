"""Seeded schedules for the drain: what is enqueued, what breaks when, and what must be true at the end."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from footfall.queueing.incoming import read_message
from footfall.queueing.ledger import UNCERTAIN, entry_of
from footfall.queueing.message import QueuedHit, write_message
from footfall.queueing.pack import shard_of
from tests.builders import NOW_MS
from tests.drain_world import POINTS, Fault, KilledError, World, a_configuration, a_destination, a_hit

CHAOS_RUNS: Final = 6
LAST_RUNS: Final = 60
_SEVEN_HOURS_S: Final = 25_200
STATES: Final = ("ok", "ok", "ok", "ok", "down", "hanging", "paused", "database_down", "unavailable", "wrong_token")


@dataclass
class Account:
    """What became of the hits of one or many schedules, for each destination they were for."""

    enqueued: int = 0
    stored: int = 0
    dead_letters: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)  # where policy does not allow it, or nothing counts it
    resent: int = 0  # stored twice, as the policy allows, and counted as uncertain before
    misjudged: list[str] = field(default_factory=list)  # a good hit parked for a fault that it does not have, or the other way round
    killed: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Account") -> None:
        """Add another's."""
        self.enqueued += other.enqueued
        self.stored += other.stored
        self.dead_letters += other.dead_letters
        self.resent += other.resent
        self.lost += other.lost
        self.doubled += other.doubled
        self.misjudged += other.misjudged
        self.killed += other.killed


def a_world(rng: random.Random) -> World:
    """One of the many ways to deploy, small enough that every limit is met."""
    policy = rng.choice(["park", "resend"])
    names = ["matomo", "second"][: rng.choice([1, 1, 2])]
    destinations = [a_destination(name=name, uncertain=policy, hits_per_bulk=rng.choice([2, 5, 200])) for name in names]
    configuration = a_configuration(*destinations, kind=rng.choice(["standard", "fifo"]), visitor_shards=rng.choice([1, 3]))
    world = World(configuration, rng=rng)
    for server in world.servers.values():
        server.super_user = rng.random() < 0.7
    return world


def some_hits(rng: random.Random) -> Iterator[QueuedHit]:
    """Hits of a few visitors; some are poison, some invalid, sometimes nearly all."""
    share_of_bad = rng.choice([0.0, 0.1, 0.1, 0.9])
    for number in range(rng.randrange(4, 24)):
        kind = rng.choice(["poison", "invalid"]) if rng.random() < share_of_bad else "good"
        parameters = {"poison": {"ca": "1"}, "invalid": {"idgoal": "999"}, "good": {}}[kind]
        received_ms = NOW_MS - 3_600_000 + rng.randrange(180_000)
        yield a_hit(
            f"{kind}-{number}",
            parameters=parameters,
            site=rng.choice(["main", "main", "shop"]),
            visitor_id=f"{rng.randrange(5):016x}",
            received_ms=received_ms,
        )


def play(seed: int, *, sabotage: Callable[[World], None] = lambda _world: None) -> tuple[World, Account]:
    """Play one schedule to its end; `sabotage` breaks the drain itself, to see that it is noticed."""
    rng = random.Random(seed)
    world = a_world(rng)
    sabotage(world)
    hits = list(some_hits(rng))
    middle = rng.randrange(len(hits) + 1)
    layout = rng.choice(["packed", "compatible"])
    world.enqueue(*hits[:middle], layout=layout)
    killed: Counter[str] = Counter()
    for number in range(CHAOS_RUNS):
        if number == 1:
            world.enqueue(*hits[middle:], layout=layout)
        _break_something(world, rng)
        killed += _run_with_faults(world, rng)
        world.clock.sleep(rng.choice([0, 1, 20, 400, 4_000]))
        _disturb_queue(world, rng)
    _mend(world)
    for _ in range(LAST_RUNS):
        world.clock.sleep(_SEVEN_HOURS_S)
        world.run()
        if not world.queue.messages:
            break
    account = account_of(world)
    account.killed = killed
    return world, account


def _break_something(world: World, rng: random.Random) -> None:
    for server in world.servers.values():
        state = rng.choice(STATES)
        server.state = "ok" if state == "wrong_token" else state
        server.tokens = {"another" * 4} if state == "wrong_token" else {world.secret.value()}
        server.loses_answers = rng.choice([0, 0, 0, 1, 2])


def _mend(world: World) -> None:
    for server in world.servers.values():
        server.state, server.tokens, server.loses_answers = "ok", {world.secret.value()}, 0


def _run_with_faults(world: World, rng: random.Random) -> Counter[str]:
    """A run that is killed, is interrupted by a whole other run, or neither."""
    fault = Fault(rng.choice(["", *POINTS]), rng.choice([1, 1, 2, 3]))
    interrupted_at = rng.choice([-1, rng.randrange(30)])
    pause_s = rng.choice([0, 5, 200, 1_000])

    def seam(point: str) -> None:
        fault(point)
        if fault.reached.total() == interrupted_at:
            world.clock.sleep(pause_s)  # this run is frozen, for longer than its lease maybe
            world.queue.redeliver()
            world.run()

    try:
        world.run(seam)
    except KilledError as killed:
        return Counter([str(killed)])
    return Counter()


def _disturb_queue(world: World, rng: random.Random) -> None:
    if rng.random() < 0.5:
        world.queue.redeliver()
    if rng.random() < 0.3:
        repack(world, rng)


def repack(world: World, rng: random.Random) -> None:
    """Somebody between two queues puts the hits into other messages, in another order, some of them twice."""
    hits = [hit for message in world.queue.messages for hit in read_message(message.body, sent_ms=0, is_accepted=lambda _token: False).hits]
    hits += [hit for hit in hits if rng.random() < 0.1]
    world.queue.messages.clear()
    shards = world.configuration.queue.visitor_shards
    for shard in range(shards):
        theirs = [hit for hit in hits if shard_of(hit, shards) == shard]
        rng.shuffle(theirs)
        while theirs:
            count = rng.randrange(1, len(theirs) + 1)
            world.queue.put(write_message(theirs[:count], layout="packed", shard=shard, shards=shards), group=str(shard))
            del theirs[:count]


def account_of(world: World) -> Account:
    """Compare what the servers stored and what was parked with what was enqueued."""
    account = Account()
    may_double = world.configuration.destinations[0].uncertain == "resend"
    for name, server in world.servers.items():
        parked = {id_: letter.reason for letter in world.dead_letters.letters if letter.destination == name for id_ in letter.event_ids}
        uncertain = _uncertain(world, name)
        for event_id, hit in world.enqueued.items():
            stored = server.stored[event_id]
            reason = parked.get(event_id, "")
            account.enqueued += 1
            account.stored += min(stored, 1)
            account.dead_letters += bool(reason)
            if not stored and not reason:
                account.lost.append(f"{event_id} for {name}")
            if stored > 1:
                if may_double and stored == 2 and entry_of(event_id, hit.received_ms).digest in uncertain:
                    account.resent += 1
                else:
                    account.doubled.append(f"{event_id} for {name}: {stored}")
            if _is_misjudged(event_id, stored, reason):
                account.misjudged.append(f"{event_id} for {name}: stored {stored}, {reason}")
    return account


def _uncertain(world: World, destination: str) -> set[bytes]:
    prefix = f"ledger/{destination}/"
    return {digest for key, marks in world.table.slots.items() if key.startswith(prefix) for digest in marks.get(UNCERTAIN, ())}


def _is_misjudged(event_id: str, stored: int, reason: str) -> bool:
    """Uncertain and unattributed say that nobody knows; any other reason has to be true."""
    if reason in ("uncertain", "unattributed"):
        return False
    kind = event_id.partition("-")[0]
    expected = {"good": "", "poison": "poison", "invalid": "refused"}[kind]
    return reason != expected or (kind != "good" and stored > 0)
