"""The local Firehose does what Amazon Data Firehose does with good answers, bad answers and none."""

import base64
import io
import json
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from footfall.errors import ConfigurationError
from local.firehose import Firehose
from local.firehose_buffer import MIB, DeliveryStream, Hints, Progress, Record
from local.firehose_prefix import Prefix, check
from local.runtime import FunctionCrashed, FunctionError, FunctionTimedOut, PayloadTooLarge

ARRIVED = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
NOW_S = ARRIVED.timestamp() + 5
KEYS = {"place": "hits/site=main", "date": "2026-11-22"}


class FakeKinesis:
    """Shards in memory; an iterator is `shard/position`."""

    def __init__(self, **shards: list[bytes]) -> None:
        self.shards = {f"shardId-{name[1:]:0>12}": lines for name, lines in (shards or {"s0": []}).items()}
        self.closed: set[str] = set()
        self.arrivals: dict[bytes, datetime] = {}
        self.repeats = 0

    def list_shards(self, *, StreamName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"Shards": [{"ShardId": shard} for shard in self.shards]}

    def get_shard_iterator(self, **request: str) -> dict[str, str]:
        return {"ShardIterator": f"{request['ShardId']}/{request.get('StartingSequenceNumber', 0)}"}

    def get_records(self, *, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803 - AWS's names
        shard, _, position = ShardIterator.partition("/")
        first = max(0, int(position) - self.repeats)
        records = [self._record(number, line) for number, line in enumerate(self.shards[shard], 1) if first < number <= first + Limit]
        following = {} if shard in self.closed else {"NextShardIterator": f"{shard}/{len(self.shards[shard])}"}
        return {"Records": records, **following}

    def _record(self, number: int, line: bytes) -> dict[str, Any]:
        arrived = self.arrivals.get(line, ARRIVED)
        return {"SequenceNumber": str(number), "PartitionKey": f"k{number}", "Data": line, "ApproximateArrivalTimestamp": arrived}


class FakeS3:
    """A bucket in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - AWS's names
        self.objects[Key] = Body

    def rows(self) -> list[dict[str, Any]]:
        tables = [pq.read_table(io.BytesIO(body)) for key, body in self.objects.items() if key.endswith(".parquet")]
        return [{name: value for name, value in row.items() if value is not None} for table in tables for row in table.to_pylist()]

    def errors(self) -> list[dict[str, Any]]:
        return [json.loads(line) for key, body in self.objects.items() if key.startswith("errors/") for line in body.splitlines()]


class Clock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


def a_stream(**changes: Any) -> DeliveryStream:
    settings: dict[str, Any] = {
        "name": "lake",
        "region": "eu-central-1",
        "account": "111122223333",
        "source_arn": "arn:aws:kinesis:eu-central-1:111122223333:stream/hits",
        "function_arn": "arn:aws:lambda:eu-central-1:111122223333:function:transform_hits",
        "bucket": "bucket",
        "prefix": "!{partitionKeyFromLambda:place}/date=!{partitionKeyFromLambda:date}/",
        "error_prefix": "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
        "database": "footfall",
        "table": "landing",
    }
    return DeliveryStream(**(settings | changes))


def answer_of(record: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    row = json.dumps({"event_id": base64.b64decode(record["data"]).decode(), "site": "main"})
    entry = {"recordId": record["recordId"], "result": "Ok", "data": base64.b64encode(row.encode()).decode()}
    return {name: value for name, value in {**entry, "metadata": {"partitionKeys": KEYS}, **changes}.items() if value is not ...}


def transform(event: Any) -> dict[str, Any]:
    return {"records": [answer_of(record) for record in event["records"]]}


class Stage:
    """A Firehose with fakes around it."""

    def __init__(self, tmp_path: Path, kinesis: FakeKinesis, invoke: Callable[[Any], Any] = transform, **changes: Any) -> None:
        self.kinesis, self.s3, self.clock = kinesis, FakeS3(), Clock()
        self.events: list[dict[str, Any]] = []
        self.verdicts: list[tuple[bytes, str]] = []
        self.checkpoint = tmp_path / "state" / "checkpoint.json"
        self.firehose = Firehose(
            a_stream(**changes),
            kinesis=kinesis,
            s3=self.s3,
            invoke=lambda event: (self.events.append(event), invoke(event))[1],
            checkpoint=self.checkpoint,
            clock=self.clock,
            observe=lambda line, verdict: self.verdicts.append(
                (line, re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", verdict))
            ),
        )


def test_the_function_gets_the_documented_event(tmp_path: Path) -> None:
    stage = Stage(tmp_path, FakeKinesis(s3=[b"a line"]))

    stage.firehose.run_until_idle()

    (event,) = stage.events
    assert len(event.pop("invocationId")) == 36
    sequence = "49" + "3".zfill(14) + "1".zfill(40)
    arrived_ms = int(ARRIVED.timestamp() * 1000)
    assert event == {
        "sourceKinesisStreamArn": "arn:aws:kinesis:eu-central-1:111122223333:stream/hits",
        "deliveryStreamArn": "arn:aws:firehose:eu-central-1:111122223333:deliverystream/lake",
        "region": "eu-central-1",
        "records": [
            {
                "recordId": sequence + "000000",
                "approximateArrivalTimestamp": arrived_ms,
                "data": base64.b64encode(b"a line").decode(),
                "kinesisRecordMetadata": {
                    "sequenceNumber": sequence,
                    "subsequenceNumber": 0,
                    "partitionKey": "k1",
                    "shardId": "shardId-000000000003",
                    "approximateArrivalTimestamp": arrived_ms,
                },
            }
        ],
    }


def test_rows_land_under_their_partition_in_one_object_named_as_firehose_names_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path, FakeKinesis(s0=[b"a", b"b"], s1=[b"c"]))

    stage.firehose.run_until_idle()

    (key,) = stage.s3.objects
    assert re.fullmatch(r"hits/site=main/date=2026-11-22/lake-1-2026-11-22-10-30-00-[0-9a-f-]{36}\.parquet", key)
    assert [{"event_id": name} for name in "abc"] == stage.s3.rows()
    landed = "ok:hits/site=main/date=2026-11-22/lake-1-2026-11-22-10-30-00-UUID.parquet"
    assert [(line, landed) for line in (b"a", b"b", b"c")] == stage.verdicts


def test_an_object_bears_the_time_of_its_oldest_record(tmp_path: Path) -> None:
    stage = Stage(tmp_path, FakeKinesis(s0=[b"young", b"old", b"younger"]))
    stage.kinesis.arrivals = {b"old": ARRIVED.replace(hour=9)}

    stage.firehose.run_until_idle()

    assert ["2026-11-22-09-30-00"] == [key.partition("lake-1-")[2][:19] for key in stage.s3.objects]


def test_lines_wait_for_the_function_until_there_are_enough_or_they_waited_long_enough(tmp_path: Path) -> None:
    stage = Stage(tmp_path, FakeKinesis(s0=[b"x" * 100]), transform_hints=Hints(size_bytes=250, seconds=60))

    stage.firehose.step()
    stage.clock.now_s += 59.9
    stage.firehose.step()
    assert stage.events == []

    stage.clock.now_s += 0.1
    stage.firehose.step()
    assert [1] == [len(event["records"]) for event in stage.events]

    stage.kinesis.shards["shardId-000000000000"] += [b"y" * 100] * 3
    stage.firehose.step()
    assert [1, 2] == [len(event["records"]) for event in stage.events]


def test_a_batch_is_no_larger_than_the_hint_unless_one_line_is(tmp_path: Path) -> None:
    lines = [b"x" * 100, b"y" * 400, b"z" * 100, b"z" * 100, b"z" * 100]
    stage = Stage(tmp_path, FakeKinesis(s0=lines), transform_hints=Hints(size_bytes=250, seconds=60))

    stage.firehose.run_until_idle()

    assert [1, 1, 2, 1] == [len(event["records"]) for event in stage.events]


def test_a_batch_has_no_more_records_than_one_read_gives(tmp_path: Path) -> None:
    stage = Stage(tmp_path, FakeKinesis(s0=[b"x"] * 7), max_batch_records=3)

    stage.firehose.run_until_idle()

    assert [3, 3, 1] == [len(event["records"]) for event in stage.events]


def test_rows_wait_for_their_object_until_the_destination_hint(tmp_path: Path) -> None:
    hints = {"transform_hints": Hints(size_bytes=MIB, seconds=0), "destination_hints": Hints(size_bytes=200, seconds=300)}
    stage = Stage(tmp_path, FakeKinesis(s0=[b"a"]), **hints)

    stage.firehose.step()
    stage.clock.now_s += 299.9
    assert (stage.firehose.step(), stage.s3.objects, stage.checkpoint.exists()) == (False, {}, False)

    stage.clock.now_s += 0.2
    stage.firehose.step()
    assert [{"event_id": "a"}] == stage.s3.rows()

    stage.kinesis.shards["shardId-000000000000"] += [b"b" * 90, b"c" * 90]
    stage.firehose.step()
    assert len(stage.s3.objects) == 2


def test_what_the_function_drops_leaves_no_trace_but_its_verdict(tmp_path: Path) -> None:
    drop = lambda event: {"records": [{"recordId": record["recordId"], "result": "Dropped"} for record in event["records"]]}  # noqa: E731
    stage = Stage(tmp_path, FakeKinesis(s0=[b"a"]), drop)

    stage.firehose.run_until_idle()

    assert (stage.s3.objects, stage.verdicts) == ({}, [(b"a", "dropped")])
    assert json.loads(stage.checkpoint.read_text("utf-8")) == {"shardId-000000000000": "1"}


def test_a_failed_record_is_written_raw_under_the_error_prefix_with_the_documented_fields(tmp_path: Path) -> None:
    fail = lambda event: {"records": [answer_of(record, result="ProcessingFailed") for record in event["records"]]}  # noqa: E731
    stage = Stage(tmp_path, FakeKinesis(s0=[b"raw line"]), fail)

    stage.firehose.run_until_idle()

    (key,) = stage.s3.objects
    assert re.fullmatch(r"errors/processing-failed/2026/11/22/lake-1-2026-11-22-10-30-00-[0-9a-f-]{36}", key)
    assert stage.s3.errors() == [
        {
            "attemptsMade": 1,
            "arrivalTimestamp": int(ARRIVED.timestamp() * 1000),
            "errorCode": "Lambda.ProcessingFailedStatus",
            "errorMessage": "ProcessingFailed status set for record",
            "attemptEndingTimestamp": int(NOW_S * 1000),
            "rawData": base64.b64encode(b"raw line").decode(),
            "lambdaARN": "arn:aws:lambda:eu-central-1:111122223333:function:transform_hits",
        }
    ]
    assert stage.verdicts == [(b"raw line", "failed:processing-failed")]


@pytest.mark.parametrize(
    "failure",
    [FunctionError("f", "ValueError", "of 192.0.2.7"), FunctionTimedOut("f"), FunctionCrashed("f"), PayloadTooLarge("f")],
    ids=lambda failure: type(failure).__name__,
)
def test_a_function_that_gives_no_answer_is_asked_four_times_and_then_its_whole_batch_is_written_raw(
    tmp_path: Path, failure: Exception
) -> None:
    def fail(event: Any) -> None:
        raise failure

    stage = Stage(tmp_path, FakeKinesis(s0=[b"a", b"b"]), fail)

    stage.firehose.run_until_idle()

    assert len({event["invocationId"] for event in stage.events}) == 4
    assert len({json.dumps(event["records"]) for event in stage.events}) == 1
    assert [(4, "Lambda.FunctionError", "YQ=="), (4, "Lambda.FunctionError", "Yg==")] == [
        (error["attemptsMade"], error["errorCode"], error["rawData"]) for error in stage.s3.errors()
    ]
    assert "192.0.2.7" not in json.dumps(stage.s3.errors())


def test_a_function_that_answers_at_the_last_attempt_loses_nothing(tmp_path: Path) -> None:
    failures = [FunctionCrashed("f")] * 3

    def recover(event: Any) -> Any:
        if failures:
            raise failures.pop()
        return transform(event)

    stage = Stage(tmp_path, FakeKinesis(s0=[b"a"]), recover)

    stage.firehose.run_until_idle()

    assert (stage.s3.rows(), stage.s3.errors()) == ([{"event_id": "a"}], [])


def errors_when(tmp_path: Path, bend: Callable[[list[dict[str, Any]]], Any]) -> tuple[list[str], list[str]]:
    """What is written of the lines a, b, c when `bend` changes the answer: rows, then `line code` of each error."""

    def bent(event: Any) -> Any:
        return bend([answer_of(record) for record in event["records"]])

    stage = Stage(tmp_path, FakeKinesis(s0=[b"a", b"b", b"c"]), bent)
    stage.firehose.run_until_idle()
    assert len(stage.events) == 1, "a wrong answer is not asked for again"
    errors = [f"{base64.b64decode(error['rawData']).decode()} {error['errorCode']}" for error in stage.s3.errors()]
    return [row["event_id"] for row in stage.s3.rows()], errors


@pytest.mark.parametrize(
    ("bend", "rows", "errors"),
    [
        (lambda r: {"records": r[::-1]}, "abc", []),
        (lambda r: {"records": [*r, answer_of({"recordId": "stranger", "data": "eA=="})]}, "abc", []),
        (lambda r: {"records": r[1:]}, "bc", ["a Lambda.MissingRecordId"]),
        (lambda r: {"records": [*r, r[1]]}, "ac", ["b Lambda.DuplicatedRecordId"]),
        (lambda r: {"records": [r[0], {**r[1], "data": None}, r[2]]}, "ac", ["b Lambda.InvalidReturnFormat"]),
        (lambda r: {"records": [r[0], {**r[1], "result": "ok"}, r[2]]}, "", [f"{name} Lambda.FunctionError" for name in "abc"]),
        (lambda r: {"records": [r[0], {**r[1], "data": "***"}, r[2]]}, "", [f"{name} Lambda.FunctionError" for name in "abc"]),
        (lambda r: {"records": "none"}, "", [f"{name} Lambda.MissingRecordId" for name in "abc"]),
        (lambda r: {"records": [None, 1, *r]}, "abc", []),
        (lambda r: None, "", [f"{name} Lambda.MissingRecordId" for name in "abc"]),
    ],
)
def test_an_answer_is_believed_only_as_far_as_it_names_each_record_once(
    tmp_path: Path, bend: Callable[[list[dict[str, Any]]], Any], rows: str, errors: list[str]
) -> None:
    assert errors_when(tmp_path, bend) == (list(rows), errors)


@pytest.mark.parametrize(
    "metadata",
    [
        ...,
        None,
        {},
        {"partitionKeys": None},
        {"partitionKeys": {"place": "hits"}},
        {"partitionKeys": {**KEYS, "date": ""}},
        {"partitionKeys": {**KEYS, "date": 20261122}},
    ],
)
def test_a_record_without_every_partition_key_goes_under_the_error_prefix(tmp_path: Path, metadata: Any) -> None:
    keyless = lambda event: {"records": [answer_of(record, metadata=metadata) for record in event["records"]]}  # noqa: E731
    stage = Stage(tmp_path, FakeKinesis(s0=[b"a"]), keyless)

    stage.firehose.run_until_idle()

    assert [key.split("/")[1] for key in stage.s3.objects] == ["metadata-extraction-failed"]
    assert [error["errorCode"] for error in stage.s3.errors()] == ["DynamicPartitioning.MetadataExtractionFailed"]


def test_a_row_that_does_not_fit_the_schema_goes_under_the_error_prefix_and_its_neighbours_land(tmp_path: Path) -> None:
    def unfit(event: Any) -> Any:
        bad = answer_of(event["records"][1], data=base64.b64encode(b'{"event_time": "soon"}').decode())
        return {"records": [answer_of(event["records"][0]), bad]}

    stage = Stage(tmp_path, FakeKinesis(s0=[b"a", b"b"]), unfit)

    stage.firehose.run_until_idle()

    (error,) = stage.s3.errors()
    assert [{"event_id": "a"}] == stage.s3.rows()
    assert error == {
        "attemptsMade": 1,
        "arrivalTimestamp": int(ARRIVED.timestamp() * 1000),
        "lastErrorCode": "DataFormatConversion.MalformedData",
        "lastErrorMessage": "Data does not match the schema. Column event_time.",
        "attemptEndingTimestamp": int(NOW_S * 1000),
        "rawData": base64.b64encode(b'{"event_time": "soon"}').decode(),
        "sequenceNumber": "49" + "0" * 14 + "2".zfill(40),
        "subSequenceNumber": 0,
        "dataCatalogTable": {
            "catalogId": "111122223333",
            "databaseName": "footfall",
            "tableName": "landing",
            "region": "eu-central-1",
            "versionId": "LATEST",
        },
    }
    assert stage.verdicts[1] == (b"b", "failed:format-conversion-failed")


def test_the_partition_that_is_one_too_many_goes_under_the_error_prefix_and_makes_no_folder(tmp_path: Path) -> None:
    def spread(event: Any) -> Any:
        keys = [{"partitionKeys": {**KEYS, "place": f"hits/site={number % 3}"}} for number in range(len(event["records"]))]
        return {"records": [answer_of(record, metadata=key) for record, key in zip(event["records"], keys, strict=True)]}

    stage = Stage(tmp_path, FakeKinesis(s0=[b"0", b"1", b"2", b"3"]), spread, max_partitions=2)

    stage.firehose.run_until_idle()

    assert ["errors/activePartitionExceeded", "hits/site=0", "hits/site=1"] == sorted(
        "/".join(key.split("/")[:2]) for key in stage.s3.objects
    )
    assert sorted(row["event_id"] for row in stage.s3.rows()) == ["0", "1", "3"]
    assert [error["errorMessage"] for error in stage.s3.errors()] == ["The number of active partitions has exceeded the configured limit"]


def test_a_prefix_that_becomes_too_long_is_an_error_and_not_an_object(tmp_path: Path) -> None:
    long = lambda event: {"records": [answer_of(r, metadata={"partitionKeys": {**KEYS, "place": "x" * 513}}) for r in event["records"]]}  # noqa: E731
    stage = Stage(tmp_path, FakeKinesis(s0=[b"a"]), long)

    stage.firehose.run_until_idle()

    assert [key.split("/")[1] for key in stage.s3.objects] == ["metadata-extraction-failed"]


def test_a_record_that_the_stream_gives_twice_is_transformed_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, FakeKinesis(s0=[b"a", b"b"]))
    stage.firehose.run_until_idle()
    stage.kinesis.repeats = 2
    stage.kinesis.shards["shardId-000000000000"] += [b"c"]

    stage.firehose.run_until_idle()

    assert [row["event_id"] for row in stage.s3.rows()] == ["a", "b", "c"]


def test_the_children_of_a_shard_that_was_split_are_read_too(tmp_path: Path) -> None:
    stage = Stage(tmp_path, FakeKinesis(s0=[b"a"]))
    stage.firehose.run_until_idle()
    stage.kinesis.closed.add("shardId-000000000000")
    stage.kinesis.shards["shardId-000000000001"] = [b"b"]

    stage.firehose.run_until_idle()

    assert [row["event_id"] for row in stage.s3.rows()] == ["a", "b"]


def test_a_new_firehose_goes_on_where_the_checkpoint_says(tmp_path: Path) -> None:
    kinesis = FakeKinesis(s0=[b"a"], s1=[b"b"])
    Stage(tmp_path, kinesis).firehose.run_until_idle()
    kinesis.shards["shardId-000000000001"] += [b"c"]
    second = Stage(tmp_path, kinesis)

    second.firehose.run_until_idle()

    assert [row["event_id"] for row in second.s3.rows()] == ["c"]
    assert json.loads(second.checkpoint.read_text("utf-8")) == {"shardId-000000000000": "1", "shardId-000000000001": "2"}


def test_the_checkpoint_never_passes_a_record_that_is_still_under_way() -> None:
    records = [Record(shard="shardId-0", sequence=str(n), partition_key="", arrived_at=0, line=b"") for n in range(1, 5)]
    progress = Progress({"shardId-9": "7"})
    for record in records:
        progress.start(record)

    seen = []
    for settled in (records[1], records[0], records[3], records[2]):
        progress.settle([settled])
        seen.append(progress.positions.get("shardId-0"))

    assert (seen, progress.positions["shardId-9"]) == ([None, "2", "2", "4"], "7")


def test_the_thread_delivers_what_comes_and_stop_delivers_the_rest(tmp_path: Path) -> None:
    quick = Hints(size_bytes=MIB, seconds=0)
    stage = Stage(tmp_path, FakeKinesis(s0=[b"a"]), transform_hints=quick, destination_hints=quick)
    landed = threading.Event()
    stage.verdicts = Watched(landed)

    with stage.firehose:
        assert landed.wait(10)
        stage.kinesis.shards["shardId-000000000000"] += [b"b"]

    assert [row["event_id"] for row in stage.s3.rows()] == ["a", "b"]


class Watched(list[tuple[bytes, str]]):
    """A list that tells when something is added."""

    def __init__(self, event: threading.Event) -> None:
        super().__init__()
        self._event = event

    def append(self, item: tuple[bytes, str]) -> None:
        super().append(item)
        self._event.set()


def test_what_ends_the_thread_is_not_swallowed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, FakeKinesis(s0=[b"a"]))
    broken = threading.Event()

    def fail(**request: Any) -> None:
        broken.set()
        raise OSError("no such stream")

    stage.kinesis.list_shards = fail  # type: ignore[assignment]
    stage.firehose.start()
    assert broken.wait(10)

    with pytest.raises(OSError, match="no such stream"):
        stage.firehose.stop()
    with pytest.raises(OSError, match="no such stream"):
        stage.firehose.check()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("!{partitionKeyFromLambda:place}/date=!{partitionKeyFromLambda:date}/", "hits/site=main/date=2026-11-22/"),
        ("year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/", "year=2026/month=11/day=22/hour=10/"),
        ("!{timestamp:'year='yyyy'/month='MM'/Year'}", "year=2026/month=11/Year"),
        ("e/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH-mm-ss}/", "e/processing-failed/2026/11/22/10-30-00/"),
        ("plain/", "plain/"),
    ],
)
def test_a_prefix_is_evaluated_as_firehose_does(template: str, expected: str) -> None:
    assert Prefix(template).evaluate(ARRIVED, KEYS, error_output_type="processing-failed") == expected


def test_every_random_string_is_another_one_of_eleven_characters() -> None:
    first, second, _ = Prefix("!{firehose:random-string}/!{firehose:random-string}/").evaluate(ARRIVED).split("/")

    assert (len(first), len(second), first != second) == (11, 11, True)


GOOD, GOOD_ERROR = "!{partitionKeyFromLambda:place}/", "errors/!{firehose:error-output-type}/"


@pytest.mark.parametrize(
    ("prefix", "error_prefix", "problem"),
    [
        (GOOD + "!{timestamp:YYYY}/", GOOD_ERROR, "'Y' is the year of the week"),
        (GOOD, GOOD_ERROR + "!{timestamp:YYYY/MM}/", "'Y' is the year of the week"),
        (GOOD + "!{timestamp:yyyy-ww}/", GOOD_ERROR, "'ww': allowed is yyyy, MM, dd, HH, mm, ss"),
        (GOOD + "!{timestamp:}/", GOOD_ERROR, "or nothing"),
        (GOOD + "!{timestamp:yyyy'}/", GOOD_ERROR, "an odd number of quotes"),
        (GOOD + "!{partitionKeyFromQuery:x}/", GOOD_ERROR, "!{partitionKeyFromQuery:x} is not an expression"),
        (GOOD + "!{partitionKeyFromLambda:}/", GOOD_ERROR, "is not an expression"),
        (GOOD + "!{firehose:uuid}/", GOOD_ERROR, "!{firehose:uuid} is not an expression"),
        (GOOD + "!{/", GOOD_ERROR, "outside of an expression"),
        (GOOD + "!{firehose:error-output-type}/", GOOD_ERROR, "belongs into the error prefix"),
        ("hits/", GOOD_ERROR, "needs at least one !{partitionKeyFromLambda:name}"),
        (GOOD, "", "dynamic partitioning needs one"),
        (GOOD, "errors/!{timestamp:yyyy}/", "needs !{firehose:error-output-type}"),
        (GOOD, GOOD_ERROR + "!{partitionKeyFromLambda:place}/", "cannot be known of a record that failed"),
        (GOOD + "x" * 513, GOOD_ERROR, "longer than 512 characters"),
    ],
)
def test_a_prefix_that_firehose_would_refuse_or_misread_is_refused(prefix: str, error_prefix: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        check(Prefix(prefix), Prefix(error_prefix))


def test_every_problem_of_both_prefixes_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        a_stream(prefix="!{timestamp:YYYY}/!{nonsense}/", error_prefix="")

    assert len(refusal.value.problems) == 4


def test_a_buffer_that_firehose_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="up to 3 MiB"):
        a_stream(transform_hints=Hints(size_bytes=4 * MIB, seconds=1))
