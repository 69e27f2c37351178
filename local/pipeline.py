"""Wire the whole pipeline on this machine: edge, stream, Firehose, the same Lambda handlers, lake; used by demo, up and tests."""

import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from footfall.configuration import Configuration
from footfall.functions import RETIRE_SALTS, TRANSFORM_HITS, Function, RetireSaltsSettings, Settings, TransformHitsSettings
from local.aws import LocalAws, Resources
from local.edge import Edge
from local.firehose import Firehose
from local.firehose_buffer import DeliveryStream, Hints, Record
from local.runtime import LambdaFunction

REPOSITORY: Final = Path(__file__).parents[1]
LAYER: Final = REPOSITORY / "lambdas" / "layer" / "python"
PREFIX: Final = "!{partitionKeyFromLambda:place}/date=!{partitionKeyFromLambda:date}/"
ERROR_PREFIX: Final = "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"


@dataclass(slots=True)
class Trace:
    """What became of each request on its way: a person's answer to "where was it last seen?"."""

    hops: dict[str, str] = field(default_factory=dict)  # request id -> last hop
    sequences: dict[str, bytes] = field(default_factory=dict)  # sequence number, as the transform sees it -> line
    verdicts: dict[bytes, list[str]] = field(default_factory=dict)  # line -> what Firehose did with each copy
    delivered_at: dict[bytes, float] = field(default_factory=dict)  # line -> Unix seconds of the first durable verdict
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def see(self, request_id: str, hop: str) -> None:
        """A request reached a hop."""
        with self._lock:
            self.hops[request_id] = hop

    def sent(self, sequence: str, line: bytes) -> None:
        """A line is in the stream."""
        with self._lock:
            self.sequences[sequence] = line

    def settle(self, line: bytes, verdict: str) -> None:
        """Firehose's verdict on one copy of a line is durable."""
        with self._lock:
            self.verdicts.setdefault(line, []).append(verdict)
            self.delivered_at.setdefault(line, time.time())

    def outstanding(self) -> int:
        """Answered requests whose line is not in the stream yet, and copies of lines in the stream that have no verdict yet."""
        with self._lock:
            on_the_way = sum(hop == "edge" for hop in self.hops.values())
            return on_the_way + len(self.sequences) - sum(map(len, self.verdicts.values()))


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

    def wait_until_settled(self, timeout_s: float = 30.0) -> bool:
        """Wait until every line in the stream has a verdict; False when that takes longer than `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        pause = threading.Event()
        while self.trace.outstanding() > 0:
            self.firehose.check()
            if time.monotonic() > deadline:
                return False
            pause.wait(0.02)
        return True


def settings_of(function: Function, resources: Resources, configuration_path: Path) -> Settings:
    """The settings that the template would give a function."""
    if function is TRANSFORM_HITS:
        return TransformHitsSettings(configuration_path=str(configuration_path), salt_table=resources.salt_table)
    if function is RETIRE_SALTS:
        return RetireSaltsSettings(salt_table=resources.salt_table)
    raise KeyError(function.name)


def start_function(function: Function, settings: Settings, *, aws: LocalAws, python_path: list[Path], log: Path) -> LambdaFunction:
    """One Lambda function of this repository, in a process of its own."""
    return LambdaFunction(
        function.name,
        task_root=REPOSITORY / "lambdas" / function.name,
        python_path=python_path,
        environment={**aws.environment(), **settings.to_env()},
        timeout=function.timeout,
        memory_mb=function.memory_mb,
        log=log,
    )


@contextmanager
def run_pipeline(
    configuration: Configuration, folder: Path, *, port: int = 0, is_demo: bool = False, flush_s: float = 0.2
) -> Iterator[Pipeline]:
    """Start everything, listening on loopback only, and stop it all on the way out, delivering what is left.

    `flush_s` stands for both buffering hints, which are minutes on AWS.
    """
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    configuration_path = folder / "configuration.json"
    configuration_path.write_text(configuration.to_json(), "utf-8")
    with ExitStack() as stack:
        aws = stack.enter_context(LocalAws())
        resources = aws.create(configuration)
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
            for function in (TRANSFORM_HITS, RETIRE_SALTS)
        }
        functions[TRANSFORM_HITS.name].invoke({"records": []})  # its cold start is not the first visitor's
        trace = Trace()
        firehose = stack.enter_context(
            make_firehose(resources, aws, functions[TRANSFORM_HITS.name], folder=folder, trace=trace, flush_s=flush_s)
        )
        edge = stack.enter_context(
            Edge(
                put_line=stream_writer(aws.client("kinesis"), resources.stream, trace),
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
        )


def make_firehose(
    resources: Resources, aws: LocalAws, transform: LambdaFunction, *, folder: Path, trace: Trace, flush_s: float
) -> Firehose:
    """Firehose as the lake stack configures it, with shorter waits."""
    hints = Hints(size_bytes=1024 * 1024, seconds=flush_s)
    return Firehose(
        DeliveryStream(
            name=f"{resources.stream}-delivery",
            region=resources.region,
            account=resources.account,
            source_arn=resources.stream_arn,
            function_arn=transform.arn,
            bucket=resources.bucket,
            prefix=PREFIX,
            error_prefix=ERROR_PREFIX,
            database="footfall",
            table="landing",
            transform_hints=hints,
            destination_hints=Hints(size_bytes=128 * 1024 * 1024, seconds=flush_s),
        ),
        kinesis=aws.client("kinesis"),
        s3=aws.client("s3"),
        invoke=transform.invoke,
        checkpoint=folder / "firehose-checkpoint.json",
        observe=trace.settle,
    )


def stream_writer(kinesis: Any, stream: str, trace: Trace) -> Any:
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
