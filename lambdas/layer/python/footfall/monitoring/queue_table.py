"""The tracking queue's part of the table of alarms: there only where a site is routed to a destination."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from footfall.configuration import Configuration
from footfall.functions import ENQUEUE_HITS
from footfall.monitoring.metrics import (
    CRASHED,
    DEAD_LETTERS,
    ENQUEUE_SOURCE,
    TRACKING,
    Metric,
    Resource,
    Statistic,
    of_event_source,
    of_function,
    of_queue,
    without_crashes,
)
from footfall.monitoring.rows import Chart, Row, Severity

AGES_PERCENT: Final = (25, 50, 75)
"""Of the queue's retention, behind which SQS deletes what waits: the first is for the morning, the others for now."""


def queue_rows(namespace: str, configuration: Configuration) -> Iterator[Row]:
    """From the stream into the queue, what waits, what opened, what was given up."""
    yield _enqueue_behind(configuration)
    yield _put_aside()
    yield _too_large(namespace)
    yield from (_waits(configuration, percent) for percent in AGES_PERCENT)
    yield from (_circuit_open(namespace, destination.name) for destination in configuration.destinations)
    yield _letters("DeadLetters", "Hits were given up, each with a reason; they wait among the dead letters, for 14 days.", DEAD_LETTERS)
    if not configuration.queue.input_url:
        yield _letters("QueueCrashed", "Messages end whoever reads them; they are in the queue Crashed, for 14 days.", CRASHED)


def _enqueue_behind(configuration: Configuration) -> Row:
    return Row(
        id="EnqueueBehind",
        heading="EnqueueBehind",
        means="enqueue_hits is a third of the stream's retention behind: an hour before its end, hits are put aside and not delivered.",
        severity=Severity.NIGHT,
        watched=of_function("IteratorAge", ENQUEUE_HITS.name, Statistic.MAXIMUM),
        threshold=timedelta(hours=configuration.stream.retention_hours) / timedelta(milliseconds=1) / 3,
        periods=3,
        chart=Chart.STREAM_AGE,
    )


def _put_aside() -> Row:
    return Row(
        id="HitsPutAside",
        heading="HitsPutAside",
        means="Hits were not enqueued in time: they are in the bucket Failures for 3 days, and no destination has them.",
        severity=Severity.MORNING,
        watched=of_event_source("OnFailureDestinationDeliveredEventCount", ENQUEUE_SOURCE),
        threshold=1,
        periods=1,
        chart=Chart.LOSSES,
    )


def _too_large(namespace: str) -> Row:
    return Row(
        id="HitsTooLarge",
        heading="HitsTooLarge",
        means="Hits were larger than a message may be: they are rows in the lake, and no destination gets them.",
        severity=Severity.MORNING,
        watched=without_crashes(namespace, "enqueue", {"stage": "enqueue"}),
        threshold=1,
        periods=1,
        chart=Chart.LOSSES,
    )


def _waits(configuration: Configuration, percent: int) -> Row:
    days = configuration.queue.retention_days
    return Row(
        id=f"QueueWaits{percent}",
        heading="QueueWaits",
        means=f"The oldest message has waited for {percent} % of {days} days, after which SQS deletes it: destinations take too little.",
        severity=Severity.MORNING if percent == AGES_PERCENT[0] else Severity.NIGHT,
        watched=of_queue("ApproximateAgeOfOldestMessage", TRACKING),
        threshold=timedelta(days=days) / timedelta(seconds=1) * percent / 100,
        periods=1,
        chart=Chart.QUEUE_AGE,
    )


def _circuit_open(namespace: str, destination: str) -> Row:
    return Row(
        id=f"CircuitOpen-{destination}",
        heading="CircuitOpen",
        means=f"Nothing is sent to {destination}: it refuses the token, or does not work, or no run of process_queue says otherwise.",
        severity=Severity.NIGHT,
        watched=Metric(
            namespace=namespace,
            name="circuit_open",
            dimensions={"destination": destination},
            statistic=Statistic.MAXIMUM,
            period=timedelta(minutes=15),
        ),
        threshold=1,
        periods=2,
        is_bad_when_silent=True,
        chart=Chart.CIRCUITS,
    )


def _letters(id_: str, means: str, queue: Resource) -> Row:
    return Row(
        id=id_,
        heading=id_,
        means=means,
        severity=Severity.MORNING,
        watched=of_queue("ApproximateNumberOfMessagesVisible", queue),
        threshold=1,
        periods=1,
        chart=Chart.DEAD_LETTERS,
    )
