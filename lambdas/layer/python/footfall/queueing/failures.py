"""Enqueue what could not be enqueued: batches that Lambda put aside in S3 because they grew too old in the stream."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import orjson

from footfall.errors import RejectedError
from footfall.hits.judge import SaltsOf
from footfall.queueing.enqueue import EnqueueCounts, Enqueued, Enqueuer, Outbox


class PutAside(Protocol):
    """A batch that was put aside."""

    @property
    def key(self) -> str:
        """The key of its object."""


class FailureStore(Protocol):
    """The bucket of batches that were put aside."""

    def list(self, prefix: str) -> Iterable[PutAside]:
        """All of them."""

    def get(self, key: str) -> bytes | None:
        """One of them, None when it is gone."""

    def delete(self, key: str) -> None:
        """Delete one; nothing when it is gone."""


class Progress(NamedTuple):
    """How far a redrive is: batches and records enqueued so far, hits among them, and what stays where it is."""

    batches: int
    records: int
    hits: int
    kept: int


@dataclass(slots=True, kw_only=True)
class Redriven:
    """What a redrive did; `kept` says of each batch that stays, by key, why it does."""

    batches: int = 0
    records: int = 0
    counts: EnqueueCounts = field(default_factory=EnqueueCounts.none)
    kept: dict[str, str] = field(default_factory=dict)

    def progress(self) -> Progress:
        """How far it is."""
        return Progress(self.batches, self.records, self.counts.enqueued.total(), len(self.kept))


def redrive_failures(
    store: FailureStore,
    enqueuer: Enqueuer,
    salts_of: SaltsOf,
    outbox: Outbox,
    *,
    now_ms: int,
    observe: Callable[[Progress], None] = lambda _progress: None,
) -> Redriven:
    """Enqueue every batch that was put aside, through the same code as the function; `observe` is called after each.

    A batch is deleted after the queue confirmed all of it, so one that is interrupted is enqueued again, under the same event ids:
    nothing is delivered twice. What the queue did not confirm, and what is no batch, stays.

    Raises:
        UnavailableError: the bucket or the salts cannot be read; what was not done yet is still there.
    """
    redriven = Redriven()
    for aside in store.list(""):
        body = store.get(aside.key)
        if body is None:  # somebody else was faster, or it expired
            continue
        try:
            records = read_invocation(body)
        except RejectedError as unknown:
            redriven.kept[aside.key] = str(unknown)
        else:
            _take(aside.key, records, enqueuer.enqueue(records, salts_of, outbox, now_ms=now_ms), store, redriven)
        observe(redriven.progress())
    return redriven


def _take(key: str, records: Sequence[Mapping[str, Any]], enqueued: Enqueued, store: FailureStore, redriven: Redriven) -> None:
    """Delete what is enqueued as a whole; what is not is counted when it is."""
    if enqueued.failed_from is not None:
        codes = ", ".join(sorted(enqueued.failures))
        redriven.kept[key] = f"the queue did not confirm record {enqueued.failed_from + 1} of {len(records)}: {codes}"
        return
    if enqueued.crashes:
        kinds = ", ".join(sorted(enqueued.crashes))
        redriven.kept[key] = f"Footfall's own code failed on {enqueued.crashes.total()} of {len(records)} records: {kinds}"
        return
    store.delete(key)
    redriven.batches += 1
    redriven.records += len(records)
    redriven.counts.add(enqueued.counts)


def read_invocation(body: bytes) -> list[dict[str, Any]]:
    """The Kinesis records in the invocation record that Lambda writes for a discarded batch.

    Shape: `{"requestContext": {…}, "KinesisBatchInfo": {…}, "payload": {"Records": […]}}`; only S3 gets the `payload` (Lambda
    developer guide, "Retain discarded batch records for a Kinesis Data Streams event source"). The guide shows it as a text and
    does not say whether the event stands there as JSON or as a text of JSON: both are read.

    Raises:
        RejectedError: it is none; the text tells what is missing and never what it holds.
    """
    payload = _parse(body).get("payload")
    event = _parse(payload) if isinstance(payload, str) else payload
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list):
        raise RejectedError("no payload.Records: not what Lambda puts aside for a Kinesis batch")
    if not all(isinstance(record, dict) and _holds_data(record) for record in records):
        raise RejectedError("payload.Records holds something that is no Kinesis record")
    return records


def _holds_data(record: Mapping[str, Any]) -> bool:
    kinesis = record.get("kinesis")
    return isinstance(kinesis, dict) and isinstance(kinesis.get("data"), str)


def _parse(text: str | bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise RejectedError("not a JSON object: not what Lambda puts aside")
    return document
