"""Judge what any input was read into and write its row: what the stream and an import have in common."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import orjson

from footfall.configuration import Configuration
from footfall.hits import agents, schema
from footfall.hits.accept import Acceptor
from footfall.hits.authentication import SECRETS
from footfall.hits.hit import Hit, Reject, Request, Suppressed
from footfall.hits.reject_row import reject_row
from footfall.hits.row import Row, RowWriter
from footfall.hits.scrub import must_scrub, scrub_hit
from footfall.hits.visitor import day_of

SaltsOf = Callable[[set[str]], Mapping[str, bytes]]
"""Gives the salts of UTC days (YYYY-MM-DD), and any other it has; a day whose salt is gone, or cannot be had now, is left out."""


class Judged(NamedTuple):
    """What became of one request: its row (None: suppressed for `reason`) and where that goes.

    `hit` is what the row was made of: a row of one still has to lose what `scrub` removes.
    """

    site: str
    reason: str
    row: Row | None = None
    place: str = ""
    date: str = ""
    hit: Hit | None = None


class BatchSalts:
    """The salts of one batch: asked for when a day first comes up, once for each day."""

    def __init__(self, salts_of: SaltsOf, use: Callable[[Mapping[str, bytes]], None]) -> None:
        self._salts_of = salts_of
        self._use = use
        self._days: set[str] = set()
        self._salts: Mapping[str, bytes] = {}

    def of(self, day: str) -> bytes | None:
        """The salt of a day; whoever uses salts is told first when that day is new."""
        if day not in self._days:
            self._salts = self._salts_of(self._days | {day})
            self._use(self._salts)
            self._days.add(day)
        return self._salts.get(day)


class Judge:
    """`judge` and `reject` for one configuration; remembers what comes again, at most `memo_limit` of each kind.

    `forget_too` is called when the salts rotate, for what its caller remembers of clients.
    """

    def __init__(self, configuration: Configuration, *, memo_limit: int, forget_too: Callable[[], None] = lambda: None) -> None:
        agents.prepare()
        privacy = configuration.privacy
        self._forget_too = forget_too
        self._acceptor = Acceptor(configuration, limit=memo_limit)
        self.writer = RowWriter(
            sampling_rate=configuration.edge.sampling_rate,
            user_agent_policy=privacy.user_agent,
            removed=SECRETS.union(privacy.url_parameters_removed),
            limit=memo_limit,
        )

    def batch_salts(self, salts_of: SaltsOf) -> BatchSalts:
        """The salts of one batch; what is remembered is forgotten when they differ from those before."""
        return BatchSalts(salts_of, self._use_salts)

    def judge(self, outcome: Request | Reject, salts: BatchSalts) -> Judged | Reject:
        """Judge one request: what became of it, or the Reject that `reject` writes."""
        if isinstance(outcome, Reject):
            return outcome
        date = day_of(outcome.received_ms)
        salts.of(date)
        judged = self._acceptor.accept(outcome)
        if isinstance(judged, Hit):
            return Judged(judged.site, "", self.writer.hit_row(judged), schema.hits_place(judged.site), date, judged)
        if isinstance(judged, Reject):
            return judged
        return Judged(judged.site or "", judged.reason.code)

    def scrubbed_row(self, hit: Hit) -> Row:
        """The row of one hit, without the visitor's own address and tokens."""
        row = self.writer.hit_row(hit)
        return scrub_hit(row, hit) if must_scrub(orjson.dumps(row), hit) else row

    def accept(self, outcome: Request | Reject, salts: BatchSalts) -> Hit | Reject | Suppressed:
        """Judge one request whose row somebody else writes."""
        if isinstance(outcome, Reject):
            return outcome
        salts.of(day_of(outcome.received_ms))
        return self._acceptor.accept(outcome)

    def reject(self, reject: Reject, salts: BatchSalts, *, line_id: str, arrived_ms: int) -> Judged:
        """Write a Reject; `line_id` and `arrived_ms` stand in for the id and the time of a line whose columns cannot be trusted."""
        received_ms = arrived_ms if reject.request is None else reject.request.received_ms
        date = day_of(received_ms)
        row = reject_row(self.writer, reject, event_id=f"line-{line_id}", received_ms=received_ms, key=salts.of(date))
        return Judged("", reject.reason.code, row, schema.REJECTS_PLACE, date)

    def _use_salts(self, salts: Mapping[str, bytes]) -> None:
        if self._acceptor.use_salts(salts):
            self.writer.forget()
            self._forget_too()
