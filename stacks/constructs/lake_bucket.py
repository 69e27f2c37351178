"""The bucket that holds the rows, and the list of what Firehose could not turn into rows."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from footfall.configuration import Lake

ERRORS_PREFIX = "errors/"
ERRORS_KEPT = Duration.days(3)
"""Objects under the error prefix hold raw log lines, addresses included."""
RESULTS_PREFIX = "query-results/"
RESULTS_KEPT = Duration.days(7)


class LakeBucket(Construct):
    """Rows under hits/ and rejects/, query results for a week, errors for three days; `lost` lists each new error object.

    Not versioned: an erasure must erase, and a version that stays behind is a copy nobody sees. The rows outlive
    `cdk destroy` unless `lake.removal` is destroy.
    """

    def __init__(self, scope: Construct, id_: str, *, settings: Lake) -> None:
        super().__init__(scope, id_)
        destroys = settings.removal == "destroy"
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=RemovalPolicy.DESTROY if destroys else RemovalPolicy.RETAIN,
            auto_delete_objects=destroys,
            lifecycle_rules=_lifecycle(settings.keep_days),
        )
        if self.bucket.policy and not destroys:
            self.bucket.policy.apply_removal_policy(RemovalPolicy.RETAIN)  # a bucket that stays keeps refusing what is not TLS
        _announce_objects(self.bucket)
        self.lost = self._list_errors()

    def _list_errors(self) -> sqs.Queue:
        lost = sqs.Queue(self, "Lost", encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True, retention_period=ERRORS_KEPT)
        events.Rule(
            self,
            "ObjectLost",
            description="An object under the error prefix: records that did not become rows",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [self.bucket.bucket_name]}, "object": {"key": [{"prefix": ERRORS_PREFIX}]}},
            ),
            targets=[targets.SqsQueue(lost)],
        )
        return lost


def _announce_objects(bucket: s3.Bucket) -> None:
    """Turn on EventBridge in the bucket's own properties: the L2's `event_bridge_enabled` needs a custom resource and its Lambda."""
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101  tells mypy what CDK promises
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
    )


def _lifecycle(keep_days: int) -> list[s3.LifecycleRule]:
    rules = [
        s3.LifecycleRule(id="errors", prefix=ERRORS_PREFIX, expiration=ERRORS_KEPT),
        s3.LifecycleRule(id="query-results", prefix=RESULTS_PREFIX, expiration=RESULTS_KEPT),
        s3.LifecycleRule(id="unfinished-uploads", abort_incomplete_multipart_upload_after=Duration.days(1)),
    ]
    if keep_days:
        rules.append(s3.LifecycleRule(id="everything", expiration=Duration.days(keep_days)))
    return rules
