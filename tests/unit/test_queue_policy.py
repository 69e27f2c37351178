"""Privacy policies on messages of other writers: signals, address, user id, user agent, URLs; and what is suppressed is counted."""

import json
from pathlib import Path

import pytest

from footfall import reasons
from footfall.configuration import Privacy
from footfall.privacy import NO_ADDRESS
from footfall.queueing.hit_verdicts import judge_message
from footfall.queueing.incoming import read_message
from footfall.queueing.message import write_message
from footfall.queueing.policy import Policy
from tests.builders import a_queued_hit
from tests.drain_world import World, a_configuration

SEED = Path(__file__).parents[1] / "fixtures" / "aws_sqs_tracking.json"
ADDRESS = "198.51.100.77"
KEEPS_ALL = {"ip": "keep", "gpc": "keep", "dnt": "keep", "user_agent": "keep", "user_id": "keep", "url_parameters_removed": ()}


def a_message(*, server=(), **parameters):
    """A page view as the AwsSqsTracking plugin enqueues it."""
    document = json.loads(SEED.read_text())
    document["content"]["env"]["server"] |= {"REMOTE_ADDR": ADDRESS, **dict(server)}
    document["content"]["requests"][0] |= {"idsite": "1", "rec": "1", **parameters}
    return json.dumps(document)


def read(body, **privacy):
    policy = Policy(Privacy(**privacy))
    return read_message(body, sent_ms=1_795_000_100_000, is_accepted=lambda token: token == "good-token-1", policy=policy)


def hit_of(body, **privacy):
    (hit,) = read(body, **privacy).hits
    return hit


@pytest.mark.parametrize(
    ("header", "policy", "code"),
    [("HTTP_SEC_GPC", "gpc", "gpc"), ("HTTP_DNT", "dnt", "dnt")],
)
def test_a_signal_that_policy_drops_suppresses_the_hit_and_not_its_neighbours(header, policy, code):
    message = read(a_message(server={header: "1"}), **{policy: "drop"})

    assert ((), 0, [code]) == (message.hits, message.unreadable, [each.reason for each in message.suppressed])
    assert code in reasons.REASONS


@pytest.mark.parametrize("server", [{}, {"HTTP_SEC_GPC": "0"}, {"HTTP_DNT": "0"}])
def test_without_a_signal_there_is_none_even_where_unknown_ones_count_as_on(server):
    assert hit_of(a_message(server=server), gpc="drop", dnt="drop", unknown_signal="on")


@pytest.mark.parametrize("header", ["HTTP_SEC_GPC", "HTTP_DNT"])
def test_a_signal_that_policy_strips_leaves_no_identity(header):
    body = a_message(
        server={header: "1"},
        uid="jane@example.org",
        _id="0123456789abcdef",
        cid="fedcba9876543210",
        url="https://shop.example.org/?gclid=Cj0&x=1",
        my_own="anything",
        dimension1="gold",
        e_c="Video",
    )

    hit = hit_of(body, gpc="strip", dnt="strip", ip="keep", user_id="keep")

    assert hit.parameters.keys().isdisjoint({"uid", "_id", "cid", "my_own", "cip"})
    assert ("https://shop.example.org/?x=1", "gold", "Video") == tuple(hit.parameters[name] for name in ("url", "dimension1", "e_c"))
    assert (NO_ADDRESS, 16) == (hit.address, len(hit.visitor_id))


def test_a_stripped_visitor_is_another_one_with_each_hit():
    document = json.loads(a_message(server={"HTTP_DNT": "1"}))
    document["content"]["requests"] *= 2

    visitors = {hit.visitor_id for hit in read(json.dumps(document), dnt="strip").hits}

    assert 2 == len(visitors)


@pytest.mark.parametrize(("policy", "shown"), [("truncate", "198.51.100.0"), ("keep", ADDRESS), ("hash", NO_ADDRESS), ("drop", NO_ADDRESS)])
def test_the_address_is_what_policy_leaves_of_it_before_anything_is_written(policy, shown):
    """A dead letter carries the hit as it was read."""
    hit = hit_of(a_message(action_name=f"seen from {ADDRESS}", my_own=ADDRESS), ip=policy)

    written = write_message([hit], layout="packed", shard=0, shards=1).decode()

    assert shown == hit.address
    assert (policy == "keep") == (ADDRESS in written)


def test_an_address_that_a_request_claims_is_under_the_same_policy_with_a_token_and_without():
    claimed = [hit_of(a_message(cip="203.0.113.9", **token)) for token in ({}, {"token_auth": "good-token-1"})]

    assert [("198.51.100.0", False), ("203.0.113.0", True)] == [(hit.address, hit.authenticated) for hit in claimed]
    assert not [hit for hit in claimed if "203.0.113.9" in repr(hit)]


@pytest.mark.parametrize(
    ("policy", "token", "is_kept"),
    [("keep", {}, True), ("drop", {}, False), ("authenticated", {}, False), ("authenticated", {"token_auth": "good-token-1"}, True)],
)
def test_the_user_id_is_kept_by_policy(policy, token, is_kept):
    assert is_kept == ("uid" in hit_of(a_message(uid="jane", **token), user_id=policy).parameters)


def test_no_user_agent_is_left_where_policy_drops_it():
    hit = hit_of(a_message(ua="Tracker/1", uadata='{"mobile":false}'), user_agent="drop")

    assert ("", True) == (hit.user_agent, hit.parameters.keys().isdisjoint({"ua", "uadata"}))


def test_urls_lose_what_policy_removes_and_parameters_of_such_a_name_go():
    body = a_message(
        url="https://e.org/?sid=1&mc_eid=2&x=3", urlref="https://e.org/?SID=1", sid="5", server={"HTTP_REFERER": "https://e.org/?sid=9"}
    )

    hit = hit_of(body, url_parameters_removed=("sid",))

    assert ("https://e.org/?x=3", "https://e.org/", "https://e.org/") == (hit.parameters["url"], hit.parameters["urlref"], hit.referer)
    assert "sid" not in hit.parameters


def test_where_policy_keeps_all_nothing_is_changed():
    body = a_message(uid="jane", url="https://e.org/?sid=1", server={"HTTP_SEC_GPC": "1", "HTTP_DNT": "1"})

    without = read_message(body, sent_ms=1, is_accepted=lambda _token: False)

    assert without.hits == read(body, **KEEPS_ALL).hits


def test_what_footfall_wrote_went_through_policy_before_and_stays_as_it_is():
    hit = a_queued_hit(parameters={"idsite": "1", "uid": "jane"}, has_gpc=True)

    message = read(write_message([hit], layout="packed", shard=0, shards=1), user_id="drop", gpc="drop")

    assert (hit,) == message.hits


@pytest.mark.parametrize("layout", ["packed", "compatible"])
@pytest.mark.parametrize(("policy", "shown"), [("truncate", "198.51.100.0"), ("hash", NO_ADDRESS), ("drop", NO_ADDRESS), ("keep", ADDRESS)])
def test_an_address_that_somebody_put_into_what_footfall_wrote_is_as_policy_has_it(layout, policy, shown):
    """Before a dead letter may hold it; the hit is the same in all else."""
    hit = a_queued_hit(address="203.0.113.0" if policy in ("truncate", "keep") else NO_ADDRESS)
    document = json.loads(write_message([hit], layout=layout, shard=0, shards=8))
    document["content"]["requests"][0]["cip"] = ADDRESS

    edited = hit_of(json.dumps(document), ip=policy)

    assert shown == edited.address
    assert hit.delivery_id == edited.delivery_id


def test_the_drain_counts_what_it_suppresses_once_and_deletes_its_message():
    world = World(a_configuration())
    world.queue.put(a_message(server={"HTTP_SEC_GPC": "1"}).encode())
    world.queue.put(a_message().encode())

    tally = world.run()

    assert ({("gpc", "main"): 1}, 1, []) == (dict(tally.suppressed), tally.delivered.total(), world.queue.messages)


def test_of_one_message_the_verdict_says_that_a_hit_was_suppressed():
    judged = judge_message(World(a_configuration()).drain()[0], a_message(server={"HTTP_SEC_GPC": "1"}))

    assert [("suppressed", "gpc")] == [(verdict.outcome, verdict.reason) for verdict in judged.verdicts]
    assert judged.processed.is_done
