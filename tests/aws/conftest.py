"""Queues and a delivery table as the stack makes them, in an account of its own on this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.aws import LocalAws
from tests.cli_queue_world import World, cli_queue_world


@dataclass
class DeliveryResources:
    """A tracking queue, a queue of dead letters and a delivery table, by URL and name."""

    aws: LocalAws
    queue_url: str
    dead_letters_url: str
    table: str

    def waiting(self, url: str) -> list[str]:
        """The bodies of the messages that can be received now."""
        answer = self.aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]


@pytest.fixture
def deliveries(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeliveryResources]:
    with LocalAws() as aws:
        for name, value in aws.environment().items():
            monkeypatch.setenv(name, value)
        sqs: Any = aws.client("sqs")
        queue_url, dead_letters_url = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("tracking", "dead-letters"))
        aws.client("dynamodb").create_table(
            TableName="deliveries",
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield DeliveryResources(aws, queue_url, dead_letters_url, "deliveries")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    """What `footfall queue` works on."""
    with cli_queue_world(monkeypatch, capsys) as made:
        yield made
