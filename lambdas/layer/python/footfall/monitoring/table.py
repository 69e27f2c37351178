"""The table of alarms: one row for each thing that nobody would notice by looking at the rows of the lake."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from footfall.configuration import Configuration
from footfall.functions import FUNCTIONS, RETIRE_SALTS, Function, deployed
from footfall.monitoring.metrics import (
    LOST,
    Math,
    Metric,
    Statistic,
    namespace_of,
    of_delivery,
    of_function,
    of_queue,
    of_stream,
    without_crashes,
)
from footfall.monitoring.queue_table import queue_rows
from footfall.monitoring.rows import Chart, Row, Severity

SILENT_HOURS: Final = 24
"""A day holds the night of any site; who wants to know sooner names the site in `[alarms.silent_hours]`."""

MIN_REQUESTS: Final = 20
"""Requests in an hour below which a ratio says nothing: one broken request of three at night is no reason to wake anyone."""

SALT_LIFE_HOURS: Final = 48
"""As the privacy policy promises; a test holds it to `footfall.hits.visitor.SALT_LIFE`."""

WHEN_IT_FAILS: Final[Mapping[str, str]] = {
    "transform_hits": "Batches of log lines ended with an error; after three tries Firehose writes their raw lines under errors/.",
    "retire_salts": "Salts may outlive 48 hours, so visitor ids of past days could still be computed; no hit is lost.",
    "enqueue_hits": "Hits are not enqueued and are tried again, until an hour before the stream forgets them; then they are put aside.",
    "process_queue": "A run of the drain ended with an error; hits wait in the tracking queue, and the next run does its work.",
}
"""What an error of each function means for the data; a function without a sentence here fails the synthesis."""


def rows(configuration: Configuration, functions: Sequence[Function] | None = None) -> tuple[Row, ...]:
    """Every alarm of a deployment, in the order in which the runbook lists them; `functions` are those that are deployed."""
    namespace = namespace_of(configuration.name)
    functions = deployed(FUNCTIONS, has_queue=configuration.has_queue) if functions is None else functions
    return (
        *_stream(configuration),
        *_requests(namespace, configuration.alarms.reject_percent),
        _crashed(namespace),
        *(row for function in functions for row in _function(function)),
        *(queue_rows(namespace, configuration) if configuration.has_queue else ()),
        *_salts(namespace),
        *_sites(namespace, configuration),
    )


def _stream(configuration: Configuration) -> Iterator[Row]:
    yield Row(
        id="StreamBehind",
        heading="StreamBehind",
        means="Firehose is a third of the stream's retention behind, or not reading at all: log lines will expire unread.",
        severity=Severity.NIGHT,
        watched=of_stream("GetRecords.IteratorAgeMilliseconds", Statistic.MAXIMUM),
        threshold=timedelta(hours=configuration.stream.retention_hours) / timedelta(milliseconds=1) / 3,
        periods=3,
        is_bad_when_silent=True,
        chart=Chart.STREAM_AGE,
    )
    yield Row(
        id="DeliveryBehind",
        heading="DeliveryBehind",
        means="Rows reach the lake later than the buffers explain: queries miss the newest hits, which still wait in Firehose.",
        severity=Severity.MORNING,
        watched=of_delivery("DeliveryToS3.DataFreshness", Statistic.MAXIMUM),
        threshold=2 * configuration.lake.buffer_seconds + 600,
        periods=3,
        chart=Chart.DELIVERY_AGE,
    )
    yield Row(
        id="ObjectsLost",
        heading="ObjectsLost",
        means="Records did not become rows: they are under errors/ in the lake bucket for 3 days, and the queue Lost lists them.",
        severity=Severity.MORNING,
        watched=of_queue("ApproximateNumberOfMessagesVisible", LOST, period=timedelta(minutes=1)),
        threshold=1,
        periods=1,
        chart=Chart.LOST,
    )


def _requests(namespace: str, reject_percent: int) -> Iterator[Row]:
    hour = timedelta(hours=1)
    hits, rejects = (Metric(namespace=namespace, name=name, period=hour) for name in ("hits", "rejects"))
    yield Row(
        id="RejectsHigh",
        heading="RejectsHigh",
        means=f"In the last hour {reject_percent} % or more of the requests were rejects: they are not in hits, and stay out of it.",
        severity=Severity.NIGHT,
        watched=Math(
            expression=f"IF(hits + rejects >= {MIN_REQUESTS}, 100 * rejects / (hits + rejects), 0)",
            metrics={"hits": hits, "rejects": rejects},
            label="percent rejected",
        ),
        threshold=reject_percent,
        periods=1,
        chart=Chart.REJECTS,
    )
    yield Row(
        id="LinesLost",
        heading="LinesLost",
        means="Requests that should be rows were neither written nor kept: each is a loss for good.",
        severity=Severity.NIGHT,
        watched=without_crashes(namespace, "transform", {}),
        threshold=1,
        periods=1,
        chart=Chart.LOSSES,
    )


def _crashed(namespace: str) -> Row:
    return Row(
        id="OwnCodeFails",
        heading="OwnCodeFails",
        means="Footfall's own code failed on records or messages: each was set aside, counted as crashed, and its neighbours went on.",
        severity=Severity.NIGHT,
        watched=Metric(namespace=namespace, name="crashed"),
        threshold=1,
        periods=1,
        chart=Chart.LOSSES,
    )


def _function(function: Function) -> Iterator[Row]:
    name = "".join(part.capitalize() for part in function.name.split("_"))
    yield Row(
        id=f"{name}Fails",
        heading=f"{name}Fails",
        means=WHEN_IT_FAILS[function.name],
        severity=Severity.MORNING,
        watched=of_function("Errors", function.name),
        threshold=1,
        periods=1,
        chart=Chart.FAILURES,
    )
    yield Row(
        id=f"FunctionThrottled-{function.name}",
        heading="FunctionThrottled",
        means=f"Lambda refused to run {function.name} because too much else runs in the account; what it means is as for {name}Fails.",
        severity=Severity.MORNING,
        watched=of_function("Throttles", function.name),
        threshold=1,
        periods=1,
        chart=Chart.FAILURES,
    )


def _salts(namespace: str) -> Iterator[Row]:
    assert RETIRE_SALTS.every is not None  # noqa: S101  tells mypy that it has a schedule
    three_runs = 3 * RETIRE_SALTS.every
    yield Row(
        id="SaltsOld",
        heading="SaltsOld",
        means="A salt is older than 48 hours, or nothing has looked for 3 runs: visitor ids of past days could still be computed.",
        severity=Severity.MORNING,
        watched=Metric(namespace=namespace, name="oldest_salt_hours", statistic=Statistic.MAXIMUM, period=three_runs),
        threshold=SALT_LIFE_HOURS,
        periods=1,
        is_bad_when_silent=True,
        chart=Chart.SALTS,
    )
    yield Row(
        id="SaltsUnavailable",
        heading="SaltsUnavailable",
        means="Rows are written without a visitor id, since the salts cannot be read; no hit is lost, but its visitor is not known later.",
        severity=Severity.NIGHT,
        watched=Metric(namespace=namespace, name="salts_unavailable"),
        threshold=1,
        periods=3,
        chart=Chart.SALTS,
    )


def _sites(namespace: str, configuration: Configuration) -> Iterator[Row]:
    named = configuration.alarms.silent_hours
    for site, hours in watched_sites(configuration).items():
        yield Row(
            id=f"SiteSilent-{site}",
            heading="SiteSilent",
            means=f"Site {site} has had no hit for {hours} h: its tag, its host name or the edge may be broken.",
            severity=Severity.NIGHT if site in named else Severity.MORNING,
            watched=Metric(namespace=namespace, name="hits", dimensions={"site": site}, period=timedelta(hours=1)),
            threshold=1,
            periods=hours,
            is_bad_below=True,
            is_bad_when_silent=True,
            chart=Chart.SITES,
        )
    if unwatched_sites(configuration):
        yield Row(
            id="AllSilent",
            heading="AllSilent",
            means=f"No site has had a hit for {SILENT_HOURS} h: the edge, its log or the stream may be broken.",
            severity=Severity.NIGHT,
            watched=Metric(namespace=namespace, name="hits", period=timedelta(hours=1)),
            threshold=1,
            periods=SILENT_HOURS,
            is_bad_below=True,
            is_bad_when_silent=True,
            chart=Chart.REQUESTS,
        )


def watched_sites(configuration: Configuration) -> dict[str, int]:
    """The sites that have an alarm, each with the hours of silence that raise it."""
    first = configuration.sites.registered[: configuration.alarms.watched_sites]
    return {site.key: SILENT_HOURS for site in first} | dict(configuration.alarms.silent_hours)


def unwatched_sites(configuration: Configuration) -> int:
    """How many registered sites could fall silent without an alarm of their own."""
    return len(configuration.sites.registered) - len(watched_sites(configuration))
