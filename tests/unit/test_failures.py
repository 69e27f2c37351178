"""Batches that Lambda put aside: read in the form it writes, enqueued through the same code, deleted only afterwards."""

import json
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import RejectedError, UnavailableError
from footfall.queueing.enqueue import Enqueuer, Sent
from footfall.queueing.failures import Progress, read_invocation, redrive_failures
from footfall.queueing.incoming import read_message
from tests.builders import NOW_MS, SALTS, a_configuration, a_kinesis_record, a_log_line


class Aside(NamedTuple):
    key: str


class Store:
    """A bucket in memory that tells what was done, in order."""

    def __init__(self, **objects):
        self.objects = dict(objects)
        self.did = []

    def list(self, prefix):
        return [Aside(key) for key in sorted(self.objects) if key.startswith(prefix)]

    def get(self, key):
        return self.objects.get(key)

    def delete(self, key):
        self.did.append(f"deleted {key}")
        self.objects.pop(key, None)


class Outbox:
    def __init__(self, store, fails=0):
        self.store, self.fails, self.messages = store, fails, []

    def send(self, messages):
        self.store.did.append("sent")
        if self.fails:
            self.fails -= 1
            return Sent(dict.fromkeys(range(len(messages)), "InternalError"), 1)
        self.messages += messages
        return Sent({}, 1)


def an_invocation(*lines, as_text=False):
    """What Lambda writes for a discarded batch (Lambda developer guide, "Retain discarded batch records …")."""
    event = {"Records": [a_kinesis_record(line, str(number)) for number, line in enumerate(lines)]}
    document = {
        "requestContext": {
            "requestId": "c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5",
            "functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:enqueue_hits",
            "condition": "RecordAgeExceeded",
            "approximateInvokeCount": 8,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-11-18T00:38:06.021Z",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000001",
            "startSequenceNumber": "0",
            "endSequenceNumber": str(len(lines) - 1),
            "batchSize": len(lines),
            "streamArn": "arn:aws:kinesis:eu-central-1:123456789012:stream/hits",
        },
        "payload": json.dumps(event) if as_text else event,
    }
    return json.dumps(document).encode()


def redrive(store, *, fails=0, **options):
    configuration = a_configuration(
        sites={"default": "main", "main": {"ids": ["1"], "deliver": {"matomo": "7"}}},
        destinations={"matomo": {"url": "https://matomo.example.org/matomo.php", "token_secret": "matomo/token"}},
    )
    outbox = Outbox(store, fails)
    return redrive_failures(store, Enqueuer(configuration), lambda _: SALTS, outbox, now_ms=NOW_MS, **options), outbox


def event_ids(outbox):
    return [hit.event_id for message in outbox.messages for hit in read_message(message.body, sent_ms=0, is_accepted=lambda _: False).hits]


def lines(*ids):
    return [a_log_line(x_edge_request_id=each) for each in ids]


@pytest.mark.parametrize("as_text", [True, False])
def test_the_records_of_a_batch_are_read_whether_the_payload_is_json_or_a_text_of_it(as_text):
    records = read_invocation(an_invocation(*lines("id-a", "id-b"), as_text=as_text))

    assert ["0", "1"] == [record["kinesis"]["sequenceNumber"] for record in records]


def test_each_batch_is_enqueued_and_only_then_deleted_and_progress_is_told():
    store, seen = Store(a=an_invocation(*lines("id-a", "id-b")), b=an_invocation(*lines("id-c"), "garbage")), []

    redriven, outbox = redrive(store, observe=seen.append)

    assert ["sent", "deleted a", "sent", "deleted b"] == store.did
    assert ["id-a", "id-b", "id-c"] == event_ids(outbox)
    assert [Progress(1, 2, 2, 0), Progress(2, 4, 3, 0)] == seen
    assert ({"main": 3}, {}) == (redriven.counts.enqueued, redriven.kept)


def test_a_batch_that_the_queue_did_not_confirm_stays_and_the_next_one_is_tried():
    store = Store(a=an_invocation(*lines("id-a")), b=an_invocation(*lines("id-b")))

    redriven, outbox = redrive(store, fails=1)

    assert ({"a"}, ["id-b"]) == (set(store.objects), event_ids(outbox))
    assert {"a": "the queue did not confirm record 1 of 1: InternalError"} == redriven.kept
    assert 1 == redriven.counts.enqueued.total()


def test_a_redrive_that_is_repeated_gives_the_same_ids_so_that_nothing_is_delivered_twice():
    store = Store(a=an_invocation(*lines("id-a")))
    _, first = redrive(Store(a=store.objects["a"]))

    _, second = redrive(store)

    assert event_ids(first) == event_ids(second)
    assert [message.deduplication_id for message in first.messages] == [message.deduplication_id for message in second.messages]


def test_what_is_no_batch_stays_and_says_why_without_its_content():
    store = Store(a=b'{"payload": "PLANTED"}', b=an_invocation(*lines("id-b")))

    redriven, outbox = redrive(store)

    assert ["id-b"] == event_ids(outbox)
    assert ["a"] == list(redriven.kept) == list(store.objects)
    assert "PLANTED" not in redriven.kept["a"]


def test_an_object_that_is_gone_meanwhile_is_passed_over():
    store = Store(a=None)

    redriven, _ = redrive(store)

    assert Progress(0, 0, 0, 0) == redriven.progress()


def test_without_the_salts_nothing_is_sent_or_deleted():
    def unavailable(_days):
        raise UnavailableError("no salts")

    store = Store(a=an_invocation(*lines("id-a")))
    with pytest.raises(UnavailableError):
        redrive_failures(store, Enqueuer(a_configuration()), unavailable, Outbox(store), now_ms=NOW_MS)

    assert [] == store.did


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["payload", "Records", "kinesis", "data"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.binary(max_size=40) | JSON.map(lambda document: json.dumps(document).encode()))
def test_any_object_is_a_batch_or_rejected(body):
    try:
        records = read_invocation(body)
    except RejectedError:
        records = []

    assert all(isinstance(record["kinesis"]["data"], str) for record in records)
