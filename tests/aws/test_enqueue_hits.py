"""enqueue_hits against the local AWS APIs: the handler is imported and called as Lambda does."""

import importlib.util
import json
import logging
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from footfall.aws.queues import MAX_BATCH_BYTES, OutputQueue
from footfall.aws.storage import Bucket
from footfall.aws.tables import SaltTable
from footfall.configuration import Configuration
from footfall.errors import ConfigurationError, UnavailableError
from footfall.functions import EnqueueHitsSettings
from footfall.hits.salts import Salts
from footfall.queueing.enqueue import Enqueuer
from footfall.queueing.failures import Progress, redrive_failures
from footfall.queueing.incoming import read_message
from footfall.queueing.pack import Numbered, pack
from local.aws import LocalAws
from tests.builders import a_configuration, a_kinesis_record, a_log_line, a_queued_hit

LAMBDAS = Path(__file__).parents[2] / "lambdas"


def load_handler(name="enqueue_hits"):
    logging.Logger.manager.loggerDict.pop(name, None)  # a new execution environment has a new logger
    spec = importlib.util.spec_from_file_location(f"{name}_handler", LAMBDAS / name / "handler.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


def routed(**queue):
    return a_configuration(
        sites={"default": "main", "main": {"ids": ["1"], "deliver": {"matomo": "7"}}},
        destinations={"matomo": {"url": "https://matomo.example.org/matomo.php", "token_secret": "matomo/token"}},
        queue=queue,
    )


@pytest.fixture(params=[{"kind": "standard"}, {"kind": "fifo"}, {"layout": "compatible"}], ids=lambda queue: next(iter(queue.values())))
def account(request, monkeypatch, tmp_path):
    with LocalAws() as aws:
        configuration = routed(**request.param)
        resources = aws.create(configuration)
        path = tmp_path / "configuration.json"
        path.write_text(configuration.to_json())
        settings = EnqueueHitsSettings(configuration_path=str(path), salt_table=resources.salt_table, queue_url=resources.output_url)
        for name, value in (aws.environment() | settings.to_env()).items():
            monkeypatch.setenv(name, value)
        yield aws, resources


def an_event(*lines):
    return {"Records": [a_kinesis_record(line, str(number)) for number, line in enumerate(lines)]}


def lines(count):
    return [
        a_log_line(timestamp=f"{time.time():.3f}", x_edge_request_id=f"request-{number}", c_ip=f"192.0.2.{number}")
        for number in range(count)
    ]


def waiting(aws, url):
    """The bodies of all messages in a queue, which are deleted."""
    bodies = []
    while messages := aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            bodies.append(message["Body"])
            aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def hits_in(aws, url):
    return [hit for body in waiting(aws, url) for hit in read_message(body, sent_ms=0, is_accepted=lambda _: False).hits]


def test_a_batch_of_lines_waits_in_the_queue_and_nothing_comes_again(account, capsys):
    aws, resources = account

    answer = load_handler()(an_event(*lines(25), "garbage"), None)

    assert {"batchItemFailures": []} == answer
    assert {f"request-{number}" for number in range(25)} == {hit.event_id for hit in hits_in(aws, resources.output_url)}
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (log,) = [document for document in written if document.get("message") == "batch enqueued"]
    assert (26, 25, 0, 0) == (log["records"], log["enqueued"], log["losses"], log["unconfirmed"])
    (metric,) = [document for document in written if "_aws" in document]
    assert ("main", [25.0]) == (metric["site"], metric["enqueued"])
    assert "192.0.2" not in json.dumps(written)
    assert "Mozilla" not in json.dumps(written)


def test_below_100_percent_every_total_is_marked_sampled(account, tmp_path, capsys):
    sampled = json.loads((tmp_path / "configuration.json").read_text())
    sampled["edge"]["sampling_rate"] = 25
    (tmp_path / "configuration.json").write_text(json.dumps(sampled))

    load_handler()(an_event(*lines(1)), None)

    totals = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "enqueued" in json.loads(line)]
    assert {25} == {document["sampling_rate"] for document in totals}


def test_the_visitor_ids_are_those_of_the_rows(account):
    """Both functions take the salt of the day from one table."""
    aws, resources = account
    event = an_event(*lines(1))

    load_handler()(event, None)
    load_handler()(event, None)  # another execution environment

    ids = {hit.visitor_id for hit in hits_in(aws, resources.output_url)}
    salts = aws.client("dynamodb").scan(TableName=resources.salt_table)["Items"]
    assert (1, 1) == (len(ids), len(salts))


def test_without_the_queue_every_record_comes_again_and_the_function_ends_in_time(account, capsys):
    aws, resources = account
    aws.client("sqs").delete_queue(QueueUrl=resources.output_url)

    answer = load_handler()(an_event("garbage", *lines(25)), None)

    assert {"batchItemFailures": [{"itemIdentifier": "1"}]} == answer
    assert any("unconfirmed" in json.loads(line) for line in capsys.readouterr().out.splitlines())


def test_without_the_salts_the_batch_fails_and_nothing_is_enqueued(account):
    aws, resources = account
    aws.client("dynamodb").delete_table(TableName=resources.salt_table)

    with pytest.raises(UnavailableError):
        load_handler()(an_event(*lines(1)), None)

    assert [] == waiting(aws, resources.output_url)


def test_an_incomplete_environment_fails_the_cold_start_and_names_what_is_missing(account, monkeypatch):
    monkeypatch.delenv("OUTPUT_QUEUE")

    with pytest.raises(ConfigurationError, match="OUTPUT_QUEUE"):
        load_handler()


def test_a_batch_that_was_put_aside_in_s3_is_enqueued_and_its_object_deleted(account):
    aws, resources = account
    key = "aws/lambda/11111111-2222-3333-4444-555555555555/shardId-000000000000/2026/11/18/2026-11-18T00.38.06-a1b2"
    aws.client("s3").put_object(Bucket=resources.failures, Key=key, Body=json.dumps({"payload": an_event(*lines(3))}))
    salts, now = Salts(SaltTable(resources.salt_table)), datetime.now(UTC)

    redriven = [
        redrive_failures(
            Bucket(resources.failures),
            Enqueuer(Configuration.from_json(Path(os.environ["FOOTFALL_CONFIGURATION"]).read_text())),
            lambda days: salts.require(days, now),
            OutputQueue(resources.output_url),
            now_ms=time.time_ns() // 1_000_000,
        )
        for _ in range(2)
    ]

    assert [Progress(1, 3, 3, 0), Progress(0, 0, 0, 0)] == [each.progress() for each in redriven]
    assert {"request-0", "request-1", "request-2"} == {hit.event_id for hit in hits_in(aws, resources.output_url)}
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket=resources.failures)


def test_an_object_that_is_gone_is_deleted_again_without_complaint(account):
    _, resources = account

    Bucket(resources.failures).delete("nothing")

    assert Bucket(resources.failures).get("nothing") is None


def messages(count, *, size=0):
    hits = [a_queued_hit(str(number), visitor_id=f"{number:016x}", parameters={"a": "x" * size}) for number in range(count)]
    return pack([Numbered(number, hit) for number, hit in enumerate(hits)], routed(layout="compatible", max_message_kb=1024).queue).messages


class Client:
    """Answers each call with the next of `answers`, given the ids of its entries; then confirms everything."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = []

    def send_message_batch(self, **request):
        self.calls.append([entry["Id"] for entry in request["Entries"]])
        answer = self.answers.pop(0) if self.answers else lambda ids: confirmed(*ids)
        if isinstance(answer, Exception):
            raise answer
        return answer(self.calls[-1])


def confirmed(*ids):
    return {"Successful": [{"Id": each} for each in ids]}


def failing(code, *failed, ours):
    def answer(ids):
        return {
            "Successful": [{"Id": each} for each in ids if each not in failed],
            "Failed": [{"Id": each, "Code": code, "SenderFault": ours, "Message": "m"} for each in ids if each in failed],
        }

    return answer


def send(client, sent):
    queue = OutputQueue("https://sqs.eu-central-1.amazonaws.com/123456789012/q")
    queue.__dict__["_client"] = client
    return queue.send(sent)


def test_an_entry_that_failed_for_no_fault_of_ours_is_sent_again_alone():
    client = Client(failing("InternalError", "1", ours=False))

    sent = send(client, messages(3))

    assert ({}, 2) == (sent.failed, sent.calls)
    assert [["0", "1", "2"], ["1"]] == client.calls


def test_an_entry_that_fails_on_and_on_is_a_failure_with_its_code():
    client = Client(*[failing("InternalError", "1", ours=False)] * 3)

    assert ({1: "InternalError"}, 3) == send(client, messages(3))


def test_an_entry_that_sqs_calls_our_fault_is_not_sent_again():
    client = Client(failing("InvalidMessageContents", "0", ours=True))

    assert ({0: "InvalidMessageContents"}, 1) == send(client, messages(3))


def test_an_entry_that_sqs_does_not_mention_was_not_confirmed():
    client = Client(*[lambda ids: confirmed("0", "2")] * 3)

    assert {1: "no answer"} == send(client, messages(3)).failed


def test_when_sqs_does_not_answer_the_rest_is_not_tried():
    from botocore.exceptions import EndpointConnectionError

    client = Client(lambda ids: confirmed(*ids), EndpointConnectionError(endpoint_url="https://sqs.example.org"))

    sent = send(client, messages(35))

    assert set(range(10, 35)) == sent.failed.keys()
    assert 2 == len(client.calls)


def test_a_call_holds_ten_messages_and_one_mebibyte_at_most():
    client = Client()

    for sent in (messages(25), messages(3, size=100_000), messages(2, size=200_000)):  # compatible: parameters stand there three times
        send(client, sent)

    assert [10, 10, 5, 3, 1, 1] == [len(call) for call in client.calls]
    assert sum(len(message.body) for message in messages(2, size=200_000)) > MAX_BATCH_BYTES
