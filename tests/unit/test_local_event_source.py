"""The local event source mapping does what Lambda's does with partial failures, bisection and records that never succeed."""

import base64
import json

import pytest

from local.aws import LocalAws
from local.event_source import EventSource
from local.runtime import FunctionError

ARN = "arn:aws:kinesis:eu-central-1:000000000000:stream/hits"


@pytest.fixture
def kinesis():
    with LocalAws() as aws:
        client = aws.client("kinesis")
        client.create_stream(StreamName="hits", ShardCount=1)
        yield client


def put(kinesis, *lines):
    for line in lines:
        kinesis.put_record(StreamName="hits", Data=line.encode(), PartitionKey="p")


def lines_of(event):
    return [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]


class Function:
    """Answers with a partial failure at lines that hold `partial`, raises for those that hold `poison`."""

    def __init__(self):
        self.batches = []

    def __call__(self, event):
        lines = lines_of(event)
        self.batches.append(lines)
        if any("poison" in line for line in lines):
            raise FunctionError("enqueue_hits", "ValueError", "poison")
        failed = [record for record, line in zip(event["Records"], lines, strict=True) if "partial" in line]
        return {"batchItemFailures": [{"itemIdentifier": record["kinesis"]["sequenceNumber"]} for record in failed]}


def an_event_source(kinesis, tmp_path, function, **options):
    kept, done = {}, []
    source = EventSource(
        kinesis=kinesis,
        stream_arn=ARN,
        function_arn="arn:aws:lambda:eu-central-1:000000000000:function:enqueue_hits",
        invoke=function,
        discard=kept.__setitem__,
        checkpoint=tmp_path / "checkpoint.json",
        done=lambda records: done.extend(record.line.decode() for record in records),
        **options,
    )
    return source, kept, done


def test_what_succeeds_is_read_once_even_by_the_next_mapping(kinesis, tmp_path):
    put(kinesis, "a", "b")
    an_event_source(kinesis, tmp_path, Function())[0].run_until_idle()
    put(kinesis, "c")
    function = Function()

    an_event_source(kinesis, tmp_path, function)[0].run_until_idle()

    assert [["c"]] == function.batches


def test_after_a_partial_failure_only_what_is_left_is_tried_again(kinesis, tmp_path):
    put(kinesis, "a", "partial", "b")
    function = Function()
    source, _, done = an_event_source(kinesis, tmp_path, function, retries=1)

    source.step()
    assert ["a"] == done
    source.run_until_idle()

    assert [["a", "partial", "b"], ["partial", "b"]] == function.batches


def test_a_batch_that_raises_is_bisected_and_what_never_succeeds_is_kept_whole_with_its_neighbours_going_on(kinesis, tmp_path):
    put(kinesis, "a", "b", "poison", "c")
    function = Function()
    source, kept, done = an_event_source(kinesis, tmp_path, function, retries=4)

    source.run_until_idle()

    assert ["a", "b", "poison", "c"] == done
    ((key, body),) = kept.items()
    document = json.loads(body)
    assert key.startswith("aws/lambda/")
    assert ["poison"] == lines_of(json.loads(document["payload"]))
    assert document["KinesisBatchInfo"]["batchSize"] == 1


def test_an_identifier_that_is_none_of_the_batch_fails_all_of_it(kinesis, tmp_path):
    put(kinesis, "a")
    source, kept, _ = an_event_source(kinesis, tmp_path, lambda _event: {"batchItemFailures": [{"itemIdentifier": "elsewhere"}]}, retries=0)

    source.run_until_idle()

    assert len(kept) == 1
