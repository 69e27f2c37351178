"""The dashboard: what each chart shows, in the order in which an operator asks at three in the morning."""

from collections.abc import Mapping, Sequence
from typing import Final

from footfall.functions import PROCESS_QUEUE, Function
from footfall.monitoring.metrics import (
    CRASHED,
    DEAD_LETTERS,
    DISTRIBUTION,
    LOST,
    TRACKING,
    Math,
    Metric,
    Search,
    Series,
    Statistic,
    namespace_of,
    of_delivery,
    of_function,
    of_queue,
    of_stream,
)
from footfall.monitoring.rows import Chart

SECTIONS: Final[Mapping[str, tuple[Chart, ...]]] = {
    "Do hits arrive?": (Chart.REQUESTS, Chart.SITES),
    "What is not a hit, and why?": (Chart.REJECTS, Chart.SUPPRESSED),
    "Is anything lost?": (Chart.LOSSES, Chart.LOST),
    "How late are we?": (Chart.STREAM_AGE, Chart.DELIVERY_AGE),
    "Do destinations take the hits?": (Chart.DELIVERED, Chart.CIRCUITS, Chart.QUEUE_AGE, Chart.DEAD_LETTERS),
    "Do the functions work?": (Chart.FAILURES, Chart.DURATION),
    "Do salts die in time?": (Chart.SALTS,),
    "What does it cost?": (Chart.COST_REQUESTS, Chart.COST_BYTES, Chart.COST_COMPUTE),
}
"""The sections from top to bottom, each one row of charts; one of which a deployment has no chart is left out."""

STACKED: Final = (Chart.SITES, Chart.REJECTS, Chart.SUPPRESSED, Chart.LOSSES)

SCALE: Final[Mapping[Chart, float]] = {Chart.STREAM_AGE: 1 / 60_000}
"""What an alarm's threshold is multiplied with to be drawn where the chart shows another unit than the metric has."""


def charts(deployment: str, functions: Sequence[Function]) -> dict[Chart, tuple[Series, ...]]:
    """What each chart of a deployment shows."""
    return {
        **_requests(namespace_of(deployment)),
        **_delivery(),
        **(_queue(namespace_of(deployment)) if PROCESS_QUEUE in functions else {}),
        **_functions(functions),
        **_salts(namespace_of(deployment)),
        **_costs(functions),
    }


def _requests(namespace: str) -> dict[Chart, tuple[Series, ...]]:
    def found(name: str, *dimensions: str) -> Search:
        return Search(namespace=namespace, name=name, dimensions=dimensions)

    totals = tuple(Metric(namespace=namespace, name=name, label=name) for name in ("hits", "rejects", "suppressed", "losses"))
    return {
        Chart.REQUESTS: totals,
        Chart.SITES: (found("hits", "site"),),
        Chart.REJECTS: (found("rejects", "reason"),),
        Chart.SUPPRESSED: (found("suppressed", "reason", "site"), found("suppressed", "reason")),
        Chart.LOSSES: (
            found("losses", "stage", "reason", "site"),
            found("losses", "stage", "reason"),
            found("crashed", "stage"),
            Metric(namespace=namespace, name="crashed", label="crashed"),
        ),
    }


def _delivery() -> dict[Chart, tuple[Series, ...]]:
    age = of_stream("GetRecords.IteratorAgeMilliseconds", Statistic.MAXIMUM)
    return {
        Chart.LOST: (of_queue("ApproximateNumberOfMessagesVisible", LOST, label="objects listed in the queue Lost"),),
        Chart.STREAM_AGE: (Math(expression="age / 60000", metrics={"age": age}, label="minutes"),),
        Chart.DELIVERY_AGE: (of_delivery("DeliveryToS3.DataFreshness", Statistic.MAXIMUM, label="seconds"),),
    }


def _queue(namespace: str) -> dict[Chart, tuple[Series, ...]]:
    visible = "ApproximateNumberOfMessagesVisible"
    return {
        Chart.DELIVERED: (Search(namespace=namespace, name="delivered", dimensions=("destination", "site")),),
        Chart.CIRCUITS: (Search(namespace=namespace, name="circuit_open", dimensions=("destination",), statistic=Statistic.MAXIMUM),),
        Chart.QUEUE_AGE: (of_queue("ApproximateAgeOfOldestMessage", TRACKING, label="seconds"),),
        Chart.DEAD_LETTERS: (of_queue(visible, DEAD_LETTERS, label="dead letters"), of_queue(visible, CRASHED, label="crashed")),
    }


def _functions(functions: Sequence[Function]) -> dict[Chart, tuple[Series, ...]]:
    failures = tuple(
        of_function(name, function.name, label=f"{function.name} {name.lower()}")
        for function in functions
        for name in ("Errors", "Throttles")
    )
    longest = tuple(
        _seconds(function, Statistic.MAXIMUM, label=f"{function.name} (ends at {function.timeout.total_seconds():.0f} s)")
        for function in functions
    )
    return {Chart.FAILURES: failures, Chart.DURATION: longest}


def _salts(namespace: str) -> dict[Chart, tuple[Series, ...]]:
    oldest = Metric(namespace=namespace, name="oldest_salt_hours", statistic=Statistic.MAXIMUM, label="oldest salt, hours")
    return {Chart.SALTS: (oldest, Metric(namespace=namespace, name="salts_unavailable", label="times salts could not be read"))}


def _costs(functions: Sequence[Function]) -> dict[Chart, tuple[Series, ...]]:
    edge = Metric(
        namespace="AWS/CloudFront",
        name="Requests",
        dimensions={"DistributionId": DISTRIBUTION, "Region": "Global"},
        label="requests at the edge, pages included",
        region="us-east-1",  # where CloudFront keeps the metrics of every distribution
    )
    seconds = tuple(_seconds(function, Statistic.SUM, label=f"{function.name} ({function.memory_mb} MB)") for function in functions)
    return {
        Chart.COST_REQUESTS: (edge, of_stream("IncomingRecords", label="lines in the stream")),
        Chart.COST_BYTES: (of_stream("IncomingBytes", label="into the stream"), of_delivery("DeliveryToS3.Bytes", label="Parquet into S3")),
        Chart.COST_COMPUTE: seconds,
    }


def _seconds(function: Function, statistic: Statistic, *, label: str) -> Math:
    """How long a function ran; the metric's id is the function's name, because ids are unique in a chart."""
    duration = of_function("Duration", function.name, statistic)
    return Math(expression=f"{function.name} / 1000", metrics={function.name: duration}, label=label)
