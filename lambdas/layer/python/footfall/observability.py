"""Logger and metrics of every function, configured once; never a query string, an address or a user agent in either."""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE: Final = "Footfall"
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


def make_logger(function: str) -> Logger:
    """A JSON logger that names its function in every line."""
    return Logger(service=function, log_uncaught_exceptions=False)


def count(metric: str, counts: Iterable[tuple[tuple[str, ...], int]], dimensions: tuple[str, ...], *, sampling_rate: int = 100) -> None:
    """Write one CloudWatch metric per combination of dimension values, as embedded metric format.

    `counts` pairs the dimension values, in the order of `dimensions`, with a number; an empty value leaves its dimension out.
    Where CloudFront logs only `sampling_rate` percent of the requests, each metric carries that rate beside its number.
    """
    for values, number in counts:
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        metrics.add_metric(name=metric, unit=MetricUnit.Count, value=number)
        for name, value in zip(dimensions, values, strict=True):
            if value:
                metrics.add_dimension(name=name, value=value)
        if sampling_rate < EVERY_REQUEST:
            metrics.add_metadata(key="sampling_rate", value=sampling_rate)
        metrics.flush_metrics()


def count_transformed(counts: Transformed, *, salts_unavailable: int, sampling_rate: int) -> None:
    """Write the metrics of one transformed batch: `hits`, `rejects`, `suppressed`, `losses{stage, reason, site}`, `salts_unavailable`."""
    by_dimensions: tuple[tuple[str, Iterable[tuple[tuple[str, ...], int]], tuple[str, ...]], ...] = (
        ("hits", (((site,), number) for site, number in counts.hits.items()), ("site",)),
        ("rejects", (((reason,), number) for reason, number in counts.rejects.items()), ("reason",)),
        ("suppressed", counts.suppressed.items(), ("reason", "site")),
        ("losses", ((("transform", *key), number) for key, number in counts.losses.items()), ("stage", "reason", "site")),
    )
    for metric, numbers, dimensions in by_dimensions:
        count(metric, numbers, dimensions, sampling_rate=sampling_rate)
    if salts_unavailable:
        count("salts_unavailable", [((), salts_unavailable)], ())


def count_enqueued(counts: Enqueued, *, unconfirmed: Mapping[str, int], sampling_rate: int) -> None:
    """Write the metrics of one enqueued batch: `enqueued`, `suppressed`, `losses{stage, reason, site}`, `unconfirmed{reason}`."""
    by_dimensions: tuple[tuple[str, Iterable[tuple[tuple[str, ...], int]], tuple[str, ...]], ...] = (
        ("enqueued", (((site,), number) for site, number in counts.enqueued.items()), ("site",)),
        ("suppressed", counts.suppressed.items(), ("reason", "site")),
        ("losses", ((("enqueue", *key), number) for key, number in counts.losses.items()), ("stage", "reason", "site")),
        ("unconfirmed", (((reason,), number) for reason, number in unconfirmed.items()), ("reason",)),
    )
    for metric, numbers, dimensions in by_dimensions:
        count(metric, numbers, dimensions, sampling_rate=sampling_rate)
