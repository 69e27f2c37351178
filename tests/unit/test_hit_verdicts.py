"""The verdict of each hit of one message: what the ledger knows, in words."""

import pytest

from footfall.errors import UnavailableError
from footfall.queueing.hit_verdicts import judge_message, verdict_of
from footfall.queueing.message import write_message
from footfall.queueing.one_message import process_message
from tests.drain_world import World, a_configuration, a_destination, a_hit

INVALID = {"idgoal": "999"}


def judge(world, *hits, **changes):
    body = write_message(hits, layout="packed", shard=0, shards=4).decode()
    return judge_message(world.drain(**changes)[0], body)


def outcomes(judged):
    return [(verdict.event_id, verdict.destination, verdict.outcome, verdict.reason) for verdict in judged.verdicts]


def test_each_hit_has_its_verdict_in_the_order_of_the_message():
    world = World()

    judged = judge(world, a_hit("b", parameters=INVALID), a_hit("a"))

    assert [("b", "matomo", "rejected", "refused"), ("a", "matomo", "delivered", "")] == outcomes(judged)
    assert (True, {"a": 1}) == (judged.processed.is_done, world.matomo.stored)


def test_what_was_settled_before_is_told_as_that():
    world = World()
    hits = a_hit("a"), a_hit("b", parameters=INVALID)
    judge(world, *hits)

    judged = judge(world, *hits)

    assert [("a", "matomo", "already delivered", ""), ("b", "matomo", "already a dead letter", "refused")] == outcomes(judged)


def test_each_destination_has_a_verdict_of_its_own():
    world = World(a_configuration(a_destination(), a_destination(name="second", url="https://second.example.org/matomo.php")))
    world.servers["second"].state = "unavailable"

    judged = judge(world, a_hit("a"))

    assert [("a", "matomo", "delivered", ""), ("a", "second", "waiting", "")] == outcomes(judged)
    assert "the circuit is open: unavailable" == judged.verdicts[1].detail


@pytest.mark.parametrize(("policy", "detail"), [("park", "no answer"), ("resend", "not a dead letter yet")])
def test_a_lost_answer_is_uncertain(policy, detail):
    world = World(a_configuration(a_destination(uncertain=policy)))
    world.matomo.loses_answers = 1

    judged = judge(world, a_hit("a"))

    assert [("a", "matomo", "uncertain", "uncertain")] == outcomes(judged)
    assert detail in judged.verdicts[0].detail


def test_a_rejected_hit_whose_letter_is_not_written_yet_says_so():
    world = World()
    world.dead_letters.refused = {0}

    judged = judge(world, a_hit("a", parameters=INVALID))

    assert ("rejected", False) == (judged.verdicts[0].outcome, judged.processed.is_done)
    assert "not a dead letter yet" in judged.verdicts[0].detail


def test_a_hit_whose_shard_another_run_holds_waits_and_says_why():
    world = World()
    world.table.take_lease("lease/tracking/matomo/4/0", "another", now_ms=world.clock(), until_ms=world.clock() + 60_000)

    judged = judge(world, a_hit("a"))

    assert ("waiting", "its shard was given up: StoppedError") == (judged.verdicts[0].outcome, judged.verdicts[0].detail)


def test_while_the_only_circuit_is_open_every_hit_waits():
    world = World()
    world.matomo.state = "unavailable"
    judge(world, a_hit("a"))

    judged = judge(world, a_hit("b"))

    assert [("b", "matomo", "waiting", "")] == outcomes(judged)
    assert "the circuit is open: unavailable" == judged.verdicts[0].detail


def test_a_hit_that_is_routed_to_no_destination_is_rejected_as_that():
    judged = judge(World(), a_hit("a", only=("gone",)))

    assert [("a", "none", "rejected", "unrouted")] == outcomes(judged)


def test_a_message_that_cannot_be_read_has_no_hits_to_judge():
    judged = judge_message(World().drain()[0], "[1]")

    assert ((), 1) == (judged.verdicts, judged.processed.tally.losses["unreadable", ""])


def test_a_table_that_does_not_answer_is_an_error_as_ever():
    def fault(point):
        if point == "before table read_slots":
            raise UnavailableError("read ledger: throttled")

    with pytest.raises(UnavailableError, match="throttled"):
        judge_message(World().drain(fault)[0], write_message([a_hit("a")], layout="packed", shard=0, shards=4).decode())


def test_who_does_not_ask_for_verdicts_causes_no_read_more_of_the_ledger():
    reads = {}
    for ask in (process_message, judge_message):
        world, points = World(), []
        ask(world.drain(points.append)[0], write_message([a_hit("a")], layout="packed", shard=0, shards=4).decode())
        reads[ask.__name__] = points.count("before table read_slots")

    assert {"process_message": 1, "judge_message": 3} == reads


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ({"uncertain"}, {"uncertain", "delivered"}, ("delivered", "")),
        ({"uncertain"}, {"uncertain", "uncertain_again", "parked"}, ("uncertain", "uncertain")),
        ({"uncertain"}, {"uncertain", "refused", "parked"}, ("rejected", "refused")),
        ({"uncertain", "parked"}, {"uncertain", "parked"}, ("already a dead letter", "uncertain")),
        (set(), set(), ("waiting", "")),
    ],
)
def test_the_outcome_follows_the_marks(before, after, verdict):
    assert verdict == verdict_of(frozenset(before), frozenset(after))
