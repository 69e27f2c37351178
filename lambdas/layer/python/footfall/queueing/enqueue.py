"""From log lines to the tracking queue: what transform_hits reads as a hit, and a site is routed somewhere, is enqueued."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import pybase64

from footfall import reasons
from footfall.configuration import Configuration
from footfall.errors import FootfallError
from footfall.hits import agents
from footfall.hits.accept import Acceptor
from footfall.hits.hit import Hit, Reject
from footfall.hits.judge import BatchSalts, SaltsOf
from footfall.hits.log_line import LineReader
from footfall.hits.visitor import day_of
from footfall.queueing.pack import Numbered, Outgoing, pack
from footfall.queueing.translate import HitTranslator
from footfall.reasons import Kind, Reason


class Sent(NamedTuple):
    """What a queue confirmed: `failed` has the position of each message that it did not, and the queue's word for why."""

    failed: Mapping[int, str]
    calls: int


class Outbox(Protocol):
    """A queue that messages are sent to."""

    def send(self, messages: Sequence[Outgoing]) -> Sent:
        """Send all, in order; a message that is not confirmed is a failure, never an exception."""


class EnqueueCounts(NamedTuple):
    """What became of the hits of the records that need not come again: enqueued by site, suppressed and losses by (reason, site)."""

    enqueued: Counter[str]
    suppressed: Counter[tuple[str, str]]
    losses: Counter[tuple[str, str]]

    @classmethod
    def none(cls) -> "EnqueueCounts":
        """Nothing counted yet."""
        return cls(Counter(), Counter(), Counter())

    def add(self, other: "EnqueueCounts") -> None:
        """Count what another batch counted as well."""
        self.enqueued.update(other.enqueued)
        self.suppressed.update(other.suppressed)
        self.losses.update(other.losses)


class Enqueued(NamedTuple):
    """A batch that was enqueued, up to but not including the record `failed_from` (None: all of it)."""

    failed_from: int | None
    counts: EnqueueCounts
    messages: int
    calls: int
    failures: Counter[str]
    crashes: Counter[str]  # by the type of the error

    def totals(self) -> dict[str, int | str]:
        """The totals, for one log line."""
        return {
            **{name: counter.total() for name, counter in self.counts._asdict().items()},
            "messages": self.messages,
            "calls": self.calls,
            "unconfirmed": self.failures.total(),
            **({"crashes": ", ".join(sorted(self.crashes))} if self.crashes else {}),
        }


class LeftOut(NamedTuple):
    """A record whose hit does not go into the queue: why, and the type of the error where our own code failed on it."""

    number: int
    reason: Reason
    site: str
    crash: str = ""


@dataclass(slots=True)
class Enqueuer:
    """`enqueue` for one configuration: made once per execution environment; `memo_limit` bounds each of its memories."""

    configuration: Configuration
    memo_limit: int = 20_000
    _reader: LineReader = field(init=False)
    _acceptor: Acceptor = field(init=False)
    _translator: HitTranslator = field(init=False)

    def __post_init__(self) -> None:
        agents.prepare()
        edge = self.configuration.edge
        self._reader = LineReader(edge.log_fields, query_escaping=edge.query_escaping, limit=self.memo_limit)
        self._acceptor = Acceptor(self.configuration, limit=self.memo_limit)
        self._translator = HitTranslator(self.configuration, limit=self.memo_limit)

    def enqueue(self, records: Sequence[Mapping[str, Any]], salts_of: SaltsOf, outbox: Outbox, *, now_ms: int) -> Enqueued:
        """Enqueue the hits in the `Records` of a Kinesis event; rejects and suppressed requests are transform_hits' to count.

        Nothing counts as enqueued before the queue confirmed it. Where it did not, all from that record on come again: what was
        confirmed behind it is doubled in the queue, under the same event ids.

        Raises:
            UnavailableError: as `salts_of` does; nothing was sent.
        """
        salts = BatchSalts(salts_of, self._use_salts)
        outcomes = [self._take(number, record, salts, now_ms) for number, record in enumerate(records)]
        hits = [outcome for outcome in outcomes if isinstance(outcome, Numbered)]
        left_out = [outcome for outcome in outcomes if isinstance(outcome, LeftOut)]
        return self._send(hits, left_out, outbox, end=len(records))

    def _take(self, number: int, record: Mapping[str, Any], salts: BatchSalts, now_ms: int) -> Numbered | LeftOut | None:
        """Read a record and write its hit for the queue; None where it is no hit, which transform_hits counts."""
        try:
            hit = self._read(record, salts, now_ms)
            if hit is None:
                return None
            reason = self._reason_to_leave_out(hit)
            return Numbered(number, self._translator.translate(hit)) if reason is None else LeftOut(number, reason, hit.site)
        except FootfallError:  # the salts cannot be had: the batch comes again
            raise
        except Exception as error:  # noqa: BLE001 - the bulkhead of a record
            return LeftOut(number, reasons.CRASHED, "", type(error).__name__)

    def _send(self, hits: Sequence[Numbered], left_out: Sequence[LeftOut], outbox: Outbox, *, end: int) -> Enqueued:
        packed = pack(hits, self.configuration.queue)
        sent = outbox.send(packed.messages) if packed.messages else Sent({}, 0)
        first = min([min(packed.messages[position].numbers) for position in sent.failed], default=end)
        unpacked = [LeftOut(each.number, each.reason, each.hit.site, each.crash) for each in packed.unpacked]
        gone = [each for each in (*left_out, *unpacked) if each.number < first]
        counts = EnqueueCounts.none()
        not_packed = {each.number for each in unpacked}
        counts.enqueued.update([hit.site for number, hit in hits if number < first and number not in not_packed])
        for _, reason, site, _ in gone:
            kind = counts.losses if reason.kind is Kind.LOSS else counts.suppressed
            kind[reason.code, site] += 1
        crashes = Counter(each.crash for each in gone if each.crash)
        return Enqueued(None if first == end else first, counts, len(packed.messages), sent.calls, Counter(sent.failed.values()), crashes)

    def _read(self, record: Mapping[str, Any], salts: BatchSalts, now_ms: int) -> Hit | None:
        """The hit of a record, None when it is none."""
        try:
            line = pybase64.b64decode(record["kinesis"]["data"], validate=True).decode("utf-8")
        except ValueError:  # not base64, or not UTF-8: a reject, which transform_hits writes
            return None
        request = self._reader.read(line, now_ms=now_ms)
        if isinstance(request, Reject):
            return None
        salts.of(day_of(request.received_ms))
        judged = self._acceptor.accept(request)
        return judged if isinstance(judged, Hit) else None

    def _reason_to_leave_out(self, hit: Hit) -> Reason | None:
        if not self._translator.is_routed(hit.site):
            return reasons.NOT_ROUTED
        return reasons.PREFETCHED if agents.PREFETCHED in hit.classification.evidence else None

    def _use_salts(self, salts: Mapping[str, bytes]) -> None:
        if self._acceptor.use_salts(salts):
            self._reader.forget()
            self._translator.forget()
