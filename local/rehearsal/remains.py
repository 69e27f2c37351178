"""See that `cdk destroy` leaves what the templates retain, and nothing else."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from footfall.errors import StoppedError
from local.rehearsal.cloud import Cloud

LISTINGS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "AWS::Athena::WorkGroup": ("athena", "list_work_groups", "WorkGroups", "Name"),
    "AWS::CloudFront::Distribution": ("cloudfront", "list_distributions", "DistributionList.Items", "Id"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "AWS::DynamoDB::Table": ("dynamodb", "list_tables", "TableNames", ""),
    "AWS::Glue::Database": ("glue", "get_databases", "DatabaseList", "Name"),
    "AWS::IAM::Role": ("iam", "list_roles", "Roles", "RoleName"),
    "AWS::Kinesis::Stream": ("kinesis", "list_streams", "StreamNames", ""),
    "AWS::KinesisFirehose::DeliveryStream": ("firehose", "list_delivery_streams", "DeliveryStreamNames", ""),
    "AWS::Lambda::Function": ("lambda", "list_functions", "Functions", "FunctionName"),
    "AWS::Logs::LogGroup": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "AWS::S3::Bucket": ("s3", "list_buckets", "Buckets", "Name"),
    "AWS::SQS::Queue": ("sqs", "list_queues", "QueueUrls", ""),
}
"""How to list what exists of a type: service, operation, where the list is in the answer, which part of it is the physical id."""


class Remains:
    """What the stacks have before they go; `retained` names the resources of each stack (logical ids) that must stay."""

    def __init__(self, cloud: Cloud, retained: Mapping[str, frozenset[str]]) -> None:
        self._cloud = cloud
        self._owned: dict[tuple[str, str], bool] = {}
        for stack, stays in retained.items():
            for each in cloud.described(stack):
                if each["ResourceType"] in LISTINGS:
                    self._owned[each["ResourceType"], each["PhysicalResourceId"]] = each["LogicalResourceId"] in stays
        self._check_listings()

    def check(self) -> str:
        """See what is there after `cdk destroy`.

        Raises:
            StoppedError: something stays that should go, or went that should stay.
        """
        present = self._present()
        stay = sorted(f"{type_} {id_}" for type_, id_ in present if not self._owned[type_, id_])
        if stay:
            raise StoppedError(f"what stays and should not: {', '.join(stay)}")
        gone = sorted(f"{type_} {id_}" for (type_, id_), is_retained in self._owned.items() if is_retained and (type_, id_) not in present)
        if gone:
            raise StoppedError(f"what should stay and is gone: {', '.join(gone)}")
        return f"of {len(self._owned)} resources of {len(LISTINGS)} types stays {', '.join(id_ for _, id_ in sorted(present)) or 'none'}"

    def _check_listings(self) -> None:
        unlisted = self._owned.keys() - self._present()
        if unlisted:
            raise StoppedError(f"deployed, but not found: {', '.join(sorted(' '.join(each) for each in unlisted))}")

    def _present(self) -> set[tuple[str, str]]:
        types = {type_ for type_, _ in self._owned}
        return {(type_, id_) for type_ in types for id_ in _ids(self._cloud, *LISTINGS[type_])} & self._owned.keys()


def _ids(cloud: Cloud, service: str, operation: str, place: str, part: str) -> Iterator[str]:
    client = cloud.client(service)
    pages = client.get_paginator(operation).paginate() if client.can_paginate(operation) else [getattr(client, operation)()]
    for page in pages:
        yield from (str(each[part] if part else each) for each in _at(page, place))


def _at(page: Any, place: str) -> Any:
    for name in place.split("."):
        page = page.get(name) or {}
    return page
