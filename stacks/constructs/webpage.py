"""The pages behind the pixel: a private bucket that CloudFront alone reads, filled from webpage/ at every deployment."""

from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from constructs import Construct

NOT_DEPLOYED = ["report", "report/**", "*.md", ".*", "**/.*"]
"""report/ is written by the report itself; the rest is for readers of the repository."""


class Webpage(Construct):
    """The bucket of the demo page and, when they are put into webpage/, of matomo.js and piwik.js.

    Destroyed with its stack: all of it comes from the repository.
    """

    def __init__(self, scope: Construct, id_: str, *, folder: Path) -> None:
        super().__init__(scope, id_)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=RemovalPolicy.DESTROY,
        )
        log_group = logs.LogGroup(self, "Log", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY)
        role = iam.Role(self, "DeploymentRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        deployment.BucketDeployment(
            self,
            "Deployment",
            sources=[deployment.Source.asset(str(folder), exclude=NOT_DEPLOYED)],
            destination_bucket=self.bucket,
            exclude=["report/*"],
            retain_on_delete=False,  # empties the bucket, so that it can be destroyed
            cache_control=[deployment.CacheControl.set_public(), deployment.CacheControl.max_age(Duration.minutes(5))],
            role=role,
            log_group=log_group,
        )
