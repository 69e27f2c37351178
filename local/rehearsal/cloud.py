"""Look at what was deployed, through the APIs that AWS has for it."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config

from footfall.errors import StoppedError, UnavailableError
from local.rehearsal.lines import Sent

_POLL_S: Final = 0.2


class Cloud:
    """The account that the stacks `<name>-…` were deployed to; `outputs` is what `cdk deploy --outputs-file` wrote."""

    def __init__(self, environment: Mapping[str, str], name: str, outputs: Mapping[str, Mapping[str, str]]) -> None:
        self._session = boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
        )
        self._endpoint = environment["AWS_ENDPOINT_URL"]
        self._clients: dict[str, Any] = {}
        self._name = name
        self._outputs = outputs

    def client(self, service: str) -> Any:
        """Make the boto3 client of a service, once; it asks no proxy."""
        if service not in self._clients:
            config = Config(
                connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, proxies={}
            )
            self._clients[service] = self._session.client(service, endpoint_url=self._endpoint, config=config)
        return self._clients[service]

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()

    def output(self, stack: str, name: str) -> str:
        """An output of a stack.

        Raises:
            StoppedError: the stack has none of that name.
        """
        value = self._outputs.get(f"{self._name}-{stack}", {}).get(name, "")
        if not value:
            raise StoppedError(f"the stack {self._name}-{stack} has no output {name}")
        return value

    def described(self, stack: str) -> list[dict[str, Any]]:
        """The resources of a stack, by its whole name, as CloudFormation describes them."""
        return list(self.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"])

    def resources(self, stack: str) -> dict[str, str]:
        """The physical id of every resource of a stack, by its logical id."""
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in self.described(stack)}

    def resource(self, stack: str, type_: str, logical: str = "") -> str:
        """The physical id of the one resource of a type whose logical id begins so.

        Raises:
            StoppedError: there is none, or more than one.
        """
        name = f"{self._name}-{stack}"
        found = [
            str(each["PhysicalResourceId"])
            for each in self.described(name)
            if each["ResourceType"] == type_ and each["LogicalResourceId"].startswith(logical)
        ]
        if len(found) != 1:
            raise StoppedError(f"the stack {name} has {len(found)} resources {type_} {logical}, expected one")
        return found[0]

    def stacks(self) -> list[str]:
        """The names of all stacks that exist."""
        return sorted(each["StackName"] for each in self.client("cloudformation").describe_stacks()["Stacks"])

    def buckets(self) -> list[str]:
        """The names of all buckets that exist."""
        return [each["Name"] for each in self.client("s3").list_buckets()["Buckets"]]

    def keys(self, bucket: str) -> list[str]:
        """The keys of all objects of a bucket."""
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return sorted(each["Key"] for page in pages for each in page.get("Contents", ()))

    def copy(self, bucket: str, folder: Path) -> None:
        """Copy a bucket into a folder."""
        for key in self.keys(bucket):
            target = folder / key
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())

    def write_logs(self, folder: Path) -> int:
        """Copy what the functions logged into a folder; returns how many lines that is."""
        folder.mkdir(parents=True, exist_ok=True)
        lines = 0
        for group in self.client("logs").describe_log_groups()["logGroups"]:
            messages = [each["message"] for each in self.client("logs").filter_log_events(logGroupName=group["logGroupName"])["events"]]
            (folder / f"{group['logGroupName'].replace('/', '_')}.log").write_text("\n".join(messages), "utf-8")
            lines += len(messages)
        return lines


def put_lines(cloud: Cloud, stream: str, sent: Sequence[Sent]) -> None:
    """Write the lines into the stream, as CloudFront does.

    Raises:
        StoppedError: the stream refused some.
    """
    records = [{"Data": each.line, "PartitionKey": str(index)} for index, each in enumerate(sent)]
    answer = cloud.client("kinesis").put_records(StreamName=stream, Records=records)
    if answer["FailedRecordCount"]:
        raise StoppedError(f"the stream refused {answer['FailedRecordCount']} of {len(records)} lines")


def wait_for_objects(cloud: Cloud, bucket: str, count: int, within_s: float) -> list[str]:
    """Wait until the bucket has `count` objects, one a record; returns their keys.

    Raises:
        UnavailableError: there are fewer when the time is over.
    """
    until = time.monotonic() + within_s
    while len(keys := cloud.keys(bucket)) < count:
        if time.monotonic() >= until:
            raise UnavailableError(f"{len(keys)} of {count} records arrived in the bucket within {within_s:.0f} s")
        time.sleep(_POLL_S)
    return keys


def invoke(cloud: Cloud, function: str, event: Mapping[str, Any]) -> Any:
    """Call a deployed function; returns its answer.

    Raises:
        StoppedError: it ended with an error.
    """
    answer = cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    payload = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        raise StoppedError(f"{function} ended with an error: {payload[:500]}")
    return json.loads(payload)


def salt_days(cloud: Cloud, table: str) -> set[str]:
    """The days that have a salt."""
    return {item["day"]["S"] for item in cloud.client("dynamodb").scan(TableName=table)["Items"]}
