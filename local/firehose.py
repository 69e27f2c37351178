"""Play Amazon Data Firehose: Kinesis source, Lambda transform, Parquet conversion, dynamic partitioning, at least once.

What is faithful: the event, the checks of its answer, retries, the 6 MB limits, schema conversion, prefixes, object names, error
objects, the limit of partitions, the buffering hints, and that nothing is forgotten before it is stored. What is not: AWS starts
to read at LATEST, this at the oldest record; AWS waits between retries, this does not.
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from local import firehose_errors
from local.firehose_buffer import DeliveryStream, Group, Groups, Progress, Record, WaitingRecords
from local.firehose_errors import Error
from local.firehose_prefix import MAX_CHARACTERS, Prefix
from local.firehose_source import Checkpoint, Source
from local.firehose_transform import Dropped, Failed, Invoke, Ok, Verdict, transform
from local.parquet import ConversionError, Converter
from local.poller import Poller

CALLS: Final = ("list_shards", "get_shard_iterator", "get_records", "invoke", "put_object", "checkpoint")
POINTS: Final = tuple(f"{when} {call}" for call in CALLS for when in ("before", "after"))
"""Where `fault` is called: whatever happens at any of them, nothing acknowledged may be lost."""


def ignore(*_: object) -> None:
    """Do nothing: where nobody observes, and no fault is made."""


class Firehose(Poller):
    """One Firehose stream. Either `step` and `run_until_idle` by hand, or `start` and `stop` (or a `with` block) for a thread.

    `kinesis` and `s3` are boto3 clients, `invoke` is `LambdaFunction.invoke`, `checkpoint` a file that outlives this object.
    `observe` is told of each record's line and its verdict once that is durable: `ok:<object key>`, `dropped` or
    `failed:<error output type>`; after a crash it may be told again. `fault` is called at each of POINTS and may raise.
    """

    def __init__(
        self,
        stream: DeliveryStream,
        *,
        kinesis: Any,
        s3: Any,
        invoke: Invoke,
        checkpoint: Path,
        clock: Callable[[], float] = time.time,
        observe: Callable[[bytes, str], None] = ignore,
        fault: Callable[[str], None] = ignore,
        converter: Converter | None = None,
    ) -> None:
        super().__init__()
        self._stream = stream
        self._prefix = Prefix(stream.prefix)
        self._s3 = s3
        self._invoke = invoke
        self._clock = clock
        self._observe = observe
        self._fault = fault
        self._converter = converter or Converter()
        self._checkpoint = Checkpoint(checkpoint)
        self._saved = self._checkpoint.load()
        self._source = Source(kinesis, stream.source_name, self._saved, self._call)
        self._waiting = WaitingRecords(stream.transform_hints, stream.max_batch_records)
        self._rows = Groups(stream.destination_hints, stream.max_partitions)
        self._errors = Groups(stream.destination_hints, len(CALLS))
        self._progress = Progress(self._saved)

    def step(self) -> bool:
        """Read what is new, then transform, write and forget what is due; whether there was anything to do."""
        has_read = self._read()
        return self._work(is_flushing=False) or has_read

    def run_until_idle(self) -> None:
        """Go on until the stream is read to its end and everything is delivered, whatever the hints."""
        while self._read() or self._work(is_flushing=True):
            pass

    def _read(self) -> bool:
        records = self._source.read()
        for record in records:
            self._progress.start(record)
            self._waiting.add(record, self._clock())
        return bool(records)

    def _work(self, *, is_flushing: bool) -> bool:
        has_worked = False
        for batch in self._waiting.batches(self._clock(), is_flushing=is_flushing):
            for verdict in transform(batch, self._stream, lambda event: self._call("invoke", lambda: self._invoke(event))):
                self._accept(verdict)
            has_worked = True
        for group in self._rows.due(self._clock(), is_flushing=is_flushing):
            self._write_rows(group)
            has_worked = True
        for group in self._errors.due(self._clock(), is_flushing=is_flushing):
            self._write_errors(group)
            has_worked = True
        self._save()
        return has_worked

    def _accept(self, verdict: Verdict) -> None:
        match verdict:
            case Dropped(record):
                self._settle([record], "dropped")
            case Failed(record, error, attempts):
                self._fail(record, error, attempts=attempts)
            case Ok(record, data, keys):
                self._accept_row(record, data, keys)

    def _accept_row(self, record: Record, data: bytes, keys: Mapping[str, str]) -> None:
        try:
            row = self._converter.row(data)
        except ConversionError as unfit:
            self._fail(record, firehose_errors.unfit(unfit.code, str(unfit)), data=data)
            return
        if len(self._prefix.evaluate(record.arrived, keys)) > MAX_CHARACTERS:
            self._fail(record, firehose_errors.NO_KEYS)
        elif not self._rows.add(keys, row, record, size_bytes=len(data), now=self._clock()):
            self._fail(record, firehose_errors.TOO_MANY_PARTITIONS)

    def _fail(self, record: Record, error: Error, *, attempts: int = 1, data: bytes | None = None) -> None:
        now = self._clock()
        raw = record.line if data is None else data
        document = firehose_errors.document(record, error, self._stream, data=raw, attempts=attempts, now_s=now)
        self._errors.add({"error-output-type": error.output_type}, document, record, size_bytes=len(raw), now=now)

    def _write_rows(self, group: Group) -> None:
        name = self._stream.object_name(group.arrived, str(uuid.uuid4()))
        key = f"{self._prefix.evaluate(group.arrived, group.keys)}{name}.parquet"
        self._put(key, self._converter.write(group.entries))
        self._settle(group.records, f"ok:{key}")

    def _write_errors(self, group: Group) -> None:
        output_type = group.keys["error-output-type"]
        prefix = Prefix(self._stream.error_prefix).evaluate(group.arrived, error_output_type=output_type)
        body = b"".join(json.dumps(entry, separators=(",", ":")).encode() + b"\n" for entry in group.entries)
        self._put(prefix + self._stream.object_name(group.arrived, str(uuid.uuid4())), body)
        self._settle(group.records, f"failed:{output_type}")

    def _put(self, key: str, body: bytes) -> None:
        self._call("put_object", lambda: self._s3.put_object(Bucket=self._stream.bucket, Key=key, Body=body))

    def _settle(self, records: Sequence[Record], verdict: str) -> None:
        self._progress.settle(records)
        for record in records:
            self._observe(record.line, verdict)

    def _save(self) -> None:
        if self._progress.positions != self._saved:
            self._call("checkpoint", lambda: self._checkpoint.save(self._progress.positions))
            self._saved = dict(self._progress.positions)

    def _call(self, name: str, action: Callable[[], Any]) -> Any:
        self._fault(f"before {name}")
        result = action()
        self._fault(f"after {name}")
        return result
