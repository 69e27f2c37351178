"""From log lines to messages: what a queued hit says, how hits are packed, and what comes again when SQS does not confirm."""

import json
import re
from collections import Counter
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.configuration import Queue
from footfall.errors import UnavailableError
from footfall.hits.visitor import daily_visitor_id
from footfall.privacy import event_visitor_id, token_entry
from footfall.queueing.enqueue import Enqueuer, Sent
from footfall.queueing.incoming import read_message
from footfall.queueing.message import COMPATIBLE, PACKED
from footfall.queueing.pack import Numbered, batches, pack, shard_of
from tests.builders import ADDRESS, FIREFOX, NOW_MS, SALTS, a_configuration, a_kinesis_record, a_log_line, a_queued_hit

PIWIK_PRO_SITE = "0a1b2c3d-1111-2222-3333-444455556666"
TOKEN = "PLANTED-token-0123456789"
MATOMO = {"matomo": {"url": "https://matomo.example.org/matomo.php", "token_secret": "matomo/token"}}


class Outbox:
    """Confirms every message but those at the positions in `refuses`."""

    def __init__(self, *refuses):
        self.refuses = refuses
        self.messages = []

    def send(self, messages):
        self.messages += messages
        return Sent(dict.fromkeys(self.refuses, "InternalError"), 1)

    def hits(self):
        return [hit for message in self.messages for hit in read_message(message.body, sent_ms=0, is_accepted=lambda _: False).hits]


def routed(*, queue=None, privacy=None, **sections):
    sites = {"default": "main", "main": {"ids": ["1", PIWIK_PRO_SITE], "deliver": {"matomo": "7"}}, "silent": {"ids": ["2"]}}
    accepted = {"accepted_tokens": [token_entry(TOKEN, b"k" * 16)]}
    return a_configuration(sites=sites, destinations=MATOMO, queue=queue or {}, privacy=accepted | (privacy or {}), **sections)


def enqueue(*lines, configuration=None, outbox=None, salts=SALTS):
    outbox = outbox or Outbox()
    records = [a_kinesis_record(line, str(number)) for number, line in enumerate(lines)]
    enqueued = Enqueuer(configuration or routed()).enqueue(records, lambda _: salts, outbox, now_ms=NOW_MS)
    return enqueued, outbox


def queued(line, **options):
    _, outbox = enqueue(line, **options)
    (hit,) = outbox.hits()
    return hit


def a_tracker_line(query="", **columns):
    """A line of matomo.js: rec and idsite, then `query` as a browser sends it."""
    sent = "idsite=1&rec=1" + ("&" + query if query else "")
    return a_log_line(cs_uri_stem="/matomo.php", cs_uri_query=sent.replace("%", "%25"), **columns)


def test_a_page_view_carries_what_was_sent_and_what_policy_leaves_of_who_sent_it():
    hit = queued(a_tracker_line("action_name=Home&url=https%3A%2F%2Fe.org%2F%3Fa%3D1&res=1x1&dimension3=x&own=y&_id=0123456789abcdef"))

    assert {
        "idsite": "7",
        "rec": "1",
        "action_name": "Home",
        "url": "https://e.org/?a=1",
        "res": "1x1",
        "dimension3": "x",
        "own": "y",
    } == hit.parameters
    assert ("203.0.113.0", FIREFOX, "de-de", "0123456789abcdef") == (hit.address, hit.user_agent, hit.language, hit.visitor_id)
    assert ("DHj-0123456789abcdef==", "main", False) == (hit.event_id, hit.site, hit.authenticated)
    assert (1_795_000_000_397, 1_795_000_000_397, 1_795_000_000) == (hit.received_ms, hit.event_ms, hit.time_s)
    assert ("GET", "https", "d111111abcdef8.cloudfront.net", "/matomo.php") == (hit.method, hit.scheme, hit.host, hit.path)


def test_without_an_id_of_its_own_a_visitor_has_the_daily_one():
    assert daily_visitor_id(SALTS["2026-11-18"], "main", ADDRESS, FIREFOX) == queued(a_tracker_line()).visitor_id


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        (
            {"configuration": routed(privacy={"dnt": "strip"})},
            {"cs_headers": "dnt:1%0A", "cs_header_names": "dnt%0A", "cs_headers_count": "1"},
        ),
        ({"salts": {}}, {}),
    ],
)
def test_who_must_not_be_recognised_is_a_visitor_of_this_one_hit(options, columns):
    """Matomo would make up a visitor from address and agent for a hit without any."""
    hit = queued(a_tracker_line(**columns), **options)

    assert event_visitor_id(hit.event_id) == hit.visitor_id


def test_a_stripped_hit_carries_nothing_that_names_or_recognises_its_visitor():
    query = (
        "_id=0123456789abcdef&cid=0123456789abcdef&uid=jane&_idts=1&own=jane"
        "&url=https%3A%2F%2Fe.org%2F%3Fgclid%3Djane%26mc_eid%3Djane%26a%3D1&action_name=Home"
    )
    line = a_tracker_line(query, cs_headers="sec-gpc:1%0A", cs_header_names="sec-gpc%0A", cs_headers_count="1")

    hit = queued(line, configuration=routed(privacy={"gpc": "strip"}))

    assert {"idsite": "7", "rec": "1", "url": "https://e.org/?a=1", "action_name": "Home"} == hit.parameters
    assert ("0.0.0.0", True) == (hit.address, hit.has_gpc)


@pytest.mark.parametrize(("policy", "address"), [("truncate", "203.0.113.0"), ("keep", ADDRESS), ("hash", "0.0.0.0"), ("drop", "0.0.0.0")])
def test_the_address_is_what_policy_leaves_and_never_a_hash(policy, address):
    assert address == queued(a_tracker_line(), configuration=routed(privacy={"ip": policy})).address


def test_with_the_agent_dropped_the_queue_holds_none():
    query = "ua=Tracker%2F1&uadata=%7B%7D"

    kept = queued(a_tracker_line(query), configuration=routed(privacy={"user_agent": "reduced"}))
    dropped = queued(a_tracker_line(query), configuration=routed(privacy={"user_agent": "drop"}))

    assert ("Tracker/1", "{}") == (kept.user_agent, kept.parameters["uadata"])
    assert ("", None) == (dropped.user_agent, dropped.parameters.get("uadata"))


@pytest.mark.parametrize(
    ("policy", "token", "expected"),
    [("keep", "", "jane"), ("drop", TOKEN, None), ("authenticated", "", None), ("authenticated", TOKEN, "jane")],
)
def test_the_user_id_is_there_only_where_policy_lets_it(policy, token, expected):
    hit = queued(a_tracker_line(f"uid=jane&token_auth={token}"), configuration=routed(privacy={"user_id": policy}))

    assert expected == hit.parameters.get("uid")


@pytest.mark.parametrize(
    ("token", "expected"), [(TOKEN, ("198.51.100.0", 1_794_990_000_000, True)), ("wrong", ("203.0.113.0", 1_795_000_000_397, False))]
)
def test_address_and_time_that_a_request_claims_count_only_with_an_accepted_token(token, expected):
    hit = queued(a_tracker_line(f"cip=198.51.100.9&cdt=1794990000&country=fr&token_auth={token}"))

    assert expected == (hit.address, hit.event_ms, hit.authenticated)
    assert ("fr" if hit.authenticated else None) == hit.parameters.get("country")
    assert hit.event_ms // 1000 == hit.time_s
    assert not {"cip", "cdt", "token_auth"} & hit.parameters.keys()


@pytest.mark.parametrize("layout", [COMPATIBLE, PACKED])
def test_no_token_no_secret_and_not_the_visitors_own_address_is_in_any_message(layout):
    secrets = "https://e.org/?token_auth=PLANTED-2&sid=PLANTED-3&to=https%3A%2F%2Fe.org%2F%3Fsid%3DPLANTED-4"
    query = f"token_auth={TOKEN}&action_name={TOKEN}+from+{ADDRESS}&url={quote(secrets, safe='')}&urlref={quote(secrets, safe='')}"
    query += f"&link={quote(secrets, safe='')}&own={quote(secrets, safe='')}&phpsessid=PLANTED-5&e_c=203.0.113.7&{ADDRESS}=x"
    line = a_tracker_line(query, cs_referer=quote(secrets, safe=":/?&="), cs_user_agent=f"Mozilla/5.0%20({ADDRESS})", cs_cookie="PLANTED-6")

    _, outbox = enqueue(line, configuration=routed(queue={"layout": layout}))

    (message,) = outbox.messages
    assert b"PLANTED" not in message.body
    assert ADDRESS.encode() not in message.body


@pytest.mark.parametrize(
    "form", ["2001:db8::7", "2001:DB8::7", "2001%3Adb8%3A%3A7", "2001%253Adb8%253A%253A7", "2001:0db8:0000:0000:0000:0000:0000:0007"]
)
def test_the_visitors_own_address_is_in_no_message_in_whatever_form_it_was_sent(form):
    line = a_tracker_line(f"url=https%3A%2F%2Fe.org%2F%3Ffrom%3D{form}&own={form}&e_c={form}", c_ip="2001:db8::7")

    hit = queued(line)

    texts = " ".join([hit.referer, hit.user_agent, *hit.parameters, *hit.parameters.values()]).lower()
    for _ in range(3):
        texts = unquote(texts)
    assert not {"2001:db8::7", "2001:0db8:0000:0000:0000:0000:0000:0007"} & set(re.findall(r"[0-9a-f:]{6,}", texts))
    assert "removed" in hit.parameters["e_c"]
    assert "2001:db8::" == hit.address


def test_what_only_says_how_to_send_stays_behind():
    hit = queued(a_tracker_line("rand=1&r=2&send_image=0&queuedtracking=1&debug=1&apiv=1&redirecturl=https%3A%2F%2Fe.org"))

    assert {"idsite", "rec"} == set(hit.parameters)


def test_a_page_that_a_tracker_does_not_name_is_the_one_that_the_browser_names():
    assert "https://e.org/a" == queued(a_tracker_line(cs_referer="https://e.org/a")).parameters["url"]


def test_a_plain_pixel_is_a_view_of_the_page_it_is_on():
    hit = queued(a_log_line(cs_referer="https://e.org/a?sid=1&b=2", cs_uri_query="idgoal=5&e_c=x"))

    assert {"idsite": "7", "rec": "1", "url": "https://e.org/a?b=2", "action_name": "pixel"} == hit.parameters


def test_a_plain_pixel_on_no_page_is_a_view_of_its_own_url_without_secrets():
    hit = queued(a_log_line(cs_uri_query="userid=aws_user&sid=secret&thirdpartyname=example.hightrafficwebsite.com"))

    assert (
        "https://d111111abcdef8.cloudfront.net/1x1.png?userid=aws_user&thirdpartyname=example.hightrafficwebsite.com"
        == hit.parameters["url"]
    )


def test_an_opened_mail_is_a_view_of_the_pixel_with_its_campaign_and_not_of_the_mail_programs_page():
    hit = queued(a_log_line(cs_referer="https://webmail.example.com/", cs_uri_query="utm_medium=email&utm_source=news"))

    assert "https://d111111abcdef8.cloudfront.net/1x1.png?utm_medium=email&utm_source=news" == hit.parameters["url"]
    assert "email_open" == hit.parameters["action_name"]


def test_a_piwik_pro_order_is_an_order_of_matomo():
    query = f"idsite={PIWIK_PRO_SITE}&rec=1&e_t=order&ec_id=T-1&revenue=9&ec_products=%5B%5D&uia=1&t_us=4".replace("%", "%25")

    hit = queued(a_log_line(cs_uri_stem="/ppms.php", cs_uri_query=query))

    assert {"idsite": "7", "rec": "1", "idgoal": "0", "ec_id": "T-1", "revenue": "9", "ec_items": "[]"} == hit.parameters
    assert "0.0.0.0" == hit.address


@pytest.mark.parametrize(
    ("query", "event"),
    [
        ("e_t=add-to-cart", ("ecommerce", "add-to-cart")),
        ("idgoal=0a1b2c3d-1111-2222-3333-444455556666", ("goal", "0a1b2c3d-1111-2222-3333-444455556666")),
    ],
)
def test_what_matomo_has_no_word_for_is_an_event_and_no_page_view(query, event):
    hit = queued(a_log_line(cs_uri_stem="/ppms.php", cs_uri_query=f"idsite={PIWIK_PRO_SITE}&rec=1&{query}"))

    assert event == (hit.parameters["e_c"], hit.parameters["e_a"])
    assert "idgoal" not in hit.parameters


def test_only_what_is_enqueues_own_is_counted_and_each_hit_once():
    huge = a_tracker_line("action_name=" + "x" * 20_000, x_edge_request_id="huge")
    enqueued, outbox = enqueue(
        a_tracker_line(),
        a_log_line(cs_uri_query="idsite=2&rec=1"),
        a_log_line(cs_headers="sec-purpose:prefetch%0A", cs_header_names="sec-purpose%0A", cs_headers_count="1"),
        huge,
        "garbage",
        a_log_line(cs_method="OPTIONS"),
        a_log_line(sc_status="403"),
        configuration=routed(queue={"max_message_kb": 16}),
    )

    assert Counter({"main": 1}) == enqueued.counts.enqueued
    assert {("not_routed", "silent"): 1, ("prefetched", "main"): 1} == enqueued.counts.suppressed
    assert {("too_large", "main"): 1} == enqueued.counts.losses
    assert (None, 1) == (enqueued.failed_from, len(outbox.hits()))


@given(st.lists(st.binary(max_size=40) | st.sampled_from([a_tracker_line().encode(), b"\xff"]), max_size=5))
def test_any_record_is_enqueued_or_left_to_the_transform(lines):
    enqueued, outbox = enqueue(*lines)

    assert len(outbox.hits()) == enqueued.counts.enqueued.total()
    assert enqueued.failed_from is None


@pytest.mark.parametrize("data", ["no base64 !", "", "/w=="])
def test_a_record_that_holds_no_text_holds_nothing_up(data):
    record = a_kinesis_record("", "1")
    record["kinesis"]["data"] = data

    enqueued = Enqueuer(routed()).enqueue([record], lambda _: SALTS, Outbox(), now_ms=NOW_MS)

    assert (None, 0) == (enqueued.failed_from, enqueued.counts.enqueued.total())


def test_what_sqs_did_not_confirm_comes_again_from_its_first_record_on_and_is_not_counted_yet():
    lines = [a_tracker_line(f"_id={number:016x}", x_edge_request_id=f"request-{number}") for number in range(4)]

    enqueued, outbox = enqueue(*lines, configuration=routed(queue={"layout": "compatible"}), outbox=Outbox(2))

    assert (2, 2) == (enqueued.failed_from, enqueued.counts.enqueued["main"])
    assert {"InternalError": 1} == enqueued.failures
    assert 4 == len(outbox.messages)


def test_of_a_packed_message_that_failed_the_first_hit_decides():
    lines = [a_tracker_line("_id=0123456789abcdef", x_edge_request_id=f"request-{number}") for number in range(4)]

    enqueued, _ = enqueue(a_log_line(cs_method="HEAD"), *lines, outbox=Outbox(0))

    assert (1, 0) == (enqueued.failed_from, enqueued.counts.enqueued.total())


def test_a_salt_that_cannot_be_had_now_fails_the_batch_before_anything_is_sent():
    def unavailable(_days):
        raise UnavailableError("no salts")

    outbox = Outbox()

    with pytest.raises(UnavailableError):
        Enqueuer(routed()).enqueue([a_kinesis_record(a_tracker_line(), "1")], unavailable, outbox, now_ms=NOW_MS)

    assert [] == outbox.messages


HITS = st.lists(
    st.builds(
        lambda visitor, size: a_queued_hit(visitor_id=f"{visitor:016x}", parameters={"action_name": "ä" * size}),
        visitor=st.integers(0, 6),
        size=st.integers(0, 9000),
    ),
    max_size=40,
)
QUEUES = st.builds(
    Queue,
    layout=st.sampled_from([COMPATIBLE, PACKED]),
    visitor_shards=st.integers(1, 4),
    max_hits_per_message=st.integers(1, 10),
    max_message_kb=st.just(16),
)


def numbered(hits):
    return [Numbered(number, hit) for number, hit in enumerate(hits)]


def hits_of(message):
    return read_message(message.body, sent_ms=0, is_accepted=lambda _: False).hits


@given(HITS, QUEUES)
def test_every_hit_is_in_one_message_of_its_shard_in_order_within_the_limits_or_too_large(hits, settings):
    hits = [a_queued_hit(str(number), visitor_id=hit.visitor_id, parameters=hit.parameters) for number, hit in enumerate(hits)]

    packed = pack(numbered(hits), settings)

    written = [hit for message in packed.messages for hit in hits_of(message)]
    assert sorted(hit.event_id for hit in hits) == sorted(
        [hit.event_id for hit in written] + [each.hit.event_id for each in packed.unpacked]
    )
    for shard in range(settings.visitor_shards):
        order = [int(hit.event_id) for message in packed.messages if message.shard == shard for hit in hits_of(message)]
        assert order == sorted(order)
    for message in packed.messages:
        assert len(message.body) <= settings.max_message_kb * 1024
        assert len(message.numbers) <= (settings.max_hits_per_message if settings.layout == PACKED else 1)
        assert {message.shard} == {shard_of(hit, settings.visitor_shards) for hit in hits_of(message)}


@given(HITS, QUEUES)
def test_equal_hits_are_packed_into_equal_messages(hits, settings):
    assert pack(numbered(hits), settings) == pack(numbered(hits), settings)


def test_a_message_is_filled_to_the_last_byte_that_is_allowed():
    def hits(length):
        return numbered([a_queued_hit("a", parameters={"action_name": "€"}), a_queued_hit("b", parameters={"action_name": "x" * length})])

    settings = Queue(max_message_kb=16)
    left = 16 * 1024 - len(pack(hits(0), settings).messages[0].body)

    full, over = pack(hits(left), settings), pack(hits(left + 1), settings)

    assert ([16 * 1024], 2) == ([len(message.body) for message in full.messages], len(over.messages))


def test_one_visitors_hits_are_in_one_shard_whatever_the_process():
    """Another value would part the hits under way from those to come."""
    assert [3, 1, 4] == [shard_of(a_queued_hit(visitor_id=visitor), 8) for visitor in ("0123456789abcdef", "f" * 16, "0" * 16)]


def test_a_fifo_queue_knows_a_message_by_its_hits_in_their_order():
    def id_of(*events):
        (message,) = pack(numbered([a_queued_hit(event) for event in events]), Queue()).messages
        return message.deduplication_id

    assert id_of("a", "b") == id_of("a", "b")
    assert 3 == len({id_of("a", "b"), id_of("b", "a"), id_of("a")})


def test_calls_hold_at_most_so_many_messages_and_bytes():
    packed = pack(numbered([a_queued_hit(str(number), parameters={"a": "x" * 9000}) for number in range(5)]), Queue(max_message_kb=16))

    assert [[0, 1], [2, 3], [4]] == list(batches(packed.messages, max_entries=2, max_bytes=10**6))
    assert [[0], [1], [2], [3], [4]] == list(batches(packed.messages, max_entries=10, max_bytes=12_000))


def test_a_message_says_its_shard_of_how_many():
    _, outbox = enqueue(a_tracker_line("_id=0123456789abcdef"))

    own = json.loads(outbox.messages[0].body)["footfall"]
    assert (3, 8, "packed") == (own["shard"], own["shards"], own["layout"])
