"""The table of daily salts: without backups, because a salt that can be restored undoes the anonymity of its day."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from stacks.constructs.function import FootfallFunction


class SaltTable(Construct):
    """One item per UTC day: `day`, `salt`, `expires_at` (the TTL, a second net under `retire_salts`)."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.table = dynamodb.Table(  # not TableV2, whose GlobalTable keeps replicas and restore points in mind
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="day", type=dynamodb.AttributeType.STRING),
            time_to_live_attribute="expires_at",
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def made_by(self, function: FootfallFunction) -> None:
        """Let a function read salts and store the first one of a day; it can neither list nor delete them."""
        self.table.grant(function.function, "dynamodb:GetItem", "dynamodb:PutItem")

    def retired_by(self, function: FootfallFunction) -> None:
        """Let a function find and delete salts; it cannot store any."""
        self.table.grant(function.function, "dynamodb:Scan", "dynamodb:DeleteItem")
