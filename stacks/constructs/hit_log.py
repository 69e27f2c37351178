"""Real-time log lines of the pixel into the stream: which fields, how many of the requests, and who may write."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from constructs import Construct


class HitLog(Construct):
    """A real-time log configuration; CloudFront, for this account only, may write into the stream."""

    def __init__(self, scope: Construct, id_: str, *, stream: kinesis.IStream, fields: Sequence[str], sampling_rate: int) -> None:
        super().__init__(scope, id_)
        role = iam.Role(
            self,
            "Role",
            description="CloudFront writes real-time log lines",
            assumed_by=iam.ServicePrincipal(
                "cloudfront.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
            ),
        )
        self.configuration = cloudfront.RealtimeLogConfig(
            self,
            "Configuration",
            end_points=[cloudfront.Endpoint.from_kinesis_stream(stream, role)],
            fields=list(fields),
            sampling_rate=sampling_rate,
        )
        self.configuration.node.add_dependency(role)  # CloudFront tries the role, with its policy, when the configuration is made
