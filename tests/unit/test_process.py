"""The drain, from a received message to a deleted one: what each outcome of a bulk does to its hits, messages and circuit."""

import json

import pytest

from footfall.errors import UnavailableError
from footfall.queueing.message import write_message
from footfall.queueing.one_message import process_message
from tests.builders import NOW_MS
from tests.drain_world import TOKEN, World, a_configuration, a_destination, a_hit

POISON = {"ca": "1"}
INVALID = {"idgoal": "999"}
ORDER = {"idgoal": "0", "ec_id": "T-1"}


def test_what_is_acknowledged_is_in_the_ledger_and_its_message_deleted():
    world = World()
    world.enqueue(a_hit("a"), a_hit("b"))

    tally = world.run()

    assert {"a": 1, "b": 1} == world.matomo.stored
    assert ([], {("matomo", "main"): 2}) == (world.queue.messages, tally.delivered)
    assert [2] == [len(marks["delivered"]) for marks in world.table.slots.values()]


def test_a_visitors_hits_are_sent_oldest_first_whatever_order_they_come_in():
    """t80-t83: reversed or shuffled, Matomo makes two visits of one."""
    world = World()
    for number in (3, 1, 2):
        world.enqueue(a_hit(str(number), event_ms=NOW_MS - 100_000 + 1_000 * number))

    world.run()

    assert ["1", "2", "3"] == world.matomo.order


def test_a_hit_that_stands_in_two_messages_is_sent_once():
    world = World()
    world.enqueue(a_hit("a"))
    world.enqueue(a_hit("a"))

    world.run()

    assert ({"a": 1}, []) == (world.matomo.stored, world.queue.messages)


def test_hits_that_have_not_settled_wait_until_they_have_and_no_longer():
    world = World(a_configuration(settle_s=60))
    world.enqueue(a_hit("a", received_ms=NOW_MS - 20_000))

    world.run()
    waiting = dict(world.matomo.stored)
    world.clock.sleep(41)
    world.run()

    assert ({}, {"a": 1}) == (waiting, world.matomo.stored)


def test_poison_is_found_by_halving_and_parked_alone():
    world = World()
    world.enqueue(*[a_hit(f"good-{number}") for number in range(7)], a_hit("poison", parameters=POISON))

    world.run()
    world.clock.sleep(100)
    world.run()

    assert {"poison": "poison"} == world.dead_letters.reasons()
    assert dict.fromkeys([f"good-{number}" for number in range(7)], 1) == world.matomo.stored


def test_a_server_that_fails_on_everything_parks_nothing_and_is_not_stormed():
    """A full disk: probes, which store nothing, are accepted, and each hit fails."""
    world = World()
    world.matomo.state = "disk_full"
    world.enqueue(*[a_hit(f"good-{number}") for number in range(20)])

    world.run()

    assert ([], 1) == (world.dead_letters.letters, len(world.queue.messages))


def test_a_database_that_is_down_opens_the_circuit_instead_of_halving():
    world = World()
    world.matomo.state = "database_down"
    world.enqueue(*[a_hit(f"good-{number}") for number in range(20)])

    tally = world.run()

    assert ({"matomo": "unavailable"}, 2) == (tally.circuits, len(world.matomo.requests))  # the bulk, and one probe


def test_hits_that_are_named_invalid_are_parked_and_the_others_delivered():
    world = World()
    world.enqueue(a_hit("a"), a_hit("b", parameters=INVALID), a_hit("c"))

    tally = world.run()

    assert ({"b": "refused"}, {("refused", "main"): 1}) == (world.dead_letters.reasons(), tally.losses)
    assert {"a": 1, "c": 1} == world.matomo.stored


def test_invalid_hits_that_nobody_names_are_one_letter_and_nothing_is_sent_again():
    """t15: a write token is told numbers and no positions."""
    world = World()
    world.matomo.super_user = False
    world.enqueue(a_hit("a"), a_hit("b", parameters=INVALID), a_hit("c"))

    tally = world.run()

    (letter,) = world.dead_letters.letters
    assert ("unattributed", ("a", "b", "c"), 1, None) == (letter.reason, letter.event_ids, letter.count, letter.hit)
    assert ({("unattributed", "main"): 1}, {"a": 1, "c": 1}, []) == (tally.losses, world.matomo.stored, world.queue.messages)


def test_all_invalid_with_an_accepted_token_are_rejects_and_the_drain_goes_on():
    """A flood of bad hits must not look like a bad token."""
    world = World(a_configuration(a_destination(hits_per_bulk=2)))
    world.matomo.super_user = False
    world.enqueue(*[a_hit(f"bad-{number}", parameters=INVALID) for number in range(4)], a_hit("good"))

    tally = world.run()

    assert {f"bad-{number}": "refused" for number in range(4)} == world.dead_letters.reasons()
    assert ({"good": 1}, {"matomo": ""}) == (world.matomo.stored, tally.circuits)


def test_a_refused_token_opens_the_circuit_at_once_and_never_leads_to_the_lock_out():
    """t100-t105: after 21 refused requests in an hour good tokens are locked out too."""
    world = World(a_configuration(a_destination(hits_per_bulk=1)))
    world.matomo.tokens = {"another"}
    world.enqueue(*[a_hit(str(number), visitor_id=f"{number:016x}") for number in range(40)])

    for _ in range(60):
        world.clock.sleep(60)
        world.run()
    refusals, waiting = len(world.matomo.refusals_ms), len(world.enqueued) - len(world.dead_letters.letters)
    world.matomo.tokens = {TOKEN}
    for _ in range(40):
        world.clock.sleep(3_600)
        world.run()

    assert refusals < 20
    assert (40, 40, []) == (waiting, world.matomo.stored.total(), world.queue.messages)


def test_a_token_that_was_replaced_in_the_meantime_is_fetched_and_used():
    world = World()
    world.matomo.tokens = {"new"}
    world.secret.current = "new"
    world.enqueue(a_hit("bad", parameters=INVALID), a_hit("a"))

    world.run()
    world.queue.redeliver()
    tally = world.run()

    assert ({"a": 1}, {"matomo": ""}) == (world.matomo.stored, tally.circuits)
    assert {"bad": "refused"} == world.dead_letters.reasons()


@pytest.mark.parametrize("super_user", [True, False])
def test_a_site_that_the_token_may_not_write_to_is_parked_and_not_tried_again_for_a_while(super_user):
    world = World()
    world.matomo.super_user = super_user
    world.matomo.sites = {"1"}
    world.enqueue(a_hit("shop-1", site="shop"), a_hit("shop-2", site="shop"))
    world.run()
    world.matomo.requests.clear()
    world.enqueue(a_hit("shop-3", site="shop"), a_hit("main"))

    if super_user:  # a super user's token is known to be good, so the site is to blame
        world.run()
        asked = {hit["idsite"] for request in world.matomo.requests for hit in request["requests"]}
        assert ({"1"}, {"main": 1}) == (asked, world.matomo.stored)
        assert {f"shop-{number}": "site_refused" for number in (1, 2, 3)} == world.dead_letters.reasons()
    else:  # with nothing but refusals, the token may be to blame: nothing is parked
        assert {"matomo": "refused"} == world.run().circuits
        assert [] == world.dead_letters.letters


def test_a_site_that_is_refused_in_a_mixed_bulk_is_told_from_the_others_without_positions():
    world = World()
    world.matomo.super_user = False
    world.matomo.sites = {"1"}
    world.enqueue(a_hit("main"), a_hit("shop", site="shop"))

    world.run()

    assert ({"shop": "site_refused"}, {"main": 1}) == (world.dead_letters.reasons(), world.matomo.stored)


def test_an_order_that_matomo_has_after_a_resend_is_delivered():
    """t71: a repeated order is counted as invalid."""
    world = World(a_configuration(a_destination(uncertain="resend")))
    world.matomo.loses_answers = 1
    world.enqueue(a_hit("order", parameters=ORDER))
    world.run()
    world.matomo.sites = {"2", "1"}
    world.matomo._is_invalid = lambda hit, *, known: hit.get("ec_id") == "T-1"
    world.clock.sleep(1_000)

    world.run()

    assert ([], []) == (world.dead_letters.letters, world.queue.messages)


@pytest.mark.parametrize("super_user", [True, False])
def test_an_order_that_matomo_refuses_alone_is_stored_already_when_a_probe_is_accepted(super_user):
    """t71: each reload of a shop's last page reports the order again."""
    world = World()
    world.matomo.super_user = super_user
    world.matomo._is_invalid = lambda hit, *, known: hit.get("ec_id") == "T-1"
    world.enqueue(a_hit("order", parameters=ORDER))

    tally = world.run()

    assert ([], [], 1, 1) == (world.dead_letters.letters, world.queue.messages, tally.delivered.total(), tally.already_stored["matomo"])


def test_an_order_of_a_site_that_takes_no_hits_is_not_stored():
    world = World()
    world.matomo.sites = {"2"}
    world.enqueue(a_hit("order", parameters=ORDER))

    tally = world.run()

    assert ({"order": "site_refused"}, 0) == (world.dead_letters.reasons(), tally.already_stored["matomo"])


@pytest.mark.parametrize(("policy", "stored", "letters"), [("park", 1, {"a": "uncertain"}), ("resend", 2, {})])
def test_a_lost_answer_is_parked_or_resent_once_as_the_operator_decided(policy, stored, letters):
    world = World(a_configuration(a_destination(uncertain=policy)))
    world.matomo.loses_answers = 1
    world.enqueue(a_hit("a"))

    first = world.run()
    world.clock.sleep(1_000)
    second = world.run()

    assert ({"a": stored}, letters, []) == (world.matomo.stored, world.dead_letters.reasons(), world.queue.messages)
    assert (1, int(policy == "resend")) == (first.uncertain["matomo"], second.resent["matomo"])


def test_what_is_uncertain_twice_is_parked_whatever_the_policy():
    world = World(a_configuration(a_destination(uncertain="resend")))
    world.enqueue(a_hit("a"))
    for _ in range(3):
        world.matomo.loses_answers = 1
        world.run()
        world.clock.sleep(1_000)

    assert ({"a": 2}, {"a": "uncertain"}, []) == (world.matomo.stored, world.dead_letters.reasons(), world.queue.messages)


def test_a_server_that_hangs_costs_one_bulk_and_then_nothing_is_sent():
    world = World(a_configuration(a_destination(hits_per_bulk=1)))
    world.matomo.state = "hanging"
    world.enqueue(*[a_hit(str(number)) for number in range(10)])

    tally = world.run()

    assert ({"matomo": "unavailable"}, 1) == (tally.circuits, tally.uncertain["matomo"])


@pytest.mark.parametrize(
    ("state", "reason"), [("down", "unavailable"), ("unavailable", "unavailable"), ("paused", "paused"), ("database_down", "unavailable")]
)
def test_a_server_that_stores_nothing_opens_the_circuit_and_a_probe_closes_it(state, reason):
    world = World()
    world.matomo.state = state
    world.enqueue(a_hit("a"))
    broken = world.run()
    world.matomo.state = "ok"
    world.clock.sleep(700)

    mended = world.run()

    assert ({"matomo": reason}, {"matomo": ""}) == (broken.circuits, mended.circuits)
    assert ({"a": 1}, {}, []) == (world.matomo.stored, world.dead_letters.reasons(), world.queue.messages)


def test_retry_after_puts_the_next_probe_off():
    world = World()
    world.matomo.state = "unavailable"
    world.enqueue(a_hit("a"))

    world.run()

    assert 120 <= (world.table.circuits["matomo"].next_probe_ms - NOW_MS) / 1000 < 122


def test_while_every_circuit_is_open_nothing_is_received():
    world = World()
    world.matomo.state = "down"
    world.enqueue(a_hit("a"))
    world.run()

    counts = []
    for _ in range(30):
        world.clock.sleep(1)
        world.queue.redeliver()
        world.run()
        counts.append(world.queue.messages[0].count)

    assert 3 >= max(counts)


def test_a_destination_that_is_down_does_not_hold_back_another():
    world = World(a_configuration(a_destination(), a_destination(name="second")))
    world.servers["second"].state = "down"
    world.enqueue(a_hit("a"))
    world.run()
    first = dict(world.servers["matomo"].stored), dict(world.servers["second"].stored), len(world.queue.messages)
    world.servers["second"].state = "ok"
    world.clock.sleep(1_000)
    world.run()

    assert ({"a": 1}, {}, 1) == first
    assert ({"a": 1}, {"a": 1}, []) == (world.servers["matomo"].stored, world.servers["second"].stored, world.queue.messages)


def test_a_destination_that_is_down_for_two_weeks_leads_to_fewer_receives_than_the_queue_allows():
    world = World(a_configuration(a_destination(), a_destination(name="second")))
    world.servers["second"].state = "down"
    world.enqueue(a_hit("a"))

    for _ in range(14 * 24 * 6):
        world.clock.sleep(600)
        world.run()

    assert world.queue.messages[0].count < 100


def test_a_hit_that_is_routed_nowhere_is_parked_once():
    world = World()
    world.enqueue(a_hit("a", site="gone", parameters={"idsite": "77"}))

    tally = world.run()

    assert ({"a": "unrouted"}, {("unrouted", ""): 1}, []) == (world.dead_letters.reasons(), tally.losses, world.queue.messages)


def test_a_message_in_no_known_form_is_a_letter_that_shows_none_of_it():
    world = World()
    world.queue.put('{"secret": "203.0.113.7"}')

    tally = world.run()

    assert (["unreadable"], {("unreadable", ""): 1}, []) == (
        [letter.reason for letter in world.dead_letters.letters],
        tally.losses,
        world.queue.messages,
    )
    assert b"203.0.113.7" not in world.dead_letters.bodies[0]


def test_what_is_not_confirmed_as_a_dead_letter_is_not_deleted_and_is_written_the_next_time():
    world = World()
    world.enqueue(a_hit("a", parameters=INVALID))
    world.dead_letters.refused = {0}
    refused = world.run()
    world.dead_letters.refused = set()
    world.clock.sleep(100)
    world.run()

    assert ({}, {"a": "refused"}, []) == (refused.losses, world.dead_letters.reasons(), world.queue.messages)


def test_what_is_too_old_is_parked_without_being_sent():
    world = World(a_configuration(a_destination(keeps_days=30)))
    world.enqueue(a_hit("a", event_ms=NOW_MS - 31 * 86_400_000))

    world.run()

    assert ({"a": "too_old"}, []) == (world.dead_letters.reasons(), world.matomo.requests)


def test_time_that_runs_out_leaves_the_rest_to_the_next_run():
    world = World(a_configuration(a_destination(hits_per_bulk=1, timeout_s=30)))
    world.enqueue(*[a_hit(str(number)) for number in range(100)])

    world.run(until_ms=world.clock() + 76_500)
    early = world.matomo.stored.total()
    world.run()

    assert 0 < early < 100
    assert dict.fromkeys(world.enqueued, 1) == world.matomo.stored


def test_a_round_that_lasts_keeps_its_messages_hidden():
    world = World(a_configuration(a_destination(hits_per_bulk=1)))
    world.enqueue(*[a_hit(str(number)) for number in range(5)])
    answer = world.matomo.answer

    def slowly(posted):
        world.clock.sleep(90)
        return answer(posted)

    world.matomo.answer = slowly
    seen = []
    world.run(lambda _point: seen.append([message.visible_ms > world.clock() for message in world.queue.messages if message.count]))

    assert all(all(hidden) for hidden in seen)
    assert [] == world.queue.messages


def test_shards_are_delivered_in_parallel_and_counted_together():
    world = World(a_configuration(visitor_shards=8))
    world.enqueue(*[a_hit(str(number), visitor_id=f"{number:016x}") for number in range(100)])

    tally = world.run(threads=4)

    assert (100, 100, []) == (tally.delivered.total(), world.matomo.stored.total(), world.queue.messages)


def test_a_table_that_does_not_answer_stops_the_run_before_anything_is_sent():
    world = World()
    world.enqueue(a_hit("a"))
    world.table.read_circuit = _unavailable

    with pytest.raises(UnavailableError):
        world.run()
    assert ([], 1) == (world.matomo.requests, len(world.queue.messages))


def test_a_ledger_that_does_not_answer_after_a_bulk_leaves_its_hits_uncertain_and_not_resent():
    world = World()
    world.enqueue(a_hit("a"))
    add_marks, world.table.add_marks = world.table.add_marks, _unavailable
    stopped = world.run()
    world.table.add_marks = add_marks
    for _ in range(3):
        world.clock.sleep(1_000)
        world.run()

    assert ({"UnavailableError": 1}, {"a": 1}, {"a": "uncertain"}) == (stopped.stopped, world.matomo.stored, world.dead_letters.reasons())


def test_an_error_that_nobody_expects_does_not_give_back_a_lease_with_a_bulk_under_way():
    world = World()
    world.enqueue(a_hit("a"))
    add_marks, world.table.add_marks = world.table.add_marks, _broken
    assert 1 == world.run().crashes
    world.table.add_marks = add_marks
    for _ in range(3):
        world.clock.sleep(1_000)
        world.run()

    assert ({"a": 1}, {"a": "uncertain"}) == (world.matomo.stored, world.dead_letters.reasons())


def _broken(*_arguments, **_named):
    raise ZeroDivisionError


def _unavailable(*_arguments, **_named):
    raise UnavailableError("no answer")


def test_the_token_stands_in_the_body_at_the_top_and_nowhere_else():
    """t19: in the URL it does not count; t20: in each hit it hides the positions."""
    world = World()
    world.enqueue(a_hit("a", parameters={"token_auth": "stolen"}))

    world.run()

    (request,) = world.matomo.requests
    assert TOKEN == request["token_auth"]
    assert not any("token_auth" in hit for hit in request["requests"])


def test_no_dead_letter_shows_a_value_an_address_or_a_token():
    world = World()
    world.enqueue(a_hit("a", parameters={**INVALID, "action_name": "Jane Doe", "jane@example.org": "x"}))

    world.run()

    document = json.loads(world.dead_letters.bodies[0])
    del document["message"]  # the hit itself, to send it again: this queue is encrypted like the tracking queue
    assert ("aaaa aaa", "999") == (document["evidence"]["action_name"], document["evidence"]["idgoal"])
    assert not any(text in json.dumps(document) for text in ("Jane", "203.0.113", TOKEN, "jane@"))


def test_a_foreign_message_is_delivered_in_the_shard_of_its_visitor():
    world = World()
    requests = [{"idsite": "1", "rec": "1", "pv_id": f"{number}", "_id": "c" * 16} for number in range(3)]
    world.queue.put(
        json.dumps(
            {"piwik": True, "content": {"requests": requests, "env": {"server": {}}, "tokenAuth": False, "time": NOW_MS // 1000 - 99}}
        )
    )

    tally = world.run()

    assert ({"0": 1, "1": 1, "2": 1}, 1) == (world.matomo.stored, tally.bulks["matomo"])


@pytest.mark.parametrize(("trust", "address", "age_s"), [("marked", "198.51.100.0", 0), ("all", "203.0.113.0", 7_200)])
def test_the_address_and_time_that_a_foreign_request_names_count_where_all_are_trusted(trust, address, age_s):
    world = World(a_configuration(trust=trust))
    now_s = NOW_MS // 1000
    request = {"idsite": "1", "rec": "1", "pv_id": "a", "cip": "203.0.113.7", "cdt": str(now_s - 7_200)}
    content = {"requests": [request], "env": {"server": {"REMOTE_ADDR": "198.51.100.7"}}, "tokenAuth": False, "time": now_s}
    world.queue.put(json.dumps({"piwik": True, "content": content}))

    world.run()

    ((sent,),) = [document["requests"] for document in world.matomo.requests]
    assert (address, str(now_s - age_s)) == (sent["cip"], sent["cdt"])


def test_messages_written_with_other_shards_are_known_by_them():
    """Changing `visitor_shards` does not lose track of what is under way."""
    world = World(a_configuration(visitor_shards=4))
    body = write_message([a_hit("a")], layout="packed", shard=1, shards=2)
    world.queue.put(body)
    world.run()
    world.queue.put(body)

    world.run()

    assert ({"a": 1}, []) == (world.matomo.stored, world.queue.messages)


def test_one_message_is_processed_by_the_same_path_and_giving_it_again_delivers_nothing_twice():
    world = World(a_configuration(settle_s=60))
    body = write_message([a_hit("a", received_ms=NOW_MS)], layout="packed", shard=0, shards=4).decode()

    first = process_message(world.drain()[0], body)
    second = process_message(world.drain()[0], body)

    assert ({"a": 1}, True, True) == (world.matomo.stored, first.is_done, second.is_done)
    assert (1, 0) == (first.tally.delivered.total(), second.tally.delivered.total())


def test_one_message_that_cannot_be_delivered_now_says_so():
    world = World()
    world.matomo.state = "down"

    done = process_message(world.drain()[0], write_message([a_hit("a")], layout="packed", shard=0, shards=4).decode())

    assert (False, {"matomo": "unavailable"}) == (done.is_done, done.tally.circuits)
