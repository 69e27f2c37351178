"""Findings of cdk-nag that stay, each with the path of the construct and the reason; anything else fails the synthesis."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from constructs import IConstruct

_PLACEHOLDER: Final = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One finding: `path` below the stack (`*` for an id CDK makes up), `rule` with `{path}` for a logical id, and why it stays."""

    path: str
    rule: str
    reason: str


def _accept(path: str, reasons: dict[str, str]) -> Iterator[Accepted]:
    return (Accepted(path=path, rule=rule, reason=reason) for rule, reason in reasons.items())


def _accept_wildcards(path: str, reasons: dict[str, str]) -> Iterator[Accepted]:
    return _accept(path, {f"AwsSolutions-IAM5[{wildcard}]": reason for wildcard, reason in reasons.items()})


_PYTHON: Final = (
    "Python 3.13 is supported until 2029 and is the newest version the tests run on; moving is one line in constructs/function.py."
)
_CDK_S_OWN: Final = "CDK's own deployment function: CDK's release chooses its runtime, we cannot."
_NO_TRACE: Final = (
    "A trace would only repeat the duration that Lambda reports: the function calls one service, and its log has one line per call."
)

LAKE: Final = (
    *_accept(
        "Lake/Bucket/Resource",
        {"AwsSolutions-S1": "Access logs would be one more place with addresses; CloudTrail data events tell who reads rows."},
    ),
    *_accept(
        "Lake/Lost/Resource",
        {
            "AwsSolutions-SQS3": "The queue is itself the list of what failed: people read it, nothing consumes it.",
            "Serverless-SQSRedrivePolicy": "Nothing consumes the queue, so no message is ever received too often.",
        },
    ),
    *_accept(
        "Lake/ObjectLost/Resource",
        {
            "Serverless-EventBusDLQ": "EventBridge retries for 24 hours, and the object it tells of stays in the bucket for three days.",
        },
    ),
    *_accept(
        "Salts/Table/Resource",
        {"AwsSolutions-DDB3": "No backups on purpose: a salt that can be restored would make old visitor ids computable again."},
    ),
    *_accept("TransformHits/Function/Resource", {"AwsSolutions-L1": _PYTHON, "Serverless-LambdaLatestVersion": _PYTHON}),
    *_accept(
        "TransformHits/Function/Resource",
        {
            "Serverless-LambdaDLQ": "Firehose calls it and waits; what fails three times is kept under the error prefix, which alarms.",
            "Serverless-LambdaTracing": _NO_TRACE,
        },
    ),
    *_accept(
        "Delivery/Stream/Resource",
        {"AwsSolutions-KDF1": "Firehose refuses its own encryption when a stream is its source; that stream is encrypted."},
    ),
    *_accept_wildcards(
        "Delivery/Stream/S3 Destination Role/DefaultPolicy/Resource",
        {
            "Action::s3:Abort*": "Firehose gives up uploads it cannot finish; AbortMultipartUpload is the only such action.",
            "Action::s3:DeleteObject*": "CDK's read-and-write grant for Firehose; it ends at the lake bucket.",
            "Action::s3:GetBucket*": "Firehose checks location and encryption of the bucket; reads settings of this one bucket only.",
            "Action::s3:GetObject*": "Firehose reads back what it has begun; part of the same grant, for the lake bucket alone.",
            "Action::s3:List*": "Firehose lists its unfinished uploads in this one bucket.",
            "Resource::<{Lake/Bucket/Resource}.Arn>/*": "Keys carry site and date, so objects need a wildcard; one bucket.",
            "Resource::<{TransformHits/Function/Resource}.Arn>:*": "Any version of the one function: CDK's grant to call it.",
            "Resource::*": "glue:GetSchemaVersion knows no resource; the tables Firehose may read are named one by one.",
        },
    ),
)

EDGE: Final = (
    *_accept(
        "Webpage/Bucket/Resource",
        {"AwsSolutions-S1": "Only CloudFront can read it, and all it holds is public; access logs would record visitors' addresses."},
    ),
    *_accept(
        "Pixel/Distribution/Resource",
        {
            "AwsSolutions-CFR1": "Visitors come from every country; who must keep some out sets it in the firewall of `edge.web_acl_arn`.",
            "AwsSolutions-CFR2": "A firewall costs money per request; `edge.web_acl_arn` attaches one.",
            "AwsSolutions-CFR3": "Access logs keep every visitor's full address in S3; the pixel's real-time log is the log.",
            "AwsSolutions-CFR4": "CloudFront's own certificate has one policy; with `edge.certificate_arn` it is TLS 1.2_2021.",
        },
    ),
    *_accept("Custom::CDKBucketDeployment*/Resource", {"AwsSolutions-L1": _CDK_S_OWN, "Serverless-LambdaLatestVersion": _CDK_S_OWN}),
    *_accept(
        "Custom::CDKBucketDeployment*/Resource",
        {
            "Serverless-LambdaDLQ": "CloudFormation calls it and waits; what fails fails the deployment, in sight.",
            "Serverless-LambdaTracing": "It runs only during a deployment, which shows how long it took.",
        },
    ),
    *_accept_wildcards(
        "Webpage/DeploymentRole/DefaultPolicy/Resource",
        {
            "Action::s3:Abort*": "Copying webpage/ gives up uploads it cannot finish.",
            "Action::s3:DeleteObject*": "A page that left webpage/ leaves the bucket too, and destroying the stack empties it.",
            "Action::s3:GetBucket*": "Reads settings of the page bucket and of CDK's asset bucket.",
            "Action::s3:GetObject*": "Reads the uploaded webpage/ and compares it with what the page bucket has.",
            "Action::s3:List*": "Lists the page bucket to find what changed.",
            "Resource::<{Webpage/Bucket/Resource}.Arn>/*": "Any file of the page bucket, and of no other.",
            "Resource::arn:<AWS::Partition>:s3:::cdk-{qualifier}-assets-<AWS::AccountId>-<AWS::Region>/*": "webpage/, named by its hash.",
        },
    ),
    *_accept(
        "Pixel/Distribution/Origin1",
        {
            "Annotation::@aws-cdk/aws-cloudfront-origins:listBucketSecurityRisk": "The default root object is set, so no request reaches "
            "the listing; with LIST a missing file is 404 instead of 403.",
        },
    ),
)

JOBS: Final = (
    *_accept("RetireSalts/Function/Resource", {"AwsSolutions-L1": _PYTHON, "Serverless-LambdaLatestVersion": _PYTHON}),
    *_accept(
        "RetireSalts/Function/Resource",
        {
            "Serverless-LambdaDLQ": "The event holds nothing: the next run an hour later does the same work, and a failure alarms.",
            "Serverless-LambdaTracing": _NO_TRACE,
        },
    ),
    *_accept(
        "RetireSalts/Function/EventInvokeConfig/Resource",
        {
            "Serverless-LambdaAsyncFailureDestination": "A failed run leaves nothing to keep: the next one does the same work.",
        },
    ),
    *_accept_wildcards(
        "SchedulerRoleForTarget-*/DefaultPolicy/Resource",
        {"Resource::<{RetireSalts/Function/Resource}.Arn>:*": "Any version of the one function: CDK's grant to call it."},
    ),
)


def acknowledge(stack: Stack, findings: tuple[Accepted, ...]) -> None:
    """Tell CDK which findings stay; one whose construct does not exist in this configuration is left out."""
    for finding in findings:
        for construct in _at(stack, finding.path):
            rule = _PLACEHOLDER.sub(lambda name: _generated_name(stack, name[1]), finding.rule)
            Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=finding.reason))


def _at(scope: IConstruct, path: str) -> list[IConstruct]:
    found = [scope]
    for part in path.split("/"):
        if "*" in part:
            found = [child for parent in found for child in parent.node.children if fnmatchcase(child.node.id, part)]
        else:
            found = [child for parent in found if (child := parent.node.try_find_child(part)) is not None]
    return found


def _generated_name(stack: Stack, name: str) -> str:
    if name == "qualifier":
        return stack.synthesizer.bootstrap_qualifier or ""
    (element,) = _at(stack, name)
    assert isinstance(element, CfnElement)  # noqa: S101  tells mypy what the path names
    return stack.get_logical_id(element)
