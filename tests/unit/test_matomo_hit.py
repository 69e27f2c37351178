"""What Matomo is sent of a hit."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.destinations.delivery import Kind, Prepared
from footfall.destinations.matomo_hit import LONGEST_NAME, HitWriter
from tests.builders import NOW_MS
from tests.drain_world import a_destination, a_hit


def prepare(hit, *, ip_policy="truncate", trusts_all=False, **settings):
    return HitWriter(a_destination(**settings), ip_policy=ip_policy, trusts_all=trusts_all).prepare(hit, "7", NOW_MS)


def sent(hit, **options):
    return json.loads(prepare(hit, **options).request)


def test_a_hit_is_sent_with_its_own_agent_language_address_time_and_visitor():
    """t46: without `ua` Matomo takes the sender's; the same goes for the others."""
    hit = a_hit("a", user_agent="Firefox", language="de", address="203.0.113.0", visitor_id="b" * 16, event_ms=NOW_MS - 5_000)

    values = sent(hit)

    expected = {"ua": "Firefox", "lang": "de", "cip": "203.0.113.0", "cdt": str(NOW_MS // 1000 - 5), "cid": "b" * 16}
    assert expected | {"idsite": "7", "rec": "1"} == {name: values[name] for name in (*expected, "idsite", "rec")}


def test_where_policy_left_nothing_something_is_sent_so_that_matomo_does_not_take_the_senders():
    values = sent(a_hit("a", user_agent="", address="0.0.0.0"))

    assert ("-", "0.0.0.0") == (values["ua"], values["cip"])


@pytest.mark.parametrize(
    ("address", "policy", "expected"),
    [
        ("203.0.113.7", "truncate", "203.0.113.0"),
        ("2001:db8:1:2::3", "truncate", "2001:db8:1::"),
        ("203.0.113.7", "keep", "203.0.113.7"),
        ("203.0.113.7", "drop", "0.0.0.0"),
        ("203.0.113.7", "hash", "0.0.0.0"),
        ("203.0.113.7:80", "keep", "0.0.0.0"),
        ("203.0.113.7, 198.51.100.1", "keep", "0.0.0.0"),
        ("-", "truncate", "0.0.0.0"),
    ],
)
def test_addresses_of_other_writers_obey_the_policy_too(address, policy, expected):
    assert expected == sent(a_hit("a", address=address), ip_policy=policy)["cip"]


def test_a_time_in_the_future_is_sent_as_now():
    """t40: Matomo replaces even 60 s of clock skew silently."""
    assert str(NOW_MS // 1000) == sent(a_hit("a", event_ms=NOW_MS + 60_000))["cdt"]


@pytest.mark.parametrize(("keeps_days", "age_days"), [(30, 31), (0, 7_301)])
def test_what_is_older_than_matomo_keeps_is_not_sent(keeps_days, age_days):
    """t99, t40: refused as invalid, or stored as of now when older than 20 years."""
    verdict = prepare(a_hit("a", event_ms=NOW_MS - age_days * 86_400_000), keeps_days=keeps_days)

    assert (Kind.REJECTED, "too_old") == (verdict.kind, verdict.reason)


def test_what_is_just_young_enough_is_sent():
    assert isinstance(prepare(a_hit("a", event_ms=NOW_MS - 30 * 86_400_000), keeps_days=30), Prepared)


@pytest.mark.parametrize(("hit", "options"), [({"authenticated": True}, {}), ({}, {"trusts_all": True})])
def test_auth_only_parameters_count_for_authenticated_hits_and_where_all_are_trusted(hit, options):
    values = sent(a_hit("a", parameters={"country": "de", "lat": "1"}, **hit), **options)

    assert ("de", "1") == (values["country"], values["lat"])


def test_auth_only_parameters_of_others_do_not_travel_under_our_token():
    values = sent(a_hit("a", parameters={"country": "de", "city": "x", "cip": "198.51.100.1", "cdt": "1", "cdo": "5", "uid": "u"}))

    assert ("203.0.113.0", "u") == (values["cip"], values["uid"])
    assert values.keys().isdisjoint({"country", "city", "cdo"})


def test_neither_tokens_nor_ways_of_sending_travel():
    names = ("token_auth", "send_image", "queuedtracking", "debug", "redirecturl")

    assert sent(a_hit("a", authenticated=True, parameters=dict.fromkeys(names, "1"))).keys().isdisjoint(names)


@pytest.mark.parametrize(
    "uadata",
    [
        {"brands": "x", "fullVersionList": 5, "formFactors": "a", "platform": {}},
        {"brands": [{"brand": 1, "version": "1"}]},
        {"brands": ["x"]},
        {"formFactors": [1]},
        {"mobile": "yes"},
        {"model": None},
    ],
)
def test_client_hints_that_break_a_bulk_are_left_out_and_counted(uadata):
    """t60_odd_uadata_types: a PHP TypeError, HTTP 500 with an empty body; anyone can send it."""
    prepared = prepare(a_hit("a", parameters={"uadata": json.dumps(uadata)}))

    assert ("uadata",) == prepared.mended
    assert "uadata" not in json.loads(prepared.request)


@pytest.mark.parametrize(
    "uadata", ['{"brands":[{"brand":"Chromium","version":"141"}],"mobile":false,"platform":"Linux"}', "{oops", '"str"', "{}"]
)
def test_client_hints_that_matomo_reads_or_ignores_stay_as_they_are(uadata):
    assert uadata == sent(a_hit("a", parameters={"uadata": uadata}))["uadata"]


@pytest.mark.parametrize(("value", "stays"), [("1e400", False), ("-1e999", False), ("nan", False), ("12.5", True), ("abc", True)])
def test_an_event_value_that_is_infinite_is_left_out(value, stays):
    assert stays == ("e_v" in sent(a_hit("a", parameters={"e_v": value})))


def test_a_name_longer_than_its_column_is_cut():
    """t60_odd_long_e_c: 9,000 characters are an SQL error; titles and URLs are cut by Matomo."""
    prepared = prepare(a_hit("a", parameters={"e_c": "c" * 9_000, "action_name": "t" * 9_000}))
    values = json.loads(prepared.request)

    assert (LONGEST_NAME, 9_000, ("e_c",)) == (len(values["e_c"]), len(values["action_name"]), prepared.mended)


@pytest.mark.parametrize("cid", ["short", "z" * 16, "a" * 17])
def test_a_visitor_id_that_is_none_is_left_out(cid):
    """t05: of another length it is invalid; of 16 other characters, all such visitors are one."""
    assert "cid" not in sent(a_hit("a", visitor_id="", parameters={"cid": cid}))


def test_a_plain_pixel_reports_the_page_it_stands_on():
    hit = replace(a_hit("a", referer="https://www.example.org/page"), parameters={"userid": "7"})

    assert "https://www.example.org/page" == sent(hit)["url"]


@pytest.mark.parametrize(
    ("parameters", "is_order"), [({"idgoal": "0", "ec_id": "T-1"}, True), ({"idgoal": "0"}, False), ({"ec_id": "T-1"}, False)]
)
def test_an_order_is_known_as_one(parameters, is_order):
    assert is_order == prepare(a_hit("a", parameters=parameters)).is_order


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))))
def test_whatever_a_client_sends_is_a_json_object_of_texts(parameters):
    values = sent(replace(a_hit("a"), parameters=parameters))

    assert all(isinstance(value, str) for value in values.values())
    assert ("7", "1") == (values["idsite"], values["rec"])
