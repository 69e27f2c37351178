"""What a routed site adds behind the stream on this machine: `enqueue_hits`, the tracking queue, `process_queue`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from footfall.configuration import Configuration
from footfall.functions import ENQUEUE_HITS, PROCESS_QUEUE
from local.aws import LocalAws, Resources
from local.event_source import EventSource
from local.firehose_buffer import Record
from local.runtime import LambdaFunction

MOST_RUNS: Final = 20
"""Of `process_queue`, until the queue is empty: on AWS it runs every minute."""


@dataclass(slots=True, kw_only=True)
class TrackingQueue:
    """The running part; `source.settled` counts the records of the stream that are queued, or need not be."""

    source: EventSource
    drain: LambdaFunction
    sqs: Any
    resources: Resources
    runs: list[Mapping[str, Any]] = field(default_factory=list)

    def drain_all(self) -> None:
        """Run `process_queue` until nothing waits for another run; what each run counted is in `runs`."""
        for _ in range(MOST_RUNS):
            totals = self.drain.invoke({})
            self.runs.append(totals)
            if not totals["messages_waiting"]:
                return

    def waiting(self) -> int:
        """Messages in the tracking queue, received or not."""
        return self._messages(self.resources.input_url)

    def dead_letters(self) -> int:
        """Dead letters."""
        return self._messages(self.resources.dead_letters_url)

    def _messages(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
        return sum(int(number) for number in self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values())


@contextmanager
def run_queue(
    aws: LocalAws, resources: Resources, functions: Mapping[str, LambdaFunction], folder: Path, done: Callable[[Sequence[Record]], None]
) -> Iterator[TrackingQueue]:
    """Read the stream into the queue and tell `done` what needs no other attempt; what can never be queued goes to the failures."""
    enqueue = functions[ENQUEUE_HITS.name]
    s3 = aws.client("s3")
    source = EventSource(
        kinesis=aws.client("kinesis"),
        stream_arn=resources.stream_arn,
        function_arn=enqueue.arn,
        invoke=enqueue.invoke,
        discard=lambda key, body: s3.put_object(Bucket=resources.failures, Key=key, Body=body),
        checkpoint=folder / "enqueue-checkpoint.json",
        done=done,
    )
    with source:
        yield TrackingQueue(source=source, drain=functions[PROCESS_QUEUE.name], sqs=aws.client("sqs"), resources=resources)


def with_destination(configuration: Configuration, name: str, url: str) -> Configuration:
    """The configuration with another address of one destination: a server on this machine, which speaks no TLS."""
    destinations = tuple(replace(each, url=url) if each.name == name else each for each in configuration.destinations)
    return replace(configuration, destinations=destinations)


def keep_tokens(aws: LocalAws, configuration: Configuration, tokens: Mapping[str, str]) -> None:
    """Put the token of each destination, by its name, where the drain looks for it."""
    secrets = aws.client("secretsmanager")
    values = {destination.token_secret: tokens[destination.name] for destination in configuration.destinations}
    for name, value in values.items():
        secrets.create_secret(Name=name, SecretString=value)
