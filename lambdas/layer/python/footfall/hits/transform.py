"""Turn a Firehose batch of log lines into rows: one bad record never fails a batch, and every record is accounted for."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson
import pybase64

from footfall import reasons
from footfall.configuration import Configuration
from footfall.hits import agents, schema, visitor
from footfall.hits.accept import Acceptor
from footfall.hits.fit import fit_rows
from footfall.hits.hit import Hit, Reject, Request, Suppressed
from footfall.hits.log_line import LineReader
from footfall.hits.reject_row import reject_row
from footfall.hits.row import Row, RowWriter
from footfall.hits.scrub import scrub_row

SaltsOf = Callable[[set[str]], Mapping[str, bytes]]
"""Gives the salts of UTC days (YYYY-MM-DD); a day whose salt is gone, or cannot be had now, is left out."""

MAX_ANSWER_BYTES: Final = 5_000_000
"""Lambda answers with at most 6 MB; the rest is room for what is around the records."""

_ENVELOPE_BYTES: Final = 120
"""JSON around one record: `{"recordId":"","result":"Ok","data":"","metadata":{"partitionKeys":{"place":"","date":""}}},`."""


class Counts(NamedTuple):
    """How many records became what: hits by site, rejects by reason, suppressed and losses by (reason, site)."""

    hits: Counter[str]
    rejects: Counter[str]
    suppressed: Counter[tuple[str, str]]
    losses: Counter[tuple[str, str]]

    def totals(self) -> dict[str, int]:
        """The four totals, for one log line."""
        return {name: counter.total() for name, counter in self._asdict().items()}


@dataclass(slots=True)
class Entry:
    """One record on its way: what it became, its row and where that goes; `row` is None when nothing is written."""

    record_id: str
    line: str = ""
    arrived_ms: int = 0
    sequence: str = ""
    outcome: Request | Hit | Reject | Suppressed | None = None
    row: Row | None = None
    encoded: bytes = b""
    place: str = ""
    date: str = ""
    site: str = ""

    def size(self) -> int:
        """Bytes this record takes in the answer."""
        return _ENVELOPE_BYTES + len(self.record_id) + len(self.place) + len(self.date) + 4 * ((len(self.encoded) + 2) // 3)


@dataclass(slots=True)
class Transformer:
    """`transform` for one configuration: made once per execution environment."""

    configuration: Configuration
    max_answer_bytes: int = MAX_ANSWER_BYTES
    _reader: LineReader = field(init=False)
    _acceptor: Acceptor = field(init=False)
    _writer: RowWriter = field(init=False)

    def __post_init__(self) -> None:
        agents.prepare()
        privacy, edge = self.configuration.privacy, self.configuration.edge
        self._reader = LineReader(edge.log_fields, query_escaping=edge.query_escaping)
        self._acceptor = Acceptor(self.configuration)
        self._writer = RowWriter(
            sampling_rate=edge.sampling_rate, user_agent_policy=privacy.user_agent, removed=frozenset(privacy.url_parameters_removed)
        )

    def transform(self, records: Sequence[Mapping[str, Any]], salts_of: SaltsOf, *, now_ms: int) -> tuple[list[dict[str, Any]], Counts]:
        """Answer a Firehose transformation event's `records`, in order, each once; and count what became of them.

        Hits and rejects are `Ok` with the partition keys `place` and `date`; what is suppressed, or finds no room, is `Dropped`.
        """
        entries = [self._read(record, now_ms) for record in records]
        days = {visitor.day_of(entry.outcome.received_ms) for entry in entries if isinstance(entry.outcome, Request)}
        salts = salts_of(days | {visitor.day_of(entry.arrived_ms) for entry in entries if isinstance(entry.outcome, Reject)})
        if self._acceptor.use_salts(salts):
            self._writer.forget()
        for entry in entries:
            self._judge(entry, salts)
        fit_rows([entry for entry in entries if entry.row is not None], self.max_answer_bytes - self._bytes_of_the_rest(entries))
        return [_answer(entry) for entry in entries], _count(entries)

    @staticmethod
    def _bytes_of_the_rest(entries: list[Entry]) -> int:
        return sum(entry.size() for entry in entries if entry.row is None)

    def _read(self, record: Mapping[str, Any], now_ms: int) -> Entry:
        entry = Entry(record_id=record["recordId"], arrived_ms=int(record.get("approximateArrivalTimestamp", now_ms)))
        entry.sequence = record.get("kinesisRecordMetadata", {}).get("sequenceNumber") or entry.record_id
        try:
            entry.line = pybase64.b64decode(record["data"], validate=True).decode("utf-8")
        except ValueError:  # not base64, or not UTF-8
            entry.line = str(record["data"])
            entry.outcome = Reject(reasons.NOT_UTF8, None, entry.line)
            return entry
        entry.outcome = self._reader.read(entry.line, now_ms=now_ms)
        return entry

    def _judge(self, entry: Entry, salts: Mapping[str, bytes]) -> None:
        if isinstance(entry.outcome, Request):
            entry.outcome = self._acceptor.accept(entry.outcome)
        outcome = entry.outcome
        if isinstance(outcome, Hit):
            entry.row = self._writer.hit_row(outcome)
            entry.site = outcome.site
            entry.place = schema.hits_place(outcome.site)
            entry.date = visitor.day_of(outcome.request.received_ms)
            entry.encoded = self._encode(entry.row, outcome)
        elif isinstance(outcome, Reject):
            received_ms = entry.arrived_ms if outcome.request is None else outcome.request.received_ms
            entry.date = visitor.day_of(received_ms)
            entry.row = reject_row(
                self._writer, outcome, event_id=f"line-{entry.sequence}", received_ms=received_ms, key=salts.get(entry.date)
            )
            entry.place = schema.REJECTS_PLACE
            entry.encoded = orjson.dumps(entry.row)

    def _encode(self, row: Row, hit: Hit) -> bytes:
        """JSON of the row; if the visitor's own address or a token is anywhere in it, it is removed first."""
        encoded = orjson.dumps(row)
        address = hit.request.address
        if hit.secrets or (self.configuration.privacy.ip != "keep" and (address.encode() in encoded or ":" in address)):
            return orjson.dumps(scrub_row(row, address if self.configuration.privacy.ip != "keep" else "", hit.secrets))
        return encoded


def _answer(entry: Entry) -> dict[str, Any]:
    if entry.row is None:
        return {"recordId": entry.record_id, "result": "Dropped"}
    return {
        "recordId": entry.record_id,
        "result": "Ok",
        "data": pybase64.b64encode(entry.encoded).decode("ascii"),
        "metadata": {"partitionKeys": {"place": entry.place, "date": entry.date}},
    }


def _count(entries: Sequence[Entry]) -> Counts:
    counts = Counts(Counter(), Counter(), Counter(), Counter())
    for entry in entries:
        outcome = entry.outcome
        if isinstance(outcome, Suppressed):
            counts.suppressed[outcome.reason.code, outcome.site or ""] += 1
        elif entry.row is None:
            counts.losses[reasons.NO_ROOM.code, entry.site] += 1
        elif isinstance(outcome, Hit):
            counts.hits[entry.site] += 1
        elif isinstance(outcome, Reject):
            counts.rejects[outcome.reason.code] += 1
    return counts
