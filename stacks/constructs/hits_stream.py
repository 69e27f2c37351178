"""The Kinesis stream "hits": it holds raw log lines, encrypted, for its retention and not a moment longer."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kinesis as kinesis
from constructs import Construct

from footfall.configuration import Stream


class HitsStream(Construct):
    """What CloudFront writes and Firehose reads; destroyed with its stack, because it is the one place that holds full addresses."""

    def __init__(self, scope: Construct, id_: str, *, settings: Stream) -> None:
        super().__init__(scope, id_)
        self.retention = Duration.hours(settings.retention_hours)
        self.stream = kinesis.Stream(
            self,
            "Stream",
            stream_mode=kinesis.StreamMode.PROVISIONED if settings.shards else kinesis.StreamMode.ON_DEMAND,
            shard_count=settings.shards or None,
            retention_period=self.retention,
            encryption=kinesis.StreamEncryption.MANAGED,
            removal_policy=RemovalPolicy.DESTROY,
        )
