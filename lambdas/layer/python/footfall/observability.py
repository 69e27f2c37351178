"""Logger and metrics of every function, configured once; never a query string, an address or a user agent in either."""

import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final, Protocol

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from footfall.reasons import CRASHED

NAMESPACE: Final = "Footfall"
"""Where no deployment names another; the template sets POWERTOOLS_METRICS_NAMESPACE, so that two deployments do not sum theirs."""
EVERY_REQUEST: Final = 100
"""Percent."""


class Transformed(Protocol):
    """What a transformed batch counted; footfall.hits.transform.Counts is one."""

    @property
    def hits(self) -> Mapping[str, int]:
        """By site."""

    @property
    def rejects(self) -> Mapping[str, int]:
        """By reason."""

    @property
    def suppressed(self) -> Mapping[tuple[str, str], int]:
        """By (reason, site)."""

    @property
    def losses(self) -> Mapping[tuple[str, str], int]:
        """By (reason, site)."""


class Enqueued(Protocol):
    """What an enqueued batch counted; footfall.queueing.enqueue.EnqueueCounts is one."""

    @property
    def enqueued(self) -> Mapping[str, int]:
        """By site."""

    @property
    def suppressed(self) -> Mapping[tuple[str, str], int]:
        """By (reason, site)."""

    @property
    def losses(self) -> Mapping[tuple[str, str], int]:
        """By (reason, site)."""


class Processed(Protocol):
    """What a run of the drain counted; footfall.queueing.tally.Tally is one."""

    @property
    def delivered(self) -> Mapping[tuple[str, str], int]:
        """By (destination, site)."""

    @property
    def losses(self) -> Mapping[tuple[str, str], int]:
        """By (reason, site)."""

    @property
    def suppressed(self) -> Mapping[tuple[str, str], int]:
        """By (reason, site)."""

    @property
    def uncertain(self) -> Mapping[str, int]:
        """By destination."""

    @property
    def resent(self) -> Mapping[str, int]:
        """By destination."""

    @property
    def retry(self) -> Mapping[str, int]:
        """By destination."""

    @property
    def mended(self) -> Mapping[str, int]:
        """By parameter."""

    @property
    def messages(self) -> Mapping[str, int]:
        """By what became of them."""

    @property
    def crashes(self) -> int:
        """Visitor shards given up because our own code failed."""

    @property
    def circuits(self) -> Mapping[str, str]:
        """By destination: why it is open, empty when it is closed."""


def make_logger(function: str) -> Logger:
    """A JSON logger that names its function in every line."""
    return Logger(service=function, log_uncaught_exceptions=False)


def count(metric: str, counts: Iterable[tuple[tuple[str, ...], int]], dimensions: tuple[str, ...], *, sampling_rate: int = 100) -> None:
    """Write one CloudWatch metric per combination of dimension values, as embedded metric format.

    `counts` pairs the dimension values, in the order of `dimensions`, with a number; an empty value leaves its dimension out.
    Where CloudFront logs only `sampling_rate` percent of the requests, each metric carries that rate beside its number.
    """
    for values, number in counts:
        metrics = _new_metrics()
        metrics.add_metric(name=metric, unit=MetricUnit.Count, value=number)
        for name, value in zip(dimensions, values, strict=True):
            if value:
                metrics.add_dimension(name=name, value=value)
        _flush(metrics, sampling_rate)


def count_transformed(counts: Transformed, *, salts_unavailable: int, sampling_rate: int) -> None:
    """Write the metrics of one transformed batch: `hits`, `rejects`, `suppressed`, `losses{stage, reason, site}`, `salts_unavailable`.

    The first four are also written without dimensions, as zero too: an alarm cannot search for dimensions, nor divide by what is missing.
    """
    by_dimensions: tuple[tuple[str, Iterable[tuple[tuple[str, ...], int]], tuple[str, ...]], ...] = (
        ("hits", (((site,), number) for site, number in counts.hits.items()), ("site",)),
        ("rejects", (((reason,), number) for reason, number in counts.rejects.items()), ("reason",)),
        ("suppressed", counts.suppressed.items(), ("reason", "site")),
        ("losses", ((("transform", *key), number) for key, number in counts.losses.items()), ("stage", "reason", "site")),
    )
    _count_all(counts, sampling_rate=sampling_rate)
    for metric, numbers, dimensions in by_dimensions:
        count(metric, numbers, dimensions, sampling_rate=sampling_rate)
    _count_crashes("transform", sum(number for (reason, _), number in counts.losses.items() if reason == CRASHED.code))
    if salts_unavailable:
        count("salts_unavailable", [((), salts_unavailable)], ())


def count_enqueued(counts: Enqueued, *, unconfirmed: Mapping[str, int], sampling_rate: int) -> None:
    """Write the metrics of one enqueued batch: `enqueued`, `suppressed`, `losses{stage, reason, site}`, `unconfirmed{reason}`.

    What is lost is also summed up as `losses{stage}`: an alarm watches one metric.
    """
    lost = sum(counts.losses.values())
    by_dimensions: tuple[tuple[str, Iterable[tuple[tuple[str, ...], int]], tuple[str, ...]], ...] = (
        ("enqueued", (((site,), number) for site, number in counts.enqueued.items()), ("site",)),
        ("suppressed", counts.suppressed.items(), ("reason", "site")),
        ("losses", ((("enqueue", *key), number) for key, number in counts.losses.items()), ("stage", "reason", "site")),
        ("losses", [(("enqueue",), lost)] if lost else [], ("stage",)),
        ("unconfirmed", (((reason,), number) for reason, number in unconfirmed.items()), ("reason",)),
    )
    for metric, numbers, dimensions in by_dimensions:
        count(metric, numbers, dimensions, sampling_rate=sampling_rate)
    _count_crashes("enqueue", sum(number for (reason, _), number in counts.losses.items() if reason == CRASHED.code))


def count_processed(tally: Processed) -> None:
    """Write the metrics of one run of the drain; `circuit_open` is 0 or 1 for every destination, so that its alarm can close again."""
    count("delivered", tally.delivered.items(), ("destination", "site"))
    count("losses", ((("process", *key), number) for key, number in tally.losses.items()), ("stage", "reason", "site"))
    count("suppressed", tally.suppressed.items(), ("reason", "site"))
    for metric, dimension in (("uncertain", "destination"), ("resent", "destination"), ("retry", "destination"), ("mended", "parameter")):
        numbers = getattr(tally, metric).items()
        count(metric, (((name,), number) for name, number in numbers if number), (dimension,))
    count("circuit_open", (((name,), int(bool(reason))) for name, reason in tally.circuits.items()), ("destination",))
    lost = sum(number for (reason, _), number in tally.losses.items() if reason == CRASHED.code)
    _count_crashes("process", lost + tally.crashes)
    count("queue_messages", (((name,), number) for name, number in tally.messages.items() if number), ("outcome",))


def report_salts(*, retired: int, oldest: timedelta) -> None:
    """Write `salts_retired`, and `oldest_salt_hours`: the age of the oldest salt that is left, 0 where none is."""
    metrics = _new_metrics()
    metrics.add_metric(name="salts_retired", unit=MetricUnit.Count, value=retired)
    metrics.add_metric(name="oldest_salt_hours", unit=MetricUnit.NoUnit, value=oldest / timedelta(hours=1))
    metrics.flush_metrics()


def _count_crashes(stage: str, number: int) -> None:
    """Write `crashed{stage}`, and `crashed` for the one alarm that watches all stages."""
    if number:
        count("crashed", [((stage,), number)], ("stage",))
        count("crashed", [((), number)], ())


def _count_all(counts: Transformed, *, sampling_rate: int) -> None:
    metrics = _new_metrics()
    for name in ("hits", "rejects", "suppressed", "losses"):
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=sum(getattr(counts, name).values()))
    _flush(metrics, sampling_rate)


def _new_metrics() -> EphemeralMetrics:
    """Metrics with no dimension but those they are given: the library adds `service` unless that is empty, and alarms would miss them."""
    return EphemeralMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE), service="")


def _flush(metrics: EphemeralMetrics, sampling_rate: int) -> None:
    if sampling_rate < EVERY_REQUEST:
        metrics.add_metadata(key="sampling_rate", value=sampling_rate)
    metrics.flush_metrics()
