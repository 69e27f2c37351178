"""Findings of cdk-nag in the queue stack that stay, by construct and rule; see stacks.nag."""

from collections.abc import Mapping
from typing import Final

from stacks.nag import Accepted

_PYTHON: Final = "Python 3.13 is supported until 2029 and is the newest version the tests run on."

_REASONS: Final[Mapping[str, Mapping[str, str]]] = {
    "Tracking/DeadLetters/Resource": {
        "AwsSolutions-SQS3": "These are the dead letters: people look at them and send them again, nothing receives them by itself.",
        "Serverless-SQSRedrivePolicy": "Nothing consumes the queue, so no message is ever received too often.",
    },
    "Tracking/Crashed/Resource": {
        "Serverless-SQSRedrivePolicy": "It is where the tracking queue's own redrive policy leads; nothing consumes it.",
    },
    "Deliveries/Table/Resource": {
        "AwsSolutions-DDB3": "A table restored to an hour ago has forgotten an hour of deliveries, and would double them.",
    },
    "Enqueue/Failures/Resource": {
        "AwsSolutions-S1": "It holds nothing for longer than three days; CloudTrail data events tell who reads what was put aside.",
    },
    "Enqueue/EnqueueHits/Role/DefaultPolicy/Resource": {
        "AwsSolutions-IAM5[Resource::<{Enqueue/Failures/Resource}.Arn>/*]": "Lambda names what it puts aside by shard and time.",
    },
    "Enqueue/EnqueueHits/Function/Resource": {
        "AwsSolutions-L1": _PYTHON,
        "Serverless-LambdaLatestVersion": _PYTHON,
        "Serverless-LambdaDLQ": "The event source mapping repeats a failed batch and puts it aside in S3 before the stream forgets it.",
        "Serverless-LambdaTracing": "Its log line tells messages and calls of each batch, which is all that a trace would show.",
    },
    "Drain/ProcessQueue/Function/Resource": {
        "AwsSolutions-L1": _PYTHON,
        "Serverless-LambdaLatestVersion": _PYTHON,
        "Serverless-LambdaDLQ": "The event holds nothing: the next run a minute later does the same work, and a failure alarms.",
        "Serverless-LambdaTracing": "A run makes thousands of calls; its metrics count them by destination, a trace would cost more.",
    },
    "Drain/ProcessQueue/Function/EventInvokeConfig/Resource": {
        "Serverless-LambdaAsyncFailureDestination": "A failed run leaves nothing to keep: what it did not deliver waits in the queue.",
    },
    "SchedulerRoleForTarget-*/DefaultPolicy/Resource": {
        "AwsSolutions-IAM5[Resource::<{Drain/ProcessQueue/Function/Resource}.Arn>:*]": "Any version of the one function: CDK's grant.",
    },
}

QUEUE: Final = tuple(
    Accepted(path=path, rule=rule, reason=reason) for path, reasons in _REASONS.items() for rule, reason in reasons.items()
)
