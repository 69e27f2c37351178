"""`enqueue_hits` and what hands it the stream's records, again and again until they are enqueued."""

from pathlib import Path

import jsii
from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from footfall.functions import CONFIGURATION_PATH, ENQUEUE_HITS, EnqueueHitsSettings
from stacks.constructs.function import FootfallFunction, FunctionLayers
from stacks.constructs.hits_stream import HitsStream
from stacks.constructs.salt_table import SaltTable

BATCH_RECORDS = 2000
"""About what fits into the 6 MB of one call; the fuller a batch, the fuller the messages."""
BATCHING_WINDOW = Duration.seconds(20)
"""Less than `queue.settle_s` is by default, so that waiting for a fuller batch delays nothing."""
OLDEST = Duration.days(7)
"""What an event source mapping allows."""
KEPT = Duration.days(3)


class Enqueue(Construct):
    """The function, its event source mapping (`source_id`), and `failures`: batches that grew too old, in full, for three days.

    The mapping repeats without end. What fails is the queue or a permission, not a record, and repeating keeps the order that
    matters to destinations; an hour before the stream would forget a record, it is put aside instead.
    """

    def __init__(
        self, scope: Construct, id_: str, *, hits: HitsStream, salts: SaltTable, output: sqs.IQueue, layers: FunctionLayers, lambdas: Path
    ) -> None:
        super().__init__(scope, id_)
        self.failures = self._failures()
        self.function = FootfallFunction(
            self,
            "EnqueueHits",
            function=ENQUEUE_HITS,
            settings=EnqueueHitsSettings(
                configuration_path=CONFIGURATION_PATH, salt_table=salts.table.table_name, queue_url=output.queue_url
            ),
            layers=layers,
            lambdas=lambdas,
        )
        salts.made_by(self.function)
        output.grant(self.function.function, "sqs:SendMessage")
        source = sources.KinesisEventSource(
            hits.stream,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,  # LATEST would lose what comes while the mapping is made
            batch_size=BATCH_RECORDS,
            max_batching_window=BATCHING_WINDOW,
            parallelization_factor=1,  # more would hand one shard's records to several calls at a time, out of order
            report_batch_item_failures=True,
            bisect_batch_on_error=True,
            max_record_age=_before_they_expire(hits.retention),
            on_failure=_PutAside(self.failures),
            metrics_config=lambda_.MetricsConfig(metrics=[lambda_.MetricType.EVENT_COUNT]),
        )
        self.function.function.add_event_source(source)
        self.source_id = source.event_source_mapping_id

    def _failures(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Failures",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=RemovalPolicy.RETAIN,  # it may hold what is nowhere else any more, and what it holds expires by itself
            lifecycle_rules=[
                s3.LifecycleRule(id="failures", expiration=KEPT),
                s3.LifecycleRule(id="unfinished-uploads", abort_incomplete_multipart_upload_after=Duration.days(1)),
            ],
        )
        if bucket.policy:
            bucket.policy.apply_removal_policy(RemovalPolicy.RETAIN)  # a bucket that stays keeps refusing what is not TLS
        return bucket


@jsii.implements(lambda_.IEventSourceDlq)
class _PutAside:
    """`S3OnFailureDestination` with what Lambda needs and no more: CDK's lets the function read and delete what was put aside."""

    def __init__(self, bucket: s3.IBucket) -> None:
        self._bucket = bucket

    def bind(self, _target: lambda_.IEventSourceMapping, target_handler: lambda_.IFunction) -> lambda_.DlqDestinationConfig:
        """Let the function's role write objects and ask whether they are there."""
        puts = iam.PolicyStatement(actions=["s3:PutObject"], resources=[self._bucket.arn_for_objects("*")])
        target_handler.add_to_role_policy(puts)
        target_handler.add_to_role_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self._bucket.bucket_arn]))
        return lambda_.DlqDestinationConfig(destination=self._bucket.bucket_arn)


def _before_they_expire(retention: Duration) -> Duration:
    """An hour before the stream forgets them: put aside are only records that can still be read."""
    return Duration.seconds(min(retention.to_seconds() - 3600, OLDEST.to_seconds()))
