"""Kill the drain before and after every outside call: no hit is lost, and none is doubled unless the policy says so."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.drain_world import POINTS, Fault, KilledError, World, a_configuration, a_destination, a_hit
from tests.faults.drain_schedule import Account, account_of, play

SEEDS = 1_200
GROUPS = 12


@pytest.mark.parametrize("group", range(GROUPS))
def test_schedules_of_kills_outages_redelivery_repacking_and_two_drains_at_once(
    group: int, drain_account: Callable[[Account], None]
) -> None:
    total = Account()
    for seed in range(group * SEEDS // GROUPS, (group + 1) * SEEDS // GROUPS):
        world, account = play(seed)
        assert ([], [], []) == (account.lost, account.doubled, account.misjudged), f"seed {seed}"
        assert [] == world.queue.messages, f"seed {seed}"
        total.add(account)
    drain_account(total)
    assert total.stored > 0


@pytest.mark.parametrize("kind", ["standard", "fifo"])
@pytest.mark.parametrize("policy", ["park", "resend"])
def test_a_run_killed_at_each_of_its_calls_in_turn_loses_and_doubles_nothing(
    kind: str, policy: str, drain_account: Callable[[Account], None]
) -> None:
    """Every call of one run, one after the other: the run is killed there, and the next ones finish its work."""
    total = Account()
    for point, turn in calls_of(a_run(kind, policy)):
        world = a_run(kind, policy)
        fault = Fault(point, turn)
        with pytest.raises(KilledError):
            world.run(fault)
        finish(world)
        account = account_of(world)
        account.killed = Counter([point])
        assert ([], [], []) == (account.lost, account.doubled, account.misjudged), f"{point} {turn}"
        total.add(account)
    drain_account(total)
    assert total.killed.keys() >= set(POINTS) - {"before table write_circuit", "after table write_circuit"}


def a_run(kind: str, policy: str) -> World:
    """Good, invalid and poison hits, in several bulks and shards; some messages wait because a hit has not settled."""
    world = World(a_configuration(a_destination(uncertain=policy, hits_per_bulk=3), kind=kind, settle_s=60))
    world.matomo.loses_answers = 1
    bad = {"invalid": {"idgoal": "999"}, "poison": {"ca": "1"}}
    for number in range(12):
        name = "invalid" if number == 4 else "poison" if number == 7 else "good"
        world.enqueue(a_hit(f"{name}-{number}", visitor_id=f"{number % 3:016x}", parameters=bad.get(name, {})))
    world.enqueue(a_hit("good-late", received_ms=world.clock()))
    return world


def calls_of(world: World) -> list[tuple[str, int]]:
    """Each call that a run makes which nobody kills, with its turn."""
    fault = Fault()
    world.run(fault)
    return [(point, turn) for point, turns in fault.reached.items() for turn in range(1, turns + 1)]


def finish(world: World) -> None:
    for _ in range(40):
        world.clock.sleep(25_200)
        world.run()


@pytest.mark.parametrize("policy", ["park", "resend"])
def test_a_run_that_nobody_kills_stores_each_hit_once_and_reads_nothing_again(policy: str) -> None:
    """The control: what the schedules find is the work of their faults."""
    world = World(a_configuration(a_destination(uncertain=policy)))
    world.enqueue(*[a_hit(f"good-{number}", visitor_id=f"{number:016x}") for number in range(50)])

    world.run()
    world.queue.redeliver()
    world.run()

    assert dict.fromkeys(world.enqueued, 1) == world.matomo.stored


def without_ledger(world: World) -> None:
    """A drain that forgets what it delivered."""
    world.table.add_marks = lambda key, marks, *, expires_s: None  # type: ignore[method-assign]


def without_intents(world: World) -> None:
    """A drain that does not note what it is about to send."""
    renew = world.table.renew_lease

    def forgetful(key: str, owner: str, *, until_ms: int, in_flight: Mapping[int, Any]) -> None:
        renew(key, owner, until_ms=until_ms, in_flight={})

    world.table.renew_lease = forgetful  # type: ignore[method-assign]


def deleting_first(world: World) -> None:
    """A drain that deletes what it received before any verdict is safe."""
    receive = world.queue.receive

    def greedy(limit: int) -> Sequence[Any]:
        received = receive(limit)
        world.queue.delete([each.receipt for each in received])
        return received

    world.queue.receive = greedy  # type: ignore[method-assign]


def without_dead_letters(world: World) -> None:
    """A drain that counts its losses and keeps nothing of them."""
    world.dead_letters.send = lambda bodies: set()  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("sabotage", "symptom"),
    [(without_ledger, "doubled"), (without_intents, "doubled"), (deleting_first, "lost"), (without_dead_letters, "lost")],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_drain_that_is_broken_is_caught(sabotage: Callable[[World], None], symptom: str) -> None:
    """The negative control: the same schedules notice each of these."""
    assert any(getattr(play(seed, sabotage=sabotage)[1], symptom) for seed in range(SEEDS))
