"""The tracking queue's message, both ways: what is written is read, what others write is read, and no secret goes through."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import RejectedError
from footfall.privacy import NO_ADDRESS
from footfall.queueing.incoming import read_message
from footfall.queueing.message import COMPATIBLE, PACKED, write_message
from tests.builders import NOW_MS, a_queued_hit
from tests.drain_world import World, a_hit

SEED = Path(__file__).parents[1] / "fixtures" / "aws_sqs_tracking.json"
"""The example of the plugin's README, as it stands there."""

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMED = st.sampled_from(["url", "ua", "lang", "cip", "cdt", "cid", "_id", "uadata", "e_c", "dimension1", "_idts", "\ufffe"])
MOMENTS_MS = st.integers(0, 253_402_300_799_000)
HITS = st.builds(
    a_queued_hit,
    event_id=st.text("abcABC019#=-_", min_size=1, max_size=12),
    received_ms=MOMENTS_MS,
    event_ms=MOMENTS_MS,
    time_s=st.integers(0, 253_402_300_799),
    parameters=st.dictionaries(NAMED | TEXT.filter(lambda name: name != "token_auth"), TEXT, max_size=6),
    site=st.sampled_from(["", "main"]),
    authenticated=st.booleans(),
    address=st.sampled_from([NO_ADDRESS, "203.0.113.0", "2001:db8:1::"]),
    user_agent=TEXT,
    language=TEXT,
    visitor_id=st.sampled_from(["", "0123456789abcdef"]),
    method=st.sampled_from(["GET", "POST"]),
    host=TEXT,
    path=TEXT.filter(bool),
    referer=TEXT,
    has_gpc=st.booleans(),
    generation=st.integers(0, 3),
    only=st.sampled_from([(), ("matomo",), ("matomo", "other")]),
)


def read(body, *, accepted=(), **options):
    return read_message(body, sent_ms=1_795_000_100_000, is_accepted=lambda token: token in accepted, **options)


def seed():
    return json.loads(SEED.read_text())


def the_plugin_reads(body):
    """What the AwsSqsTracking plugin makes of a body (`Queue/Processor.php`), and Matomo of its RequestSet: ids, agents, times."""
    document = json.loads(body)
    if "Message" in document:
        inner = json.loads(document["Message"])
        if isinstance(inner.get("MessageBody"), str):
            document = json.loads(inner["MessageBody"])
    content = document["content"]
    assert isinstance(content, dict)
    server = content["env"]["server"]
    return [
        {
            "address": server["REMOTE_ADDR"],
            "agent": request.get("ua") or server["HTTP_USER_AGENT"],
            "time": content["time"],
            "visitor": request.get("cid"),
        }
        for request in content["requests"]
    ]


def in_the_plugins_sns(body):
    return json.dumps({"Message": json.dumps({"MessageBody": body})})


def in_sns(body):
    return json.dumps({"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:eu-central-1:123456789012:t", "Message": body})


def in_event_bridge(body):
    return json.dumps({"version": "0", "id": "i", "detail-type": "hit", "source": "shop", "detail": json.loads(body)})


def as_it_is(body):
    return body


every_wrapping = pytest.mark.parametrize("wrap", [as_it_is, in_the_plugins_sns, in_sns, in_event_bridge, json.dumps])


def test_the_example_of_the_plugin_is_read_and_written_again_as_it_was():
    (hit,) = read(SEED.read_text()).hits

    written = json.loads(write_message([hit], layout=COMPATIBLE, shard=0, shards=1))

    assert seed()["content"]["requests"] == written["content"]["requests"]
    assert seed()["content"]["time"] == written["content"]["time"]
    assert all(isinstance(value, str) for request in written["content"]["requests"] for value in request.values())
    assert (True, False) == (written["piwik"], written["content"]["tokenAuth"])


def test_of_the_server_only_what_is_allowed_is_written_and_as_the_plugin_wrote_it():
    (hit,) = read(SEED.read_text()).hits

    server = json.loads(write_message([hit], layout=COMPATIBLE, shard=0, shards=1))["content"]["env"]["server"]

    original = seed()["content"]["env"]["server"]
    same = ("REMOTE_ADDR", "HTTP_USER_AGENT", "HTTP_ACCEPT_LANGUAGE", "HTTP_REFERER", "HTTP_HOST", "REQUEST_METHOD", "REQUEST_TIME")
    assert {name: original[name] for name in same} == {name: server[name] for name in same}
    assert not server.keys() & {"HTTP_COOKIE", "PATH", "DOCUMENT_ROOT", "SERVER_ADDR", "SERVER_SOFTWARE", "HOME", "USER"}


@pytest.mark.parametrize("name", ["_idts", "_idvc", "_idn", "_refts", "_viewts", "r", "gears", "dir", "gt_ms"])
def test_parameters_of_old_trackers_survive(name):
    (hit,) = read(SEED.read_text()).hits

    assert seed()["content"]["requests"][0][name] == hit.parameters[name]


@every_wrapping
def test_a_message_is_read_whatever_it_travelled_in(wrap):
    assert read(SEED.read_text()) == read(wrap(SEED.read_text()))


@given(
    hit=HITS, layout=st.sampled_from([COMPATIBLE, PACKED]), wrap=st.sampled_from([as_it_is, in_the_plugins_sns, in_sns, in_event_bridge])
)
def test_what_is_written_is_read_in_both_layouts(hit, layout, wrap):
    body = write_message([hit], layout=layout, shard=3, shards=8).decode()

    message = read(wrap(body))

    assert ((hit,), 0, (3, 8), ()) == message


@given(hits=st.lists(HITS, min_size=1, max_size=4))
def test_a_packed_message_gives_every_hit_its_own_agent_address_time_and_visitor(hits):
    assert tuple(hits) == read(write_message(hits, layout=PACKED, shard=0, shards=1)).hits


@given(HITS)
def test_a_message_holds_no_character_that_sqs_refuses(hit):
    text = write_message([replace(hit, user_agent="a\ufffe\uffff\x00\x0b b")], layout=COMPATIBLE, shard=0, shards=1).decode()

    assert not {character for character in text if character in "\ufffe\uffff" or (character < " " and character not in "\t\n\r")}


@pytest.mark.parametrize("wrap", [as_it_is, in_the_plugins_sns])
def test_the_plugins_own_reader_finds_address_agent_time_and_visitor_of_each_hit(wrap):
    hits = [
        a_queued_hit("a", address="203.0.113.0", user_agent="Firefox", event_ms=1_795_000_000_500, time_s=1_795_000_000),
        a_queued_hit(
            "b", address="2001:db8:1::", user_agent="Chrome", event_ms=1_700_000_000_500, time_s=1_700_000_000, visitor_id="f" * 16
        ),
    ]

    read_by_it = [the_plugin_reads(wrap(write_message([hit], layout=COMPATIBLE, shard=0, shards=1).decode()))[0] for hit in hits]

    assert [("203.0.113.0", "Firefox", 1_795_000_000), ("2001:db8:1::", "Chrome", 1_700_000_000)] == [
        (each["address"], each["agent"], each["time"]) for each in read_by_it
    ]
    assert [hit.visitor_id for hit in hits] == [each["visitor"] for each in read_by_it]


def test_a_compatible_message_has_one_hit():
    with pytest.raises(ValueError, match="one hit"):
        write_message([a_queued_hit("a"), a_queued_hit("b")], layout=COMPATIBLE, shard=0, shards=1)


def test_client_hints_are_json_again_however_a_writer_decoded_them():
    document = seed()
    document["content"]["requests"][0]["uadata"] = {"brands": [{"brand": "Chromium", "version": "142"}], "mobile": False}

    (hit,) = read(json.dumps(document)).hits

    assert '{"brands":[{"brand":"Chromium","version":"142"}],"mobile":false}' == hit.parameters["uadata"]


def test_every_value_is_a_text_whatever_json_type_a_writer_chose():
    document = seed()
    document["content"]["requests"] = [{"idsite": 1, "rec": True, "e_v": 1.5, "bots": False, "h": None, "cvar": {"1": ["a", "b"]}}]

    (hit,) = read(json.dumps(document)).hits

    assert {"idsite": "1", "rec": "1", "e_v": "1.5", "bots": "", "h": "", "cvar": '{"1":["a","b"]}'} == hit.parameters


def test_requests_may_be_query_strings_and_what_is_no_request_is_counted():
    document = seed()
    document["content"]["requests"] = ["?idsite=1&rec=1&url=https%3A%2F%2Fexample.org%2F", "", 7, None, {}, {"idsite": "2"}]

    message = read(json.dumps(document))

    assert [{"idsite": "1", "rec": "1", "url": "https://example.org/"}, {"idsite": "2"}] == [hit.parameters for hit in message.hits]
    assert 4 == message.unreadable


def test_the_same_message_gives_the_same_ids_and_another_one_others():
    other = seed()
    other["content"]["time"] += 1

    ids = [read(body).hits[0].event_id for body in (SEED.read_text(), in_sns(SEED.read_text()), json.dumps(other))]

    assert ids[0] == ids[1] != ids[2]


def test_two_equal_messages_that_tell_no_time_are_two_hits_and_one_that_comes_twice_is_one():
    body = json.dumps({"content": {"requests": [{"idsite": "1", "rec": "1"}]}})

    ids = [read_message(body, sent_ms=sent_ms, is_accepted=lambda _: False).hits[0].event_id for sent_ms in (1, 1, 2)]

    assert ids[0] == ids[1] != ids[2]


def test_a_trackers_own_agent_and_language_are_what_counts():
    document = seed()
    document["content"]["requests"][0] |= {"ua": "Tracker/1", "lang": "fr"}

    (hit,) = read(json.dumps(document)).hits

    assert ("Tracker/1", "fr") == (hit.user_agent, hit.language)


def foreign_with(**parameters):
    document = seed()
    document["content"]["requests"][0] |= parameters
    return json.dumps(document)


@pytest.mark.parametrize(
    ("options", "counts"),
    [({}, False), ({"accepted": ["good-token-1"]}, True), ({"accepted": ["another"]}, False), ({"trusts_all": True}, True)],
)
def test_address_and_time_that_a_request_claims_count_only_with_an_accepted_token_or_where_all_are_trusted(options, counts):
    (hit,) = read(foreign_with(cip="198.51.100.9", cdt="1485000000", token_auth="good-token-1"), **options).hits

    expected = (True, "198.51.100.9", 1_485_000_000_000) if counts else (False, "10.0.13.1", 1_485_555_629_765)
    assert expected == (hit.authenticated, hit.address, hit.event_ms)


def test_the_token_of_a_bulk_counts_for_each_of_its_requests():
    document = seed()
    document["content"]["tokenAuth"] = "good-token-1"
    document["content"]["requests"].append({"idsite": "1", "rec": "1"})

    assert [True, True] == [hit.authenticated for hit in read(json.dumps(document), accepted=["good-token-1"]).hits]


def test_a_time_that_somebody_set_in_the_envelope_is_the_time_of_the_hit_as_for_the_plugin():
    document = seed()
    document["content"]["time"] = 1_400_000_000

    (hit,) = read(json.dumps(document)).hits

    assert (1_400_000_000_000, 1_400_000_000) == (hit.event_ms, hit.time_s)


def a_message_with_secrets():
    document = seed()
    request = document["content"]["requests"][0]
    request |= {
        "token_auth": "PLANTED-a1b2c3",
        "url": "https://shop.example.org/?token_auth=PLANTED-url&x=1",
        "urlref": "https://shop.example.org/?to=https%3A%2F%2Fe.org%2F%3Ftoken_auth%3DPLANTED-deep",
        "action_name": "my PLANTED-a1b2c3 token",
        "PLANTED-a1b2c3": "a name",
    }
    document["content"]["tokenAuth"] = "PLANTED-bulk"
    document["content"]["env"]["cookie"] = {"PIWIK_SESSID": "PLANTED-cookie"}
    server = document["content"]["env"]["server"]
    server["HTTP_COOKIE"] = "PIWIK_SESSID=PLANTED-cookie"
    server["HTTP_REFERER"] = "https://shop.example.org/?token_auth=PLANTED-referer"
    server["HTTP_USER_AGENT"] += " PLANTED-bulk"
    server["REQUEST_URI"] = server["QUERY_STRING"] = "token_auth=PLANTED-query"
    return json.dumps(document)


@pytest.mark.parametrize("layout", [COMPATIBLE, PACKED])
@every_wrapping
def test_no_token_and_no_cookie_of_a_foreign_message_is_written_again(wrap, layout):
    message = read(wrap(a_message_with_secrets()), accepted=["PLANTED-a1b2c3"])

    written = write_message(message.hits, layout=layout, shard=0, shards=1)

    assert b"PLANTED" not in written
    assert b"PLANTED" not in repr(message).encode()
    assert message.hits[0].authenticated


@pytest.mark.parametrize("layout", [COMPATIBLE, PACKED])
def test_a_token_that_somebody_adds_to_our_own_message_counts_and_goes_no_further(layout):
    document = json.loads(write_message([a_queued_hit()], layout=layout, shard=0, shards=1))
    document["content"]["requests"][0] |= {"token_auth": "PLANTED-1", "url": "https://e.org/?token_auth=PLANTED-2"}

    (hit,) = read(json.dumps(document), accepted=["PLANTED-1"]).hits

    assert hit.authenticated
    assert "PLANTED" not in repr(hit)


@pytest.mark.parametrize(
    "body",
    [
        '{"PLANTED": 1}',
        '{"Message": "PLANTED"}',
        '{"content": {"requests": "PLANTED"}}',
        "PLANTED",
        b"\xff\xfePLANTED",
        '{"Message": {"MessageBody": {"Message": "PLANTED"}}}',
        '"PLANTED"',
        "null",
        "7",
        "[]",
    ],
)
def test_an_error_tells_the_shape_of_a_message_and_nothing_it_holds(body, caplog):
    with pytest.raises(RejectedError) as error:
        read(body)

    chain = [error.value, error.value.__cause__, error.value.__context__]
    assert "PLANTED" not in "".join(repr(each) + str(each) for each in chain if each is not None)
    assert "" == caplog.text


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_bytes_are_hits_or_rejected(body):
    assert is_read_or_rejected(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.sampled_from([1e308, -1, 10**30]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["content", "requests", "env", "server", "time", "Message", "detail", "REQUEST_TIME", "hits", "sent", "id"])
            | TEXT,
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(JSON)
def test_any_json_is_hits_or_rejected(document):
    assert is_read_or_rejected(json.dumps(document))


@given(
    st.sampled_from([COMPATIBLE, PACKED]),
    st.lists(st.sampled_from(["version", "shard", "shards", "hits", "layout"]), max_size=2),
    JSON,
    st.data(),
)
def test_our_own_message_edited_in_any_way_is_hits_or_rejected(layout, names, value, data):
    document = json.loads(write_message([a_queued_hit()], layout=layout, shard=0, shards=1))
    for name in names:
        document["footfall"][name] = value
    if "hits" not in names:
        hit = document["footfall"]["hits"][0]
        hit[data.draw(st.sampled_from([*hit, "sent", "only", "time", "event_ms", "generation"]))] = value

    assert is_read_or_rejected(json.dumps(document))


def is_read_or_rejected(body):
    try:
        message = read(body)
    except RejectedError:
        return True
    write = [write_message([hit], layout=COMPATIBLE, shard=0, shards=1) for hit in message.hits]
    return len(write) == len(message.hits)


@pytest.mark.parametrize("layout", [COMPATIBLE, PACKED])
def test_what_somebody_changes_between_two_queues_is_what_is_read(layout):
    document = json.loads(
        write_message([a_queued_hit(parameters={"idsite": "1", "action_name": "Home"})], layout=layout, shard=2, shards=8)
    )
    document["content"]["requests"][0] |= {
        "action_name": "Start",
        "dimension1": "enriched",
        "cid": "f" * 16,
        "ua": "Other/1",
        "cdt": "1485000000",
    }

    message = read(json.dumps(document))

    (hit,) = message.hits
    assert {"idsite": "1", "action_name": "Start", "dimension1": "enriched"}.items() <= hit.parameters.items()
    assert ("f" * 16, "Other/1", 1_485_000_000_000) == (hit.visitor_id, hit.user_agent, hit.event_ms)
    assert (a_queued_hit().event_id, (2, 8)) == (hit.event_id, message.shard)


def test_a_message_from_which_somebody_removed_requests_is_read_as_a_foreign_one():
    document = json.loads(write_message([a_queued_hit("a"), a_queued_hit("b")], layout=PACKED, shard=0, shards=1))
    del document["content"]["requests"][0]

    message = read(json.dumps(document))

    assert (1, None) == (len(message.hits), message.shard)


def test_a_redriven_hit_is_delivered_under_another_id():
    assert ["a", "a!2"] == [a_queued_hit("a", generation=generation).delivery_id for generation in (0, 2)]


REFERERS = ["http://[", "http://]", "http://[v1.x]/", "http://a:b@[", "http://a\u2100.example", "https://\x00", "http://" + "[" * 9000]


@pytest.mark.parametrize("referer", REFERERS)
def test_a_referer_that_is_no_url_does_not_stop_the_drain(referer):
    """Any visitor of the plugin's Matomo can send one; `urlsplit` ends with ValueError for each of these."""
    world = World()
    server = {"HTTP_REFERER": referer, "REQUEST_TIME": NOW_MS // 1000 - 3600}
    world.queue.put(json.dumps({"content": {"requests": ["?idsite=1&rec=1&pv_id=a"], "env": {"server": server}}}))
    world.enqueue(a_hit("b", site="renamed", referer=referer))

    world.run()

    assert {"a": 1, "b": 1} == world.matomo.stored


def nested(levels, inner="1"):
    return "[" * levels + inner + "]" * levels


PLACES = {
    "a parameter": '{"content":{"requests":[{"idsite":1,"pv_id":"a","uadata":%s},{"idsite":1,"pv_id":"b"}]}}',
    "an unknown key": '{"content":{"requests":[{"idsite":1,"pv_id":"b"}],"more":%s}}',
    "the token": '{"content":{"requests":[{"idsite":1,"pv_id":"b"}],"tokenAuth":%s}}',
    "the time": '{"content":{"requests":[{"idsite":1,"pv_id":"b"}],"time":%s}}',
    "the server": '{"content":{"requests":[{"idsite":1,"pv_id":"b"}],"env":{"server":{"HTTP_USER_AGENT":%s}}}}',
}


@pytest.mark.parametrize("levels", [60, 254, 1000, 100_000])
@pytest.mark.parametrize("place", PLACES)
def test_nesting_costs_at_most_the_hit_that_is_nested(place, levels):
    """`orjson` reads some 1,000 levels and writes 254: what is between ended the run."""
    world = World()
    world.queue.put(PLACES[place] % nested(levels))
    world.enqueue(a_hit("c"))

    world.run()

    assert world.matomo.stored["c"] == 1
    assert world.matomo.stored["b"] == (1 if levels <= 1000 else 0)
    assert {"unreadable"} >= {letter.reason for letter in world.dead_letters.letters}
    assert [] == world.queue.messages


def test_half_a_pair_of_surrogates_is_replaced_and_costs_no_neighbour():
    """As JavaScript writes a title that it cut within an emoji; no JSON parser but its own reads that."""
    written = write_message([a_queued_hit("a"), a_queued_hit("b"), a_queued_hit("c")], layout=PACKED, shard=0, shards=1).decode()
    edited = written.replace(
        '"url":"https://www.example.org/"', '"url":"https://www.example.org/\\ud83d","e_n":"\\\\ud83d \\ud83d\\ude00 \\ude00"', 1
    )

    message = read(edited)

    assert (["a", "b", "c"], 0) == ([hit.event_id for hit in message.hits], message.unreadable)
    first = message.hits[0].parameters
    assert ("https://www.example.org/\ufffd", "\\ud83d \U0001f600 \ufffd") == (first["url"], first["e_n"])


def test_requests_that_php_wrote_as_an_object_are_read_with_their_own_places():
    written = json.loads(write_message([a_queued_hit("a"), a_queued_hit("b"), a_queued_hit("c")], layout=PACKED, shard=3, shards=8))
    written["content"]["requests"] = {"0": written["content"]["requests"][0], "2": written["content"]["requests"][2]}

    message = read(json.dumps(written))

    assert (["a", "c"], (3, 8)) == ([hit.event_id for hit in message.hits], message.shard)


def test_foreign_requests_as_an_object_keep_their_ids_when_one_is_taken_out():
    whole = read('{"content":{"time":1795000000,"requests":{"0":{"idsite":"1"},"5":{"idsite":"2"}}}}')

    assert ["#0", "#5"] == [hit.event_id[-2:] for hit in whole.hits]


@pytest.mark.parametrize("own", [None, 7, {}, {"id": "a"}, {"id": "a", "received_ms": "x"}, {"id": "a", "received_ms": -1}])
def test_a_hit_whose_description_was_damaged_costs_no_neighbour(own):
    written = json.loads(write_message([a_queued_hit("a"), a_queued_hit("b")], layout=PACKED, shard=0, shards=1))
    written["footfall"]["hits"][0] = own

    message = read(json.dumps(written))

    assert (["b"], 1) == ([hit.event_id for hit in message.hits], message.unreadable)


def test_a_message_whose_shard_was_edited_away_still_holds_its_hits():
    written = json.loads(write_message([a_queued_hit("a")], layout=PACKED, shard=0, shards=1)) | {}
    written["footfall"]["shards"] = "many"

    assert (1, None) == (len(read(json.dumps(written)).hits), read(json.dumps(written)).shard)
