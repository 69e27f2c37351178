"""Wire the whole pipeline on this machine: edge, stream, Firehose, the same Lambda handlers, lake; used by demo, up and tests."""

import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from footfall.configuration import Configuration
from footfall.functions import ENQUEUE_HITS, FUNCTIONS, TRANSFORM_HITS, deployed
from local.additions import NO_ADDITIONS, Additions, PutLine
from local.aws import LocalAws, Resources
from local.edge import Edge
from local.firehose import Firehose
from local.firehose_buffer import DeliveryStream, Hints, Record
from local.firehose_transform import Invoke
from local.functions import LAYER, REPOSITORY, settings_of, start_function
from local.runtime import LambdaFunction
from local.trace import Trace as Trace  # noqa: PLC0414 - who accounts for a run imports it from here
from local.tracking_queue import TrackingQueue, run_queue

PREFIX: Final = "!{partitionKeyFromLambda:place}/date=!{partitionKeyFromLambda:date}/"
ERROR_PREFIX: Final = "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A running pipeline; `folder` holds what it writes to this disk: configuration, checkpoint, logs."""

    configuration: Configuration
    folder: Path
    aws: LocalAws
    resources: Resources
    edge: Edge
    firehose: Firehose
    functions: Mapping[str, LambdaFunction]
    trace: Trace
    queue: TrackingQueue | None

    def wait_until_settled(self, timeout_s: float = 30.0) -> bool:
        """Wait until every line in the stream has a verdict, and its hit is queued; False when that takes longer than `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        pause = threading.Event()
        while self.trace.outstanding() > 0 or (self.queue and self.queue.source.settled < len(self.trace.sequences)):
            self.firehose.check()
            if self.queue:
                self.queue.source.check()
            if time.monotonic() > deadline:
                return False
            pause.wait(0.02)
        return True


@contextmanager
def run_pipeline(
    configuration: Configuration,
    folder: Path,
    *,
    port: int = 0,
    is_demo: bool = False,
    flush_s: float = 0.2,
    additions: Additions = NO_ADDITIONS,
) -> Iterator[Pipeline]:
    """Start everything, listening on loopback only, and stop it all on the way out, delivering what is left.

    `flush_s` stands for both buffering hints, which are minutes on AWS.
    """
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    configuration_path = folder / "configuration.json"
    configuration_path.write_text(configuration.to_json(), "utf-8")
    with ExitStack() as stack:
        aws = stack.enter_context(LocalAws(around=additions.around_aws))
        resources = aws.create(configuration)
        store = additions.open_store(aws, resources)
        functions = {
            function.name: stack.enter_context(
                start_function(
                    function,
                    settings_of(function, resources, configuration_path),
                    aws=aws,
                    python_path=[LAYER],
                    log=folder / "logs" / f"{function.name}.log",
                )
            )
            for function in deployed(FUNCTIONS, has_queue=configuration.has_queue)
        }
        warm_up(functions)
        trace = additions.make_trace()
        transform = functions[TRANSFORM_HITS.name]
        firehose = stack.enter_context(
            make_firehose(
                resources,
                aws,
                function_arn=transform.arn,
                invoke=additions.around_invoke(transform.invoke),
                store=store,
                folder=folder,
                trace=trace,
                flush_s=flush_s,
            )
        )
        queue = None
        if configuration.has_queue:
            queue = stack.enter_context(run_queue(aws, resources, functions, folder, additions.queued))
        edge = stack.enter_context(
            Edge(
                put_line=additions.around_put_line(stream_writer(aws.client("kinesis"), resources.stream, trace)),
                fields=configuration.edge.log_fields,
                webpage=REPOSITORY / "webpage",
                port=port,
                is_demo=is_demo,
                observe=trace.see,
            )
        )
        yield Pipeline(
            configuration=configuration,
            folder=folder,
            aws=aws,
            resources=resources,
            edge=edge,
            firehose=firehose,
            functions=functions,
            trace=trace,
            queue=queue,
        )


NOTHING: Final[Mapping[str, object]] = {TRANSFORM_HITS.name: {"records": []}, ENQUEUE_HITS.name: {"Records": []}}
"""Events that hold nothing to do, for the functions that a visitor waits for: two cold starts at once."""


def warm_up(functions: Mapping[str, LambdaFunction]) -> None:
    """Start the functions at once, so that their cold starts are not the first visitor's."""
    with ThreadPoolExecutor() as starters:
        started = [starters.submit(functions[name].invoke, event) for name, event in NOTHING.items() if name in functions]
        for one in started:
            one.result()


def make_firehose(
    resources: Resources, aws: LocalAws, *, function_arn: str, invoke: Invoke, store: Any, folder: Path, trace: Trace, flush_s: float
) -> Firehose:
    """Firehose as the lake stack configures it, with shorter waits."""
    hints = Hints(size_bytes=1024 * 1024, seconds=flush_s)
    return Firehose(
        DeliveryStream(
            name=f"{resources.stream}-delivery",
            region=resources.region,
            account=resources.account,
            source_arn=resources.stream_arn,
            function_arn=function_arn,
            bucket=resources.bucket,
            prefix=PREFIX,
            error_prefix=ERROR_PREFIX,
            database="footfall",
            table="landing",
            transform_hints=hints,
            destination_hints=Hints(size_bytes=128 * 1024 * 1024, seconds=flush_s),
        ),
        kinesis=aws.client("kinesis"),
        s3=store,
        invoke=invoke,
        checkpoint=folder / "firehose-checkpoint.json",
        observe=trace.settle,
    )


def stream_writer(kinesis: Any, stream: str, trace: Trace) -> PutLine:
    """A `put_line` that writes into the stream as CloudFront does, and notes the sequence number."""

    def put_line(line: bytes) -> None:
        put = kinesis.put_record(StreamName=stream, Data=line, PartitionKey=str(hash(line)))
        record = Record(shard=put["ShardId"], sequence=put["SequenceNumber"], partition_key="", arrived_at=0, line=line)
        trace.sent(record.sequence_number, line)

    return put_line


def fresh_folder(name: str) -> Path:
    """An empty folder under `.footfall/` for one run."""
    folder = REPOSITORY / ".footfall" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
