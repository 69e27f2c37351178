"""One dashboard that reads from top to bottom: what is wrong, then what an operator asks next."""

from collections.abc import Iterator, Mapping, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from footfall.functions import Function
from footfall.monitoring.charts import SCALE, SECTIONS, STACKED, charts
from footfall.monitoring.metrics import Series
from footfall.monitoring.rows import Chart, Row
from stacks.constructs.watched_metrics import Names

WIDTH = 24
"""Columns of a dashboard."""
ALARMS_SHOWN = 100
"""What one widget of alarms takes at most: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html."""


class Dashboard(Construct):
    """The state of every alarm, then a row of charts for each question, with the thresholds of the alarms drawn in."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        deployment: str,
        names: Names,
        functions: Sequence[Function],
        alarms: Sequence[tuple[Row, cloudwatch.IAlarm]],
    ) -> None:
        super().__init__(scope, id_)
        self._names = names
        shown = charts(deployment, functions)
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=f"{deployment}-{Stack.of(self).region}",  # dashboards of all regions share one list of names
            default_interval=Duration.hours(12),
        )
        self.dashboard.add_widgets(*_alarm_states([alarm for _, alarm in alarms]))
        for question, of_section in SECTIONS.items():
            if of_section[0] not in shown:
                continue
            self.dashboard.add_widgets(cloudwatch.TextWidget(markdown=f"## {question}", width=WIDTH, height=1))
            width = WIDTH // len(of_section)
            rows = {chart: [row for row, _ in alarms if row.chart is chart] for chart in of_section}
            self.dashboard.add_widgets(*(self._graph(chart, shown, rows[chart], width) for chart in of_section))

    def _graph(self, chart: Chart, shown: Mapping[Chart, Sequence[Series]], rows: Sequence[Row], width: int) -> cloudwatch.GraphWidget:
        return cloudwatch.GraphWidget(
            title=chart.value,
            left=[self._names.series(series) for series in shown[chart] if self._names.knows(series)],
            left_annotations=list(_thresholds(chart, rows)),
            left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
            stacked=chart in STACKED,
            width=width,
            height=6,
        )


def _alarm_states(alarms: Sequence[cloudwatch.IAlarm]) -> Iterator[cloudwatch.IWidget]:
    """Every alarm as a coloured tile; the runbook says what each means."""
    for first in range(0, len(alarms), ALARMS_SHOWN):
        yield cloudwatch.AlarmStatusWidget(
            title="Alarms: red is on; what to do is in docs/runbook.md under the alarm's name",
            alarms=list(alarms[first : first + ALARMS_SHOWN]),
            width=WIDTH,
            height=4,
        )


def _thresholds(chart: Chart, rows: Sequence[Row]) -> Iterator[cloudwatch.HorizontalAnnotation]:
    for row in rows:
        if row.is_drawn:
            yield cloudwatch.HorizontalAnnotation(value=row.threshold * SCALE.get(chart, 1), label=row.id, color=cloudwatch.Color.RED)
