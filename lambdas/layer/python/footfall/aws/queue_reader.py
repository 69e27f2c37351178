"""SQS adapter of the drain: receive, delete and hide messages of a queue, and write dead letters; every entry has its own answer."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from footfall.aws.clients import make_client, translated
from footfall.errors import UnavailableError
from footfall.queueing.ports import Received

MAX_ENTRIES: Final = 10
MAX_BATCH_BYTES: Final = 1_048_576
"""SQS API reference, SendMessageBatch: ten entries, and 1 MiB for all of a batch together."""
LONGEST_WAIT_S: Final = 43_200

_LONG_POLL_S: Final = 1
"""A short poll asks only some of SQS's servers, and may find nothing where there is something."""
_ATTRIBUTES: Final = ["SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp"]


class QueueReader:
    """A queue as its reader sees it; `visibility_s` is what a receive hides a message for."""

    def __init__(self, url: str, *, visibility_s: int) -> None:
        self._url = url
        self._visibility_s = visibility_s

    @cached_property
    def _client(self) -> Any:
        return make_client("sqs", timeout_s=_LONG_POLL_S + 5.0)

    def receive(self, limit: int) -> Sequence[Received]:
        """Receive at most `limit` messages, ten at most.

        Raises:
            UnavailableError: SQS did not answer.
        """
        with translated("receive messages"):
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(limit, MAX_ENTRIES),
                VisibilityTimeout=self._visibility_s,
                WaitTimeSeconds=_LONG_POLL_S,
                MessageSystemAttributeNames=_ATTRIBUTES,
            )
        return [_received(message) for message in answer.get("Messages", ())]

    def delete(self, receipts: Sequence[str]) -> int:
        """Delete messages; return how many were not: they come again, and the ledger knows them."""
        entries = [{"ReceiptHandle": receipt} for receipt in receipts]
        return self._in_batches("delete_message_batch", entries)

    def hide(self, seconds: Mapping[str, int]) -> int:
        """Hide messages for so long from now; return how many were not: they come again earlier."""
        entries = [{"ReceiptHandle": receipt, "VisibilityTimeout": min(wait, LONGEST_WAIT_S)} for receipt, wait in seconds.items()]
        return self._in_batches("change_message_visibility_batch", entries)

    def _in_batches(self, operation: str, entries: Sequence[Mapping[str, Any]]) -> int:
        unconfirmed = 0
        for start in range(0, len(entries), MAX_ENTRIES):
            batch = [{"Id": str(number), **entry} for number, entry in enumerate(entries[start : start + MAX_ENTRIES])]
            try:
                with translated(operation):
                    answer = getattr(self._client, operation)(QueueUrl=self._url, Entries=batch)
                unconfirmed += len(batch) - len(answer.get("Successful", ()))
            except UnavailableError:  # the port's answer: it is counted, and harmless
                unconfirmed += len(batch)
        return unconfirmed


class DeadLetterWriter:
    """The queue of dead letters, as the drain writes it."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _client(self) -> Any:
        return make_client("sqs")

    def send(self, bodies: Sequence[bytes]) -> set[int]:
        """Send all, in order; return the positions of those that SQS did not confirm."""
        failed: set[int] = set()
        for batch in _batches(bodies):
            entries = [{"Id": str(position), "MessageBody": bodies[position].decode()} for position in batch]
            try:
                with translated("send dead letters"):
                    answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
                failed |= set(batch) - {int(entry["Id"]) for entry in answer.get("Successful", ())}
            except UnavailableError:  # the port's answer: these are not confirmed
                failed |= set(batch)
        return failed


def _batches(bodies: Sequence[bytes]) -> list[list[int]]:
    batches: list[list[int]] = []
    size = 0
    for position, body in enumerate(bodies):
        if not batches or len(batches[-1]) >= MAX_ENTRIES or size + len(body) > MAX_BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(position)
        size += len(body)
    return batches


def _received(message: Mapping[str, Any]) -> Received:
    attributes = message["Attributes"]
    return Received(
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        sent_ms=int(attributes["SentTimestamp"]),
        first_received_ms=int(attributes.get("ApproximateFirstReceiveTimestamp", attributes["SentTimestamp"])),
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
    )
