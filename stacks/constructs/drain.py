"""`process_queue` and its schedule."""

from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from footfall.configuration import Configuration
from footfall.functions import CONFIGURATION_PATH, PROCESS_QUEUE, ProcessQueueSettings
from stacks.constructs.delivery_table import DeliveryTable
from stacks.constructs.function import FootfallFunction, FunctionLayers
from stacks.constructs.tracking_queue import TrackingQueue

LATEST_START = Duration.minutes(1)
"""A call that comes later is dropped: the next one does its work."""


class Drain(Construct):
    """The function, called every `queue.every_minutes`, with the right to read each destination's token and nothing else of it.

    Runs may overlap, at most timeout / `every_minutes` of them: leases let one of them have a shard, and the others end. No
    concurrency is reserved for that, since an account that is new has none to give away, and the deployment would fail.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        configuration: Configuration,
        tracking: TrackingQueue,
        deliveries: DeliveryTable,
        layers: FunctionLayers,
        lambdas: Path,
    ) -> None:
        super().__init__(scope, id_)
        self.function = FootfallFunction(
            self,
            "ProcessQueue",
            function=PROCESS_QUEUE,
            settings=ProcessQueueSettings(
                configuration_path=CONFIGURATION_PATH,
                queue_url=tracking.input.queue_url,
                dead_letters_url=tracking.dead_letters.queue_url,
                delivery_table=deliveries.table.table_name,
            ),
            layers=layers,
            lambdas=lambdas,
        )
        deliveries.kept_by(self.function)
        tracking.drained_by(self.function)
        for destination in configuration.destinations:
            token = secretsmanager.Secret.from_secret_name_v2(self, f"Token-{destination.name}", destination.token_secret)
            token.grant_read(self.function.function)
        scheduler.Schedule(
            self,
            "Schedule",
            schedule=scheduler.ScheduleExpression.rate(Duration.minutes(configuration.queue.every_minutes)),
            target=targets.LambdaInvoke(self.function.function, retry_attempts=0, max_event_age=LATEST_START),
        )
