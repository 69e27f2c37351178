"""The monitoring stack: the table of footfall.monitoring as alarms and a dashboard."""

from collections.abc import Mapping, Sequence

from aws_cdk import Annotations, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from footfall.configuration import Alarms, Configuration
from footfall.monitoring.metrics import Resource
from footfall.monitoring.rows import Row, Severity
from footfall.monitoring.table import rows, unwatched_sites
from stacks.constructs.alarm import make_alarm
from stacks.constructs.dashboard import Dashboard
from stacks.constructs.function import FootfallFunction
from stacks.constructs.watched_metrics import Names


class MonitoringStack(Stack):
    """One alarm for each row of the table, and the dashboard that explains them; `names` is what the watched resources are called."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        configuration: Configuration,
        names: Mapping[Resource, str],
        functions: Sequence[FootfallFunction],
    ) -> None:
        super().__init__(scope, id_, description="Footfall: alarms and dashboard")
        declared = [function.declared for function in functions]
        known = Names(of={**names, **{Resource(each.declared.name): each.function.function_name for each in functions}})
        topics = self._topics(configuration.alarms)
        alarms: list[tuple[Row, cloudwatch.IAlarm]] = [
            (row, make_alarm(self, row, deployment=configuration.name, names=known, topic=topics[row.severity]))
            for row in rows(configuration, declared)
        ]
        Dashboard(self, "Overview", deployment=configuration.name, names=known, functions=declared, alarms=alarms)
        self._warn_of_unwatched_sites(configuration)

    def _topics(self, settings: Alarms) -> dict[Severity, sns.ITopic | None]:
        """Where each severity goes: what cannot wait has a topic of its own, or shares the one there is."""
        morning = sns.Topic.from_topic_arn(self, "Topic", settings.topic_arn) if settings.topic_arn else None
        page = sns.Topic.from_topic_arn(self, "PageTopic", settings.page_topic_arn) if settings.page_topic_arn else morning
        return {Severity.NIGHT: page, Severity.MORNING: morning}

    def _warn_of_unwatched_sites(self, configuration: Configuration) -> None:
        unwatched = unwatched_sites(configuration)
        if unwatched and not configuration.alarms.silent_hours:
            Annotations.of(self).add_warning_v2(
                "footfall:unwatchedSites",
                f"{unwatched} sites have no alarm for silence: name those that matter in [alarms.silent_hours] of footfall.toml.",
            )
