"""The jobs stack: what runs on a schedule and holds nothing."""

from datetime import timedelta

from aws_cdk import Duration, Stack
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from footfall.functions import RETIRE_SALTS, RetireSaltsSettings
from stacks.artifacts import Artifacts
from stacks.constructs.function import FootfallFunction, FunctionLayers
from stacks.constructs.salt_table import SaltTable


class JobsStack(Stack):
    """`retire_salts`, every hour."""

    def __init__(self, scope: Construct, id_: str, *, artifacts: Artifacts, salts: SaltTable) -> None:
        super().__init__(scope, id_, description="Footfall: scheduled jobs")
        layers = FunctionLayers(self, "Layers", layer=artifacts.layer, configuration=artifacts.configuration)
        self.retire_salts = FootfallFunction(
            self,
            "RetireSalts",
            function=RETIRE_SALTS,
            settings=RetireSaltsSettings(salt_table=salts.table.table_name),
            layers=layers,
            lambdas=artifacts.lambdas,
        )
        salts.retired_by(self.retire_salts)
        if RETIRE_SALTS.every:
            self._run(self.retire_salts, every=RETIRE_SALTS.every)

    def _run(self, job: FootfallFunction, *, every: timedelta) -> None:
        """Call a job on a schedule; a call that fails or comes late is dropped, the next one does its work too."""
        scheduler.Schedule(
            job,
            "Schedule",
            schedule=scheduler.ScheduleExpression.rate(Duration.minutes(int(every / timedelta(minutes=1)))),
            target=targets.LambdaInvoke(job.function, retry_attempts=0, max_event_age=Duration.minutes(5)),
        )
