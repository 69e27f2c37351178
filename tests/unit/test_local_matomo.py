"""The stand-in's decisions that no single recorded exchange shows: probes, lock-outs, duplicates, order, and scripted faults."""

import json
from urllib.parse import urlencode

import pytest

from local.matomo.core import answer
from local.matomo.exchange import Request
from local.matomo.settings import Behaviour, Fault, Plan, Site, Token
from local.matomo.state import State

NOW_S = 1_795_000_000  # 2026-11-18 11:06:40 UTC
ADDRESS = "203.0.113.0"


def a_state(**changes):
    sites = {1: Site(goals=frozenset({1})), 2: Site(), 3: Site()}
    tokens = {
        "super": Token(access="super"),
        "write": Token(access="write", sites=frozenset({1, 2})),
        "view": Token(access="view"),
    }
    return State(**({"sites": sites, "tokens": tokens} | changes))


def a_hit(**parameters):
    return "?" + urlencode({"rec": 1, "idsite": 1, "url": "https://example.org/", "cid": "a" * 16, "ua": "Firefox", **parameters})


def a_probe(site):
    """A hit that is valid only if the token is accepted, and stored in no case."""
    return {"idsite": site, "rec": 0, "cip": ADDRESS}


def post(state, *hits, token="super", now_s=NOW_S, target="/matomo.php"):
    body = json.dumps({"requests": hits, "token_auth": token}).encode()
    reply, changes = answer(Request(method="POST", target=target, body=body, now_s=now_s), state)
    state.commit(changes)
    return reply


def counts(reply):
    document = json.loads(reply.body)
    return document["status"], document["tracked"], document["invalid"]


def report(state, *, token="super", method="API.getMatomoVersion", now_s=NOW_S):
    body = urlencode({"module": "API", "format": "JSON", "method": method, "token_auth": token}).encode()
    reply, changes = answer(Request(method="POST", target="/index.php", body=body, now_s=now_s), state)
    state.commit(changes)
    return reply


@pytest.mark.parametrize("rec", [{"rec": 0}, {}])
@pytest.mark.parametrize(
    ("token", "tracked", "invalid"),
    [("super", 3, 0), ("write", 2, 1), ("view", 0, 3), ("unknown", 0, 3), ("", 0, 3)],
)
def test_a_probe_is_tracked_where_its_token_is_accepted_invalid_where_not_and_never_stored(token, tracked, invalid, rec):
    """Matomo reads the address, and refuses it, before it asks whether the hit is excluded."""
    state = a_state()

    reply = post(state, *({"idsite": site, "cip": ADDRESS} | rec for site in (1, 2, 3)), token=token)

    assert ("success", tracked, invalid) == counts(reply)
    assert not any(state.hits.values())


def test_a_probe_of_a_site_that_is_not_there_is_invalid_even_with_a_good_token():
    assert ("success", 1, 1) == counts(post(a_state(), a_probe(1), a_probe(99)))


@pytest.mark.parametrize("token", ["unknown", "view"])
def test_a_refused_bulk_counts_as_one_failed_login_however_many_hits_it_holds(token):
    state = a_state()

    post(state, *(a_probe(site) for site in (1, 2, 3, 1)), token=token)

    assert {"127.0.0.1": [NOW_S]} == state.failed_logins


@pytest.mark.parametrize("token", ["unknown", ""])
def test_hits_that_need_no_token_are_not_counted_as_failed_logins(token):
    state = a_state()

    reply = post(state, a_hit(), token=token)

    assert (("success", 1, 0), {}) == (counts(reply), state.failed_logins)


def test_the_22nd_wrong_bulk_within_an_hour_meets_a_locked_door_that_opens_again():
    """Default of the Login plugin: more than 20 within 60 minutes; good tokens and the Reporting API are locked out too."""
    state = a_state()

    refused = [post(state, a_probe(1), token="unknown").status for _ in range(21)]
    locked = [post(state, a_probe(1), token=token) for token in ("unknown", "super", "write")]
    reports = report(state)
    later = post(state, a_probe(1), now_s=NOW_S + 3600)

    assert [200] * 21 == refused
    assert [(500, ("error", 0, 0))] * 3 == [(reply.status, counts(reply)) for reply in locked]
    assert (500, "text/html; charset=utf-8") == (reports.status, reports.content_type)
    assert ("success", 1, 0) == counts(later)


def test_an_allow_listed_sender_is_never_locked_out():
    state = a_state(behaviour=Behaviour(allowed_addresses=frozenset({"127.0.0.1"})))
    state.failed_logins["127.0.0.1"] = [NOW_S] * 30

    assert ("success", 1, 0) == counts(post(state, a_probe(1)))


def test_the_same_body_twice_is_stored_twice_but_an_order_is_invalid_the_second_time():
    state, order = a_state(), a_hit(idgoal=0, ec_id="A1", revenue=3)

    first, second = (counts(post(state, a_hit(), order)) for _ in range(2))

    assert [("success", 2, 0), ("success", 1, 1)] == [first, second]
    assert ["pageview", "order", "pageview"] == [stored.kind for stored in state.hits[1]]


def test_a_goal_is_converted_once_a_visit_and_the_repeat_is_tracked_all_the_same():
    state, goal = a_state(), a_hit(idgoal=1)

    replies = [counts(post(state, goal)), counts(post(state, goal, a_hit(idgoal=1, cid="b" * 16)))]

    assert [("success", 1, 0), ("success", 2, 0)] == replies
    assert ["a" * 16, "b" * 16] == [stored.visitor_id for stored in state.hits[1]]


@pytest.mark.parametrize(
    ("minutes", "visits"),
    [([0, 20, 40, 60], 1), ([60, 40, 20, 0], 2), ([40, 0, 60, 20], 2), ([0, 40, 20], 2), ([0, 480, 10], 2)],
)
def test_hits_out_of_order_make_more_visits_than_there_were(minutes, visits):
    """In the order of t80 to t84: a hit joins within half an hour either side of a visit's last action."""
    state, start_s = a_state(), NOW_S - 36_000

    post(state, *(a_hit(cdt=start_s + 60 * minute) for minute in minutes))

    assert visits == len(state.visits)


@pytest.mark.parametrize("odd", [{"e_c": "c" * 4097, "e_a": "a"}, {"e_c": "c", "e_a": "a", "e_v": "1e400"}, {"ca": 1}])
def test_one_poison_hit_rolls_its_whole_batch_back_and_the_count_lies(odd):
    state = a_state()

    reply = post(state, a_hit(), a_hit(**odd), a_hit())

    assert (500, ("error", 1, 0)) == (reply.status, counts(reply))
    assert not any(state.hits.values())


@pytest.mark.parametrize("uadata", ['{"platform":{}}', '{"brands":"x"}', '{"fullVersionList":5}'])
def test_client_hints_of_a_wrong_type_kill_php_and_an_empty_body_comes_back(uadata):
    reply = post(a_state(), a_hit(), a_hit(uadata=uadata))

    assert (500, b"") == (reply.status, reply.body)


def test_queuedtracking_0_in_the_url_brings_the_counts_back():
    state = a_state(behaviour=Behaviour(has_queued_tracking=True))

    queued = post(state, a_hit())
    direct = post(state, a_hit(), target="/matomo.php?queuedtracking=0")

    assert ("image/gif", 1) == (queued.content_type, len(state.queued))
    assert (("success", 1, 0), 1) == (counts(direct), len(state.hits[1]))


@pytest.mark.parametrize(
    ("fault", "stored", "connection"),
    [
        (Fault(kind="deadlock", hits=(1,)), 0, "keep"),
        (Fault(kind="php_fatal"), 0, "keep"),
        (Fault(kind="unavailable"), 0, "keep"),
        (Fault(kind="reset_before_commit"), 0, "reset"),
        (Fault(kind="reset_after_commit"), 2, "reset"),
        (Fault(kind="time_out_before_commit"), 0, "hold"),
        (Fault(kind="time_out_after_commit"), 2, "hold"),
        (Fault(kind="cut_after_commit"), 2, "keep"),
        (Fault(kind="lock_wait_timeout", hits=(1,)), 2, "keep"),
    ],
)
def test_a_scripted_fault_meets_its_bulk_alone(fault, stored, connection):
    """The hit that waited in vain is stored with its known visit, though counted nowhere (t92)."""
    state = a_state(plan=Plan(bulks={2: fault}))

    before = post(state, a_hit())
    struck = post(state, a_hit(), a_hit())
    after = post(state, a_hit())

    assert [("success", 1, 0)] * 2 == [counts(before), counts(after)]
    assert connection == struck.connection
    assert 2 + stored == len(state.hits[1])


def test_a_lock_waited_for_in_vain_is_neither_tracked_nor_invalid():
    state = a_state(plan=Plan(every=Fault(kind="lock_wait_timeout", hits=(0,))))

    assert ("success", 1, 0) == counts(post(state, a_hit(cid="b" * 16), a_hit()))
    assert ["a" * 16] == [stored.visitor_id for stored in state.hits[1]]


def test_a_busy_proxy_says_when_to_come_back():
    state = a_state(plan=Plan(every=Fault(kind="unavailable", status=429, retry_after_s=7)))

    reply = post(state, a_hit())

    assert (429, {"Retry-After": "7"}, b"") == (reply.status, reply.headers, reply.body)


def test_a_token_is_probed_through_the_reporting_api():
    state = a_state()

    assert [200, 200, 401] == [report(state, token=token).status for token in ("super", "view", "unknown")]
    assert b"The method 'Nope.get' does not exist" in report(state, method="Nope.get").body


@pytest.mark.parametrize("body", [b"", b"[", b'{"requests": {"a": "?rec=1"', b'x"requests"' + b"[" * 100_000, b'{"requests": NaN}'])
def test_no_body_stops_the_stand_in(body):
    reply, _ = answer(Request(method="POST", target="/matomo.php", body=body, now_s=NOW_S), a_state())

    assert reply.status in {200, 400}
