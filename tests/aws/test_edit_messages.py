"""The example that edits messages between two queues: what it changes counts, what it cannot send comes again, nothing is lost."""

import importlib.util
import json
from pathlib import Path

import pytest

from footfall.aws.queues import OutputQueue
from footfall.configuration import Queue
from footfall.queueing.incoming import read_message
from footfall.queueing.message import COMPATIBLE, PACKED
from footfall.queueing.pack import Numbered, pack
from local.aws import LocalAws
from tests.builders import a_queued_hit

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "edit_messages" / "handler.py"


@pytest.fixture(params=["", ".fifo"], ids=["standard", "fifo"])
def between(request, monkeypatch):
    """The example's module, and the two queues it stands between."""
    with LocalAws() as aws:
        fifo = {"FifoQueue": "true"} if request.param else {}
        output, target = (
            aws.client("sqs").create_queue(QueueName=f"{name}{request.param}", Attributes=fifo)["QueueUrl"] for name in ("out", "in")
        )
        for name, value in (aws.environment() | {"QUEUE_URL": target}).items():
            monkeypatch.setenv(name, value)
        spec = importlib.util.spec_from_file_location("edit_messages", EXAMPLE)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module, aws, output, target
        module.sqs.close()


def an_sqs_event(aws, url):
    """What Lambda makes of the messages that wait in a queue."""
    received = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages", [])
    return {"Records": [{"messageId": each["MessageId"], "body": each["Body"], "attributes": each["Attributes"]} for each in received]}


def hits_in(aws, url):
    bodies = [record["body"] for record in an_sqs_event(aws, url)["Records"]]
    return [hit for body in bodies for hit in read_message(body, sent_ms=0, is_accepted=lambda _: False).hits]


def hits(*visitors):
    return [
        a_queued_hit(f"request-{number}", visitor_id=visitor, parameters={"idsite": "1", "rec": "1", "url": "https://e.org/shop/a"})
        for number, visitor in enumerate(visitors)
    ]


def enqueue(url, hits, layout=PACKED):
    numbered = [Numbered(number, hit) for number, hit in enumerate(hits)]
    assert not OutputQueue(url).send(pack(numbered, Queue(layout=layout)).messages).failed


@pytest.mark.parametrize("layout", [PACKED, COMPATIBLE])
def test_what_it_changes_is_read_and_everything_else_stays_what_it_was(between, layout):
    example, aws, output, target = between
    sent = hits("0" * 16, "f" * 16)
    enqueue(output, sent, layout)

    answer = example.handler(an_sqs_event(aws, output), None)

    assert {"batchItemFailures": []} == answer
    arrived = {hit.event_id: hit for hit in hits_in(aws, target)}
    assert {hit.event_id: {**hit.parameters, "dimension1": "shop"} for hit in sent} == {
        name: hit.parameters for name, hit in arrived.items()
    }
    for hit in sent:
        other = arrived[hit.event_id]
        assert (hit.visitor_id, hit.address, hit.event_ms, hit.site) == (other.visitor_id, other.address, other.event_ms, other.site)


def test_a_message_that_it_cannot_read_goes_on_as_it_is(between):
    example, _, _, _ = between

    for body in ("no json", "7", '{"content": {"requests": [7]}}', '{"content": 1}'):
        assert body == example.edit(body)


def test_what_could_not_be_sent_comes_again_and_the_rest_does_not(between, monkeypatch):
    example, aws, output, _ = between
    enqueue(output, hits("0" * 16, "f" * 16, "1" * 16), COMPATIBLE)
    event = an_sqs_event(aws, output)
    is_fifo = output.endswith(".fifo")
    attempts = []

    def is_sent(record):
        attempts.append(record["messageId"])
        return len(attempts) != 2

    monkeypatch.setattr(example, "is_sent", is_sent)

    answer = example.handler(event, None)

    ids = [record["messageId"] for record in event["Records"]]
    assert (ids[1:] if is_fifo else ids[1:2]) == [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_without_the_second_queue_everything_comes_again(between):
    example, aws, output, target = between
    enqueue(output, hits("0" * 16))
    aws.client("sqs").delete_queue(QueueUrl=target)
    event = an_sqs_event(aws, output)

    answer = example.handler(event, None)

    assert [{"itemIdentifier": event["Records"][0]["messageId"]}] == answer["batchItemFailures"]


def test_a_character_that_sqs_refuses_is_not_written_raw(between):
    example, _, _, _ = between
    body = json.dumps({"content": {"requests": [{"url": "https://e.org/shop", "action_name": "\uffff"}]}})

    assert example.edit(body).isascii()
