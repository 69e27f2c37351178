"""Play Lambda's event source mapping for a Kinesis stream: batches in order, partial failures, bisection, and where it gives up.

What is faithful: the event, `ReportBatchItemFailures`, `BisectBatchOnFunctionError`, the number of retries, the object that an S3
failure destination gets, and that a shard waits for its oldest failing record. What is not: one batch at a time over all shards,
and no pause between retries. Source: AWS Lambda Developer Guide, "Using Lambda with Kinesis" and "Retain discarded batch records".
"""

import base64
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from local.firehose_buffer import Record
from local.firehose_source import Checkpoint, Source
from local.poller import Poller
from local.runtime import InvocationFailed

Invoke = Callable[[object], Any]
Discard = Callable[[str, bytes], None]
"""Puts the object `key` with these bytes where discarded records are kept."""


@dataclass(slots=True)
class _Shard:
    """What was read of a shard and is not done; `size` is the next batch's, smaller after a failure."""

    size: int
    waiting: list[Record] = field(default_factory=list)
    attempts: int = 0


class EventSource(Poller):
    """One mapping. Either `step` by hand, or `start` and `stop` (or a `with` block) for a thread.

    `invoke` is `LambdaFunction.invoke`; `checkpoint` a file that outlives this object; `done` is told of the records that need no
    further attempt, in order; `settled` counts them.
    """

    def __init__(
        self,
        *,
        kinesis: Any,
        stream_arn: str,
        function_arn: str,
        invoke: Invoke,
        discard: Discard,
        checkpoint: Path,
        batch_size: int = 500,
        retries: int = 10,
        done: Callable[[Sequence[Record]], None] = lambda _records: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self._stream_arn = stream_arn
        self._function_arn = function_arn
        self._invoke = invoke
        self._discard = discard
        self._batch_size = batch_size
        self._retries = retries
        self._done = done
        self.settled = 0
        self._clock = clock
        self._id = str(uuid.uuid5(uuid.NAMESPACE_URL, stream_arn + function_arn))
        self._checkpoint = Checkpoint(checkpoint)
        self._positions = self._checkpoint.load()
        self._source = Source(kinesis, stream_arn.rpartition("/")[2], self._positions, lambda _name, call: call())
        self._shards: dict[str, _Shard] = {}

    def step(self) -> bool:
        """Read what is new and invoke once for each shard that has something; whether there was anything to do."""
        for record in self._source.read():
            self._shards.setdefault(record.shard, _Shard(self._batch_size)).waiting.append(record)
        busy = [shard for shard in self._shards.values() if shard.waiting]
        for shard in busy:
            self._work(shard)
        return bool(busy)

    def run_until_idle(self) -> None:
        """Go on until the stream is read to its end and every record is done or discarded."""
        while self.step():
            pass

    def _work(self, shard: _Shard) -> None:
        batch = shard.waiting[: shard.size]
        event = kinesis_event(batch, self._stream_arn)
        try:
            finished = _finished(batch, self._invoke(event))
        except InvocationFailed:
            finished = 0
        self._settle(shard, finished)
        if finished == len(batch):
            shard.size, shard.attempts = self._batch_size, 0
            return
        shard.attempts += 1
        if shard.attempts > self._retries:
            self._give_up(shard, batch[finished:])
        elif not finished:
            shard.size = max(1, len(batch) // 2)

    def _settle(self, shard: _Shard, number: int) -> None:
        """The first records are done: they are never read again."""
        settled, shard.waiting = shard.waiting[:number], shard.waiting[number:]
        if settled:
            self._positions[settled[-1].shard] = settled[-1].sequence
            self._checkpoint.save(self._positions)
            self.settled += len(settled)
            self._done(settled)

    def _give_up(self, shard: _Shard, batch: Sequence[Record]) -> None:
        key, body = discarded(batch, self._stream_arn, self._function_arn, mapping_id=self._id, now=self._clock(), attempts=shard.attempts)
        self._discard(key, body)
        self._settle(shard, len(batch))
        shard.size, shard.attempts = self._batch_size, 0


def _finished(batch: Sequence[Record], answer: Any) -> int:
    """How many records from the front are done: all before the first that the answer names; an answer that names none is success."""
    failures = answer.get("batchItemFailures") or [] if isinstance(answer, dict) else []
    failed = {failure.get("itemIdentifier") for failure in failures}
    positions = [position for position, record in enumerate(batch) if record.sequence_number in failed]
    if failed and not positions:
        return 0  # an identifier that is none of the batch's: Lambda treats the whole batch as failed
    return positions[0] if positions else len(batch)


def kinesis_event(batch: Sequence[Record], stream_arn: str) -> dict[str, Any]:
    """The event that Lambda sends for records of one shard."""
    return {"Records": [_event_record(record, stream_arn) for record in batch]}


def _event_record(record: Record, stream_arn: str) -> dict[str, Any]:
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key,
            "sequenceNumber": record.sequence_number,
            "data": base64.b64encode(record.line).decode("ascii"),
            "approximateArrivalTimestamp": record.arrived_at,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{record.shard}:{record.sequence_number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/local",
        "awsRegion": stream_arn.split(":")[3],
        "eventSourceARN": stream_arn,
    }


_KEY: Final = "aws/lambda/{mapping}/{shard}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{unique}"


def discarded(
    batch: Sequence[Record], stream_arn: str, function_arn: str, *, mapping_id: str, now: datetime, attempts: int
) -> tuple[str, bytes]:
    """The object that an S3 failure destination gets for records that Lambda gives up: key and content, full records included."""
    first, last = batch[0], batch[-1]
    document: Mapping[str, Any] = {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": function_arn,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": attempts,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
        "KinesisBatchInfo": {
            "shardId": first.shard,
            "startSequenceNumber": first.sequence_number,
            "endSequenceNumber": last.sequence_number,
            "approximateArrivalOfFirstRecord": f"{first.arrived:%Y-%m-%dT%H:%M:%SZ}",
            "approximateArrivalOfLastRecord": f"{last.arrived:%Y-%m-%dT%H:%M:%SZ}",
            "batchSize": len(batch),
            "streamArn": stream_arn,
        },
        "payload": json.dumps(kinesis_event(batch, stream_arn)),
    }
    return _KEY.format(mapping=mapping_id, shard=first.shard, now=now, unique=uuid.uuid4()), json.dumps(document).encode()
