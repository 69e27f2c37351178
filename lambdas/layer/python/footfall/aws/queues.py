"""SQS adapter: send messages in batches; every entry has an answer of its own."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from footfall.aws.clients import make_client, translated
from footfall.errors import UnavailableError
from footfall.queueing.enqueue import Sent
from footfall.queueing.pack import Outgoing, batches

MAX_ENTRIES: Final = 10
MAX_BATCH_BYTES: Final = 1_048_576
"""SQS API reference, SendMessageBatch (since August 2025): ten entries, 1 MiB for each message and for all of a batch together."""

_ATTEMPTS: Final = 3
"""Of entries that SQS says are not our fault; the SDK repeats whole calls by itself."""


class OutputQueue:
    """The tracking queue as its writer sees it; a FIFO queue by its name."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._is_fifo = url.endswith(".fifo")

    @cached_property
    def _client(self) -> Any:
        return make_client("sqs")

    def send(self, messages: Sequence[Outgoing]) -> Sent:
        """Send all, in order. When SQS does not answer a call at all, the rest is not tried: it would cost half a minute each."""
        failed: dict[int, str] = {}
        calls, is_down = 0, False
        for batch in batches(messages, max_entries=MAX_ENTRIES, max_bytes=MAX_BATCH_BYTES):
            if is_down:
                failed |= dict.fromkeys(batch, failed[batch[0] - 1])
                continue
            refused, made, is_down = self._send_batch(messages, batch)
            failed |= refused
            calls += made
        return Sent(failed, calls)

    def _send_batch(self, messages: Sequence[Outgoing], batch: Sequence[int]) -> tuple[dict[int, str], int, bool]:
        """The positions that SQS did not confirm, with its code; how many calls it took; whether a whole call failed."""
        given_up: dict[int, str] = {}
        left = list(batch)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                refused = self._call([self._entry(position, messages[position]) for position in left])
            except UnavailableError as failed:
                return given_up | dict.fromkeys(left, str(failed).rpartition(": ")[2]), attempt, True
            given_up |= {position: code for position, (code, is_ours) in refused.items() if is_ours}
            left = [position for position, (_, is_ours) in refused.items() if not is_ours]
            if not left:
                return given_up, attempt, False
        return given_up | {position: refused[position][0] for position in left}, _ATTEMPTS, False

    def _call(self, entries: Sequence[Mapping[str, str]]) -> dict[int, tuple[str, bool]]:
        """One call: by position what SQS refused, with its code and whether it says that the fault is ours."""
        with translated("send messages"):
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        confirmed = {entry["Id"] for entry in answer.get("Successful", ())}
        told = {entry["Id"]: (str(entry.get("Code", _NO_ANSWER)), bool(entry.get("SenderFault"))) for entry in answer.get("Failed", ())}
        return {int(entry["Id"]): told.get(entry["Id"], (_NO_ANSWER, False)) for entry in entries if entry["Id"] not in confirmed}

    def _entry(self, position: int, message: Outgoing) -> dict[str, str]:
        entry = {"Id": str(position), "MessageBody": message.body.decode()}
        if self._is_fifo:
            entry |= {"MessageGroupId": str(message.shard), "MessageDeduplicationId": message.deduplication_id}
        return entry


_NO_ANSWER: Final = "no answer"
