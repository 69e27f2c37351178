"""Name a CloudWatch metric without knowing CDK: namespace, dimensions, statistic and period, and arithmetic over several."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

FIVE_MINUTES: Final = timedelta(minutes=5)


class Statistic(StrEnum):
    """How CloudWatch sums up the values of one period."""

    SUM = "Sum"
    MAXIMUM = "Maximum"


@dataclass(frozen=True, slots=True)
class Resource:
    """A deployed thing whose name is known only when it is deployed: a function's name in `footfall.functions`, or one of below."""

    key: str


STREAM: Final = Resource("hits")
DELIVERY: Final = Resource("delivery")
LOST: Final = Resource("lost")
DISTRIBUTION: Final = Resource("distribution")
TRACKING: Final = Resource("tracking")
DEAD_LETTERS: Final = Resource("dead_letters")
CRASHED: Final = Resource("crashed")
ENQUEUE_SOURCE: Final = Resource("enqueue_source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric: CloudWatch finds it only under exactly these dimensions. `region` "" is the deployment's own."""

    namespace: str
    name: str
    dimensions: Mapping[str, str | Resource] = field(default_factory=dict)
    statistic: Statistic = Statistic.SUM
    period: timedelta = FIVE_MINUTES
    label: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Math:
    """Metric math over metrics that have one period; an alarm takes at most ten of them and no SEARCH."""

    expression: str
    metrics: Mapping[str, Metric]
    label: str = ""

    @property
    def period(self) -> timedelta:
        """The period of its metrics, which must all have the same."""
        (period,) = {metric.period for metric in self.metrics.values()}
        return period


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The busiest 20 metrics of one name and one set of dimensions, found when the dashboard is opened; never for an alarm.

    Source: "You can't create an alarm based on the SEARCH expression", https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-search-expressions.html.
    """

    namespace: str
    name: str
    dimensions: tuple[str, ...]
    statistic: Statistic = Statistic.SUM
    period: timedelta = FIVE_MINUTES

    @property
    def expression(self) -> str:
        """The search in CloudWatch's syntax; names are quoted because a namespace may hold a hyphen.

        >>> print(Search(namespace="Footfall/a-b", name="hits", dimensions=("site",)).expression)
        SORT(SEARCH('{"Footfall/a-b","site"} MetricName="hits"', 'Sum', 300), SUM, DESC, 20)
        """
        schema = ",".join(f'"{part}"' for part in (self.namespace, *self.dimensions))
        period_s = int(self.period.total_seconds())
        return f"SORT(SEARCH('{{{schema}}} MetricName=\"{self.name}\"', '{self.statistic}', {period_s}), SUM, DESC, 20)"


Series = Metric | Math | Search


def namespace_of(deployment: str) -> str:
    """The namespace of a deployment's own metrics: two deployments in one account must not sum theirs.

    >>> namespace_of("footfall")
    'Footfall/footfall'
    """
    return f"Footfall/{deployment}"


def of_function(name: str, function: str, statistic: Statistic = Statistic.SUM, label: str = "") -> Metric:
    """A metric that Lambda keeps for a function of `footfall.functions`."""
    return Metric(namespace="AWS/Lambda", name=name, dimensions={"FunctionName": Resource(function)}, statistic=statistic, label=label)


def of_event_source(name: str, source: Resource) -> Metric:
    """A metric that Lambda keeps for an event source mapping that asks for event counts, by its UUID.

    Source: "Event source mapping metrics", https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html.
    """
    return Metric(namespace="AWS/Lambda", name=name, dimensions={"EventSourceMappingUUID": source})


def of_stream(name: str, statistic: Statistic = Statistic.SUM, label: str = "") -> Metric:
    """A metric that Kinesis keeps for the stream of log lines."""
    return Metric(namespace="AWS/Kinesis", name=name, dimensions={"StreamName": STREAM}, statistic=statistic, label=label)


def of_delivery(name: str, statistic: Statistic = Statistic.SUM, label: str = "") -> Metric:
    """A metric that Firehose keeps for the delivery stream."""
    dimensions = {"DeliveryStreamName": DELIVERY}
    return Metric(namespace="AWS/Firehose", name=name, dimensions=dimensions, statistic=statistic, label=label)


def of_queue(name: str, queue: Resource, period: timedelta = FIVE_MINUTES, label: str = "") -> Metric:
    """A metric that SQS keeps for a queue, at its maximum: how many wait, how long the oldest has waited."""
    return Metric(namespace="AWS/SQS", name=name, dimensions={"QueueName": queue}, statistic=Statistic.MAXIMUM, period=period, label=label)


def without_crashes(namespace: str, stage: str, dimensions: Mapping[str, str]) -> Math:
    """Losses of a stage but those of our own code's failures, which have an alarm of their own."""
    losses = Metric(namespace=namespace, name="losses", dimensions=dimensions)
    crashed = Metric(namespace=namespace, name="crashed", dimensions={"stage": stage})
    return Math(expression="losses - FILL(crashed, 0)", metrics={"losses": losses, "crashed": crashed}, label="losses")
