"""The monitoring stack: alarms for what nobody would notice by looking at the rows."""

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from footfall.configuration import Alarms
from stacks.constructs.function import FootfallFunction
from stacks.constructs.hits_stream import HitsStream


class MonitoringStack(Stack):
    """Lines about to expire unread, objects under the error prefix, functions that fail."""

    def __init__(
        self, scope: Construct, id_: str, *, settings: Alarms, hits: HitsStream, lost: sqs.IQueue, functions: Sequence[FootfallFunction]
    ) -> None:
        super().__init__(scope, id_, description="Footfall: alarms")
        self._topic = sns.Topic.from_topic_arn(self, "Topic", settings.topic_arn) if settings.topic_arn else None
        self._alarm(
            "StreamBehind",
            "Firehose is a third of the stream's retention behind, or not reading at all: lines will expire unread.",
            metric=hits.stream.metric_get_records_iterator_age_milliseconds(statistic="Maximum", period=Duration.minutes(5)),
            threshold=hits.retention.to_milliseconds() / 3,
            periods=3,
            is_bad_when_silent=True,
        )
        self._alarm(
            "ObjectsLost",
            "Records did not become rows: they are under errors/ in the lake bucket for 3 days; the queue Lost lists the objects.",
            metric=lost.metric_approximate_number_of_messages_visible(statistic="Maximum", period=Duration.minutes(1)),
        )
        for function in functions:
            metric = function.function.metric_errors(statistic="Sum", period=Duration.minutes(5))
            self._alarm(f"{function.node.id}Fails", f"{function.node.id} ended with an error; its log says which.", metric=metric)

    def _alarm(
        self, id_: str, says: str, *, metric: cloudwatch.IMetric, threshold: float = 1, periods: int = 1, is_bad_when_silent: bool = False
    ) -> None:
        silence = cloudwatch.TreatMissingData.BREACHING if is_bad_when_silent else cloudwatch.TreatMissingData.NOT_BREACHING
        alarm = cloudwatch.Alarm(
            self,
            id_,
            alarm_description=f"{says} See docs/runbook.md, {id_}.",
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=periods,
            treat_missing_data=silence,
        )
        if self._topic:
            alarm.add_alarm_action(actions.SnsAction(self._topic))
            alarm.add_ok_action(actions.SnsAction(self._topic))
