"""Turn the metrics of footfall.monitoring into CDK's, with the names that the deployed things have."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from footfall.monitoring.metrics import Math, Metric, Resource, Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the resources of the table are called once they are deployed."""

    of: Mapping[Resource, str]

    def knows(self, series: Series) -> bool:
        """Whether what a series shows is deployed: a queue that existed before has no queue of crashed messages of ours."""
        return not isinstance(series, Metric) or all(
            value in self.of for value in series.dimensions.values() if isinstance(value, Resource)
        )

    def metric(self, metric: Metric) -> cloudwatch.Metric:
        """One metric, under its exact dimensions."""
        dimensions = {name: self.of[value] if isinstance(value, Resource) else value for name, value in metric.dimensions.items()}
        return cloudwatch.Metric(
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions_map=dimensions,
            statistic=str(metric.statistic),
            period=Duration.seconds(int(metric.period.total_seconds())),
            label=metric.label or None,
            region=metric.region or None,
        )

    def watched(self, watched: Metric | Math) -> cloudwatch.IMetric:
        """What an alarm may watch."""
        if isinstance(watched, Metric):
            return self.metric(watched)
        return cloudwatch.MathExpression(
            expression=watched.expression,
            using_metrics={id_: self.metric(metric) for id_, metric in watched.metrics.items()},
            label=watched.label,
            period=Duration.seconds(int(watched.period.total_seconds())),
        )

    def series(self, series: Series) -> cloudwatch.IMetric:
        """What a chart may show."""
        if isinstance(series, Metric | Math):
            return self.watched(series)
        return cloudwatch.SearchExpression(
            expression=series.expression, label=" ", period=Duration.seconds(int(series.period.total_seconds()))
        )
