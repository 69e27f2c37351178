"""What the command line asks AWS about the tracking queue: the stack's outputs, and how many messages a queue holds."""

from collections.abc import Mapping
from typing import NamedTuple

from footfall.aws.clients import make_client, translated
from footfall.errors import UnavailableError

_COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")


class QueueCounts(NamedTuple):
    """Messages that wait, that a reader has, and that are not visible yet; SQS counts approximately."""

    waiting: int
    in_flight: int
    delayed: int


def read_outputs(stack: str) -> Mapping[str, str]:
    """The outputs of a CloudFormation stack by name.

    Raises:
        UnavailableError: it does not exist, or CloudFormation did not answer.
    """
    with translated(f"read stack {stack}"):
        stacks = make_client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    if not stacks:
        raise UnavailableError(f"read stack {stack}: there is none")
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", ())}


def count_messages(url: str) -> QueueCounts:
    """How many messages a queue holds.

    Raises:
        UnavailableError: SQS did not answer.
    """
    with translated("count messages"):
        attributes = make_client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))["Attributes"]
    return QueueCounts(*(int(attributes[name]) for name in _COUNTS))
