"""Logger and metrics of every function, configured once; never a query string, an address or a user agent in either."""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE: Final = "Footfall"


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


def make_logger(function: str) -> Logger:
    """A JSON logger that names its function in every line."""
    return Logger(service=function, log_uncaught_exceptions=False)


def count(metric: str, counts: Iterable[tuple[tuple[str, ...], int]], dimensions: tuple[str, ...]) -> None:
    """Write one CloudWatch metric per combination of dimension values, as embedded metric format.

    `counts` pairs the dimension values, in the order of `dimensions`, with a number; an empty value leaves its dimension out.
    """
    for values, number in counts:
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        metrics.add_metric(name=metric, unit=MetricUnit.Count, value=number)
        for name, value in zip(dimensions, values, strict=True):
            if value:
                metrics.add_dimension(name=name, value=value)
        metrics.flush_metrics()


def count_transformed(counts: Transformed, *, salts_unavailable: int) -> None:
    """Write the metrics of one transformed batch: `hits`, `rejects`, `suppressed`, `losses{stage, reason, site}`, `salts_unavailable`."""
    count("hits", (((site,), number) for site, number in counts.hits.items()), ("site",))
    count("rejects", (((reason,), number) for reason, number in counts.rejects.items()), ("reason",))
    count("suppressed", counts.suppressed.items(), ("reason", "site"))
    count("losses", ((("transform", *key), number) for key, number in counts.losses.items()), ("stage", "reason", "site"))
    if salts_unavailable:
        count("salts_unavailable", [((), salts_unavailable)], ())
