"""A CloudWatch alarm from one row of the table."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from footfall.monitoring.rows import Row
from stacks.constructs.watched_metrics import Names

COMPARISON = cloudwatch.ComparisonOperator
MISSING = cloudwatch.TreatMissingData


def make_alarm(scope: Construct, row: Row, *, deployment: str, names: Names, topic: sns.ITopic | None) -> cloudwatch.Alarm:
    """Make the alarm of a row, called `<deployment>-<id>`; it tells the topic when it begins and when it ends."""
    alarm = cloudwatch.Alarm(
        scope,
        row.id,
        alarm_name=f"{deployment}-{row.id}",
        alarm_description=row.description,
        metric=names.watched(row.watched),
        threshold=row.threshold,
        comparison_operator=COMPARISON.LESS_THAN_THRESHOLD if row.is_bad_below else COMPARISON.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluation_periods=row.periods,
        treat_missing_data=MISSING.BREACHING if row.is_bad_when_silent else MISSING.NOT_BREACHING,
    )
    if topic:
        alarm.add_alarm_action(actions.SnsAction(topic))
        alarm.add_ok_action(actions.SnsAction(topic))
    return alarm
