"""The table of what is known about deliveries: ledger, leases and circuits."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from stacks.constructs.function import FootfallFunction


class DeliveryTable(Construct):
    """One string key, `key`, and `expires_at`, the TTL: a verdict is forgotten when its message cannot come again.

    No point-in-time recovery: a table restored to an hour ago has forgotten an hour of deliveries, and would double them; what it
    knows is of use only together with the queue as it is now.
    """

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="key", type=dynamodb.AttributeType.STRING),
            time_to_live_attribute="expires_at",
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def kept_by(self, function: FootfallFunction) -> None:
        """Let a function read and write items it knows the key of; it can list none."""
        self.table.grant(
            function.function, "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"
        )
