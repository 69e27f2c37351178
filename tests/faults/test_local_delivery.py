"""Kill the delivery from stream to lake at every step: whatever the stream acknowledged is in the lake, and nothing is in error."""

import base64
import contextlib
import inspect
import io
import itertools
import json
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from footfall.configuration import Configuration, Stream
from footfall.functions import TRANSFORM_HITS, TransformHitsSettings
from local.aws import LocalAws, Resources, for_account
from local.firehose import POINTS, Firehose, ignore
from local.firehose_buffer import MIB, DeliveryStream, Hints
from local.runtime import LambdaFunction
from tests.builders import a_log_line

REPOSITORY = Path(__file__).parents[2]
REAL_HANDLER = REPOSITORY / "lambdas" / TRANSFORM_HITS.name / "handler.py"
ERRORS = "errors/"

ONCE_PER_START = {"before list_shards", "after list_shards"}
KILLS = [(point, turn) for point in POINTS for turn in (1, 2) if turn == 1 or point not in ONCE_PER_START]

_names = (f"fault-{number}" for number in itertools.count(1))


class KilledError(BaseException):
    """Stands for the end of the process: nothing may catch it."""


def kill_at(point: str, turn: int) -> Callable[[str], None]:
    """A fault that ends everything when `point` is reached for the `turn`th time."""
    reached: Counter[str] = Counter()

    def fault(at: str) -> None:
        reached[at] += 1
        if at == point and reached[at] == turn:
            raise KilledError(at)

    return fault


class Pipeline:
    """A stream of three shards, a lake and a checkpoint that survive every Firehose that works on them."""

    def __init__(self, aws: LocalAws, folder: Path, invoke: Callable[[Any], Any]) -> None:
        self._aws = aws
        self._folder = folder
        self.configuration = Configuration(name=next(_names), stream=Stream(shards=3))
        self.resources: Resources = aws.create(self.configuration)
        self.invoke = invoke
        self.acknowledged: set[str] = set()
        self.verdicts: dict[bytes, str] = {}

    def send(self, lines: dict[str, bytes]) -> None:
        """Put lines into the stream; their event ids count once Kinesis has acknowledged them."""
        records = [{"Data": line, "PartitionKey": name} for name, line in lines.items()]
        answer = self._aws.client("kinesis").put_records(StreamName=self.resources.stream, Records=records)
        assert answer["FailedRecordCount"] == 0
        self.acknowledged |= lines.keys()

    def firehose(self, fault: Callable[[str], None] = ignore) -> Firehose:
        """A new Firehose, as after a crash: all it knows is the stream, the lake and the checkpoint."""
        stream = DeliveryStream(
            name="lake",
            region=self.resources.region,
            account=self.resources.account,
            source_arn=self.resources.stream_arn,
            function_arn="arn:aws:lambda:eu-central-1:111122223333:function:transform_hits",
            bucket=self.resources.bucket,
            prefix="!{partitionKeyFromLambda:place}/date=!{partitionKeyFromLambda:date}/",
            error_prefix=ERRORS + "!{firehose:error-output-type}/",
            database="footfall",
            table="landing",
            transform_hints=Hints(size_bytes=MIB, seconds=0),
            destination_hints=Hints(size_bytes=64 * MIB, seconds=0),
            max_batch_records=4,
        )
        return Firehose(
            stream,
            kinesis=self._aws.client("kinesis"),
            s3=self._aws.client("s3"),
            invoke=self.invoke,
            checkpoint=self._folder / "checkpoint.json",
            fault=fault,
            observe=self.verdicts.__setitem__,
        )

    def keys(self) -> list[str]:
        return [entry["Key"] for entry in self._aws.client("s3").list_objects_v2(Bucket=self.resources.bucket).get("Contents", [])]

    def event_ids(self) -> Counter[str]:
        """Event ids in the lake, with how often."""
        found: Counter[str] = Counter()
        for key in self.keys():
            if key.endswith(".parquet"):
                body = self._aws.client("s3").get_object(Bucket=self.resources.bucket, Key=key)["Body"].read()
                found.update(pq.read_table(io.BytesIO(body), columns=["event_id"]).column(0).to_pylist())
        return found

    def errors(self) -> list[str]:
        return [key for key in self.keys() if key.startswith(ERRORS)]


@pytest.fixture
def pipeline_with(aws: LocalAws, tmp_path: Path, account: Callable[[Any], None]) -> Callable[[Callable[[Any], Any]], Pipeline]:
    """Make a pipeline whose transform is the given one, and account for it when the test is over."""

    def make(invoke: Callable[[Any], Any]) -> Pipeline:
        pipeline = Pipeline(aws, tmp_path, invoke)
        account(pipeline)
        return pipeline

    return make


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        yield aws


def lines(prefix: str, count: int) -> dict[str, bytes]:
    return {f"{prefix}{number}": f"{prefix}{number}".encode() for number in range(count)}


def transform(event: Any) -> dict[str, Any]:
    """Each line is an event id; two partitions."""
    answers = []
    for record in event["records"]:
        name = base64.b64decode(record["data"]).decode()
        keys = {"place": f"hits/site={'odd' if name.endswith(('1', '3', '5', '7', '9')) else 'even'}", "date": "2026-11-22"}
        data = base64.b64encode(json.dumps({"event_id": name}).encode()).decode()
        answers.append({"recordId": record["recordId"], "result": "Ok", "data": data, "metadata": {"partitionKeys": keys}})
    return {"records": answers}


def work_until_killed(pipeline: Pipeline, fault: Callable[[str], None], waves: Sequence[dict[str, bytes]]) -> bool:
    """Send wave after wave and deliver each; True if the fault ended it."""
    try:
        firehose = pipeline.firehose(fault)
        for wave in waves:
            pipeline.send(wave)
            firehose.run_until_idle()
    except KilledError:
        return True
    return False


@pytest.mark.parametrize(("point", "turn"), KILLS, ids=[f"{point} {turn}" for point, turn in KILLS])
def test_delivery_killed_at_any_step_loses_nothing(
    pipeline_with: Callable[[Callable[[Any], Any]], Pipeline], point: str, turn: int
) -> None:
    pipeline = pipeline_with(transform)
    assert work_until_killed(pipeline, kill_at(point, turn), [lines("a", 10), lines("b", 10)]), "the step was never reached"
    pipeline.send(lines("while-down", 5))

    pipeline.firehose().run_until_idle()

    assert (pipeline.acknowledged, []) == (set(pipeline.event_ids()), pipeline.errors())


def test_delivery_killed_again_and_again_loses_nothing(pipeline_with: Callable[[Callable[[Any], Any]], Pipeline]) -> None:
    pipeline = pipeline_with(transform)

    killed = [work_until_killed(pipeline, kill_at(point, 1), [lines(f"{point} ", 3)]) for point in POINTS]
    pipeline.firehose().run_until_idle()

    assert all(killed)
    assert (pipeline.acknowledged, []) == (set(pipeline.event_ids()), pipeline.errors())


def test_delivery_that_nobody_kills_writes_each_row_once_and_reads_nothing_again(
    pipeline_with: Callable[[Callable[[Any], Any]], Pipeline],
) -> None:
    """The control: the kills above really cause the repetitions that event ids undo."""
    pipeline = pipeline_with(transform)
    pipeline.send(lines("a", 25))

    pipeline.firehose().run_until_idle()
    pipeline.firehose().run_until_idle()

    assert dict.fromkeys(pipeline.acknowledged, 1) == pipeline.event_ids()
    assert {line.decode() for line in pipeline.verdicts} == pipeline.acknowledged


def test_an_object_whose_writer_was_killed_before_the_checkpoint_is_written_again(
    pipeline_with: Callable[[Callable[[Any], Any]], Pipeline],
) -> None:
    """At least once: the rows are there twice, and one event id tells that they are one hit."""
    pipeline = pipeline_with(transform)
    work_until_killed(pipeline, kill_at("before checkpoint", 1), [lines("a", 10)])

    pipeline.firehose().run_until_idle()

    assert dict.fromkeys(pipeline.acknowledged, 2) == pipeline.event_ids()


def test_a_line_that_the_sender_repeats_is_one_event_id(pipeline_with: Callable[[Callable[[Any], Any]], Pipeline]) -> None:
    pipeline = pipeline_with(transform)
    pipeline.send(lines("a", 5))
    pipeline.send(lines("a", 5))

    pipeline.firehose().run_until_idle()

    assert dict.fromkeys(pipeline.acknowledged, 2) == pipeline.event_ids()


def test_concurrent_senders_lose_nothing(pipeline_with: Callable[[Callable[[Any], Any]], Pipeline]) -> None:
    pipeline = pipeline_with(transform)

    in_threads([lambda name=name: pipeline.send(lines(f"{name} ", 20)) for name in "abcdefgh"])
    pipeline.firehose().run_until_idle()

    assert (160, set()) == (len(pipeline.acknowledged), pipeline.acknowledged ^ set(pipeline.event_ids()))


@pytest.mark.parametrize(("target", "expected"), [("Kinesis_20131202.PutRecord", 0), ("AmazonSQS.ReceiveMessage", 2)])
def test_requests_to_the_stream_are_served_one_at_a_time_and_long_polls_are_not(target: str, expected: int) -> None:
    """moto gives two records of one shard the same sequence number when it serves them at once, and keeps one."""
    meeting = threading.Barrier(2, timeout=0.3)
    met = []

    def moto(environ: Any, start_response: Any) -> list[bytes]:
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait()
            met.append(environ["HTTP_X_MOTO_ACCOUNT_ID"])
        return []

    serve = for_account("111122223333", moto)
    in_threads([lambda: serve({"HTTP_X_AMZ_TARGET": target}, ignore)] * 2)

    assert met == ["111122223333"] * expected


def in_threads(actions: Sequence[Callable[[], Any]]) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_function_process_killed_in_the_middle_of_a_batch_loses_nothing(
    pipeline_with: Callable[[Callable[[Any], Any]], Pipeline], tmp_path: Path
) -> None:
    source = """
        import base64, json, os, signal
        from pathlib import Path
        from typing import Any
        def handler(event, context):
            deaths = Path(os.environ["DEATHS"])
            if len(deaths.read_text()) < 3:
                deaths.write_text(deaths.read_text() + "x")
                os.kill(os.getpid(), signal.SIGKILL)
            return transform(event)
    """
    (tmp_path / "function").mkdir()
    (tmp_path / "function" / "handler.py").write_text(textwrap.dedent(source) + inspect.getsource(transform), "utf-8")
    (tmp_path / "deaths").write_text("")
    function = LambdaFunction(
        "transform_hits",
        task_root=tmp_path / "function",
        python_path=[],
        environment={"DEATHS": str(tmp_path / "deaths")},
        timeout=timedelta(seconds=30),
        log=tmp_path / "function.log",
    )
    with function:
        pipeline = pipeline_with(function.invoke)
        pipeline.send(lines("a", 10))

        pipeline.firehose().run_until_idle()

    assert (pipeline.acknowledged, []) == (set(pipeline.event_ids()), pipeline.errors())
    assert function.cold_starts == 4


@pytest.mark.skipif(not REAL_HANDLER.exists(), reason="the transform function is not there")
@pytest.mark.parametrize("point", ["after invoke", "after put_object", "before checkpoint"])
def test_the_deployed_handler_delivers_every_line_through_a_kill(
    pipeline_with: Callable[[Callable[[Any], Any]], Pipeline], aws: LocalAws, tmp_path: Path, point: str
) -> None:
    first, second, third = [
        {name: a_log_line(x_edge_request_id=name).encode() for name in lines(prefix, 6)} for prefix in ("first-", "second-", "third-")
    ]
    pipeline = pipeline_with(ignore)
    (tmp_path / "configuration.json").write_text(pipeline.configuration.to_json(), "utf-8")
    settings = TransformHitsSettings(configuration_path=str(tmp_path / "configuration.json"), salt_table=pipeline.resources.salt_table)
    function = LambdaFunction(
        TRANSFORM_HITS.name,
        task_root=REAL_HANDLER.parent,
        python_path=[REPOSITORY / "lambdas" / "layer" / "python"],
        environment={**settings.to_env(), **aws.environment()},
        timeout=TRANSFORM_HITS.timeout,
        log=tmp_path / "function.log",
        command=[sys.executable, "-m", "awslambdaric", "handler.handler"],
        memory_mb=TRANSFORM_HITS.memory_mb,
    )
    with function:
        pipeline.invoke = function.invoke
        assert work_until_killed(pipeline, kill_at(point, 2), [first, second])
        pipeline.send(third)

        pipeline.firehose().run_until_idle()

    assert {*first, *third} <= pipeline.acknowledged
    assert (pipeline.acknowledged, []) == (set(pipeline.event_ids()), pipeline.errors())
