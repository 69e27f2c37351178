"""The queue stack: what waits for delivery, what fills it, and what delivers it."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from footfall.configuration import Configuration
from footfall.monitoring.metrics import CRASHED, DEAD_LETTERS, ENQUEUE_SOURCE, TRACKING, Resource
from stacks.artifacts import Artifacts
from stacks.constructs.delivery_table import DeliveryTable
from stacks.constructs.drain import Drain
from stacks.constructs.enqueue import Enqueue
from stacks.constructs.function import FunctionLayers
from stacks.constructs.hits_stream import HitsStream
from stacks.constructs.salt_table import SaltTable
from stacks.constructs.tracking_queue import TrackingQueue


class QueueStack(Stack):
    """Stream → `enqueue_hits` → tracking queue → `process_queue` → destinations; dead letters; what is known of deliveries."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        configuration: Configuration,
        artifacts: Artifacts,
        hits: HitsStream,
        salts: SaltTable,
    ) -> None:
        super().__init__(scope, id_, description="Footfall: tracking queue and delivery")
        layers = FunctionLayers(self, "Layers", layer=artifacts.layer, configuration=artifacts.configuration)
        self.tracking = TrackingQueue(self, "Tracking", settings=configuration.queue)
        self.deliveries = DeliveryTable(self, "Deliveries")
        self.enqueue = Enqueue(
            self, "Enqueue", hits=hits, salts=salts, output=self.tracking.output, layers=layers, lambdas=artifacts.lambdas
        )
        drain = Drain(
            self,
            "Drain",
            configuration=configuration,
            tracking=self.tracking,
            deliveries=self.deliveries,
            layers=layers,
            lambdas=artifacts.lambdas,
        )
        self.functions = [self.enqueue.function, drain.function]
        self.names: dict[Resource, str] = {
            TRACKING: self.tracking.input.queue_name,
            ENQUEUE_SOURCE: self.enqueue.source_id,
            DEAD_LETTERS: self.tracking.dead_letters.queue_name,
            **({CRASHED: self.tracking.crashed.queue_name} if self.tracking.crashed else {}),
        }
        CfnOutput(self, "OutputQueue", value=self.tracking.output.queue_url, description="What enqueue_hits writes")
        CfnOutput(self, "InputQueue", value=self.tracking.input.queue_url, description="What process_queue reads")
        CfnOutput(self, "DeadLetters", value=self.tracking.dead_letters.queue_url, description="Hits that were given up, one each")
        CfnOutput(self, "DeliveryTable", value=self.deliveries.table.table_name, description="Ledger, leases and circuits")
        CfnOutput(self, "Failures", value=self.enqueue.failures.bucket_name, description="Batches not enqueued, for three days")
        CfnOutput(self, "SaltTable", value=salts.table.table_name, description="Salts of visitor ids, which enqueue_hits needs")
        if self.tracking.crashed:
            CfnOutput(self, "Crashed", value=self.tracking.crashed.queue_url, description="Messages that end their reader: none")
