"""Invoke the transformation function with Firehose's event and believe its answer only as far as Firehose does.

Sources: "Transform source data in Amazon Data Firehose" and "Handle failure in data transformation" in the Amazon Data Firehose
Developer Guide; what a wrong answer leads to, as others measured it on AWS and published.
"""

import base64
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.firehose_buffer import DeliveryStream, Record
from local.firehose_errors import BAD_FORMAT, DUPLICATED, FUNCTION_ERROR, MISSING, NO_DATA, NO_KEYS, STATUS_FAILED, Error
from local.firehose_prefix import Prefix
from local.runtime import InvocationFailed

Invoke = Callable[[object], Any]
"""Gives the function an event and returns its answer; raises InvocationFailed."""


@dataclass(frozen=True, slots=True)
class Ok:
    """A record to write: its JSON and its partition keys, exactly those of the prefix."""

    record: Record
    data: bytes
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A record that the function left out on purpose."""

    record: Record


@dataclass(frozen=True, slots=True)
class Failed:
    """A record whose raw line goes under the error prefix."""

    record: Record
    error: Error
    attempts: int


Verdict = Ok | Dropped | Failed


def transform(records: Sequence[Record], stream: DeliveryStream, invoke: Invoke) -> list[Verdict]:
    """Give each record its verdict, in order.

    An invocation that fails (error, time-out, crash, more than 6 MB) is repeated `stream.retries` times with the same records and
    a new invocation id; then all its records have failed. A wrong answer is final: it is not asked for again.
    """
    for attempt in range(1, stream.retries + 2):
        try:
            answer = invoke(event(records, stream))
        except InvocationFailed:
            continue
        return check(answer, records, stream, attempt)
    return [Failed(record, FUNCTION_ERROR, stream.retries + 1) for record in records]


def event(records: Sequence[Record], stream: DeliveryStream) -> dict[str, Any]:
    """Write the event of one invocation."""
    return {
        "invocationId": str(uuid.uuid4()),
        "sourceKinesisStreamArn": stream.source_arn,
        "deliveryStreamArn": stream.arn,
        "region": stream.region,
        "records": [_event_record(record) for record in records],
    }


def check(answer: Any, records: Sequence[Record], stream: DeliveryStream, attempts: int) -> list[Verdict]:
    """Compare the function's answer with what it was asked.

    Each record must be named once; names that were not asked for are ignored. An unknown result, or data that is not base64,
    fails the whole batch; a missing or repeated name, no data, `ProcessingFailed`, and a missing partition key fail that record.
    `Dropped` needs no data (AWS's own blueprints send none).
    """
    try:
        entries = _read(answer)
    except ValueError:
        return [Failed(record, BAD_FORMAT, attempts) for record in records]
    keys = Prefix(stream.prefix).partition_keys()
    return [_verdict(record, entries.get(record_id(record)), keys, attempts) for record in records]


def record_id(record: Record) -> str:
    """The name of a record in the event; the same when it is sent again."""
    return record.sequence_number + "000000"


@dataclass(slots=True)
class _Entry:
    """What the answer says of one name."""

    result: str
    data: bytes | None
    keys: Mapping[str, Any]
    is_repeated: bool = False


def _event_record(record: Record) -> dict[str, Any]:
    return {
        "recordId": record_id(record),
        "approximateArrivalTimestamp": record.arrived_ms,
        "data": base64.b64encode(record.line).decode("ascii"),
        "kinesisRecordMetadata": {
            "sequenceNumber": record.sequence_number,
            "subsequenceNumber": 0,
            "partitionKey": record.partition_key,
            "shardId": record.shard,
            "approximateArrivalTimestamp": record.arrived_ms,
        },
    }


def _read(answer: Any) -> dict[str, _Entry]:
    given = answer.get("records") if isinstance(answer, dict) else None
    entries: dict[str, _Entry] = {}
    for named in given if isinstance(given, list) else []:
        if not isinstance(named, dict):
            continue
        name = str(named.get("recordId"))
        if name in entries:
            entries[name].is_repeated = True
        else:
            entries[name] = _read_entry(named)
    return entries


def _read_entry(named: Mapping[str, Any]) -> _Entry:
    if named.get("result") not in ("Ok", "Dropped", "ProcessingFailed"):
        raise ValueError("not a result that Firehose knows")
    data, metadata = named.get("data"), named.get("metadata")
    keys = metadata.get("partitionKeys") if isinstance(metadata, dict) else None
    return _Entry(
        result=named["result"],
        data=base64.b64decode(data, validate=True) if isinstance(data, str) else None,
        keys=keys if isinstance(keys, dict) else {},
    )


def _verdict(record: Record, entry: _Entry | None, keys: Sequence[str], attempts: int) -> Verdict:
    if entry is None or entry.is_repeated:
        return Failed(record, DUPLICATED if entry else MISSING, attempts)
    if entry.result == "Dropped":
        return Dropped(record)
    if entry.result == "ProcessingFailed":
        return Failed(record, STATUS_FAILED, attempts)
    if entry.data is None:
        return Failed(record, NO_DATA, attempts)
    values = {key: value for key in keys if isinstance(value := entry.keys.get(key), str) and value}
    return Ok(record, entry.data, values) if len(values) == len(set(keys)) else Failed(record, NO_KEYS, attempts)
