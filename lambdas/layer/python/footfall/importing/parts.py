"""Turn one part of a file into rows by partition: every line is judged exactly as it is in the stream."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from footfall import reasons
from footfall.errors import FootfallError
from footfall.hits import schema
from footfall.hits.hit import Hit, Reject, Request, Suppressed
from footfall.hits.judge import BatchSalts, Judge, SaltsOf
from footfall.hits.row import Row
from footfall.hits.visitor import day_of
from footfall.importing.account import Account
from footfall.importing.formats import Parser

Partition = tuple[str, str]
"""Place (`hits/site=…` or `rejects`) and date (YYYY-MM-DD)."""


CHUNK_HITS: Final = 1_000
"""Hits that become rows together: of all partitions, so that their number does not count; 8 kB are held for each."""


class Rows(Protocol):
    """Takes the rows of one partition, in order."""

    def add(self, row: Row) -> None:
        """Add a row."""

    def add_table(self, table: Any) -> None:
        """Add rows that are columns already."""

    def close(self) -> bytes:
        """The object that holds them."""


@dataclass(slots=True, kw_only=True)
class Part:
    """What a run of lines became: rows by partition, hits that are none yet, the account, and the time of the last line that had one.

    A hit waits with the number of its line.
    """

    rows: defaultdict[Partition, Rows]
    waiting: defaultdict[Partition, list[tuple[int, Hit]]] = field(default_factory=lambda: defaultdict(list))
    account: Account = field(default_factory=Account)
    last_ms: int | None = None


@dataclass(slots=True, kw_only=True)
class PartMaker:
    """Makes the parts of one file, in order; `about_ms` is a time for lines before the first that has one.

    `line_id` names a line by its number in the file, from 0: the event id of one whose columns cannot be trusted; `new_rows`
    begins the rows of a partition; `tables_of` makes a table of each group of hits (None: nobody wants them).
    """

    judge: Judge
    parser: Parser
    salts_of: SaltsOf
    now_ms: int
    about_ms: int
    line_id: Callable[[int], str]
    new_rows: Callable[[], Rows]
    tables_of: Callable[[Sequence[Sequence[Hit]]], Iterable[Any]] | None

    def make(self, lines: Iterable[bytes], *, first_line: int, last_ms: int | None) -> Part:
        """Judge these lines, of which the first has the number `first_line`; `last_ms` is the part's before.

        Raises:
            RejectedError: a header among them makes the file unreadable.
            UnavailableError: the salts cannot be had.
        """
        part = Part(rows=defaultdict(self.new_rows), last_ms=last_ms)
        salts = self.judge.batch_salts(self.salts_of)
        untimed: list[tuple[int, Reject]] = []
        hits = 0
        for number, line in enumerate(lines, first_line):
            part.account.lines += 1
            judged = self._judge_line(part, line, salts)
            if judged is None:
                part.account.comments += 1
            elif isinstance(judged, Hit):
                hits += 1
                _take(part, judged, number)
                if hits % CHUNK_HITS == 0:
                    self._write(part, salts)
            elif not isinstance(judged, Reject):
                part.account.suppressed[judged.reason.code] += 1
            elif part.last_ms is None:
                untimed.append((number, judged))
            else:
                self._reject(part, judged, salts, number, part.last_ms)
        self._write(part, salts)
        self._reject_untimed(part, untimed, salts)
        return part

    def _judge_line(self, part: Part, line: bytes, salts: BatchSalts) -> Hit | Reject | Suppressed | None:
        """Judge one line, None when it is a comment; one on which our own code fails is set aside, and its neighbours go on."""
        try:
            outcome = self.parser.read(line, now_ms=self.now_ms)
            if outcome is None:
                return None
            part.account.without_signals += not self.parser.holds_signals
            if isinstance(outcome, Request):
                part.last_ms = outcome.received_ms
            return self.judge.accept(outcome, salts)
        except FootfallError:  # meant for the whole file
            raise
        except Exception as error:  # noqa: BLE001 - the bulkhead of a line
            return Reject(reasons.CRASHED, None, line.decode("latin-1"), crash=type(error).__name__)

    def _reject_untimed(self, part: Part, untimed: Sequence[tuple[int, Reject]], salts: BatchSalts) -> None:
        """Lines before the first that has a time: roughly the file's."""
        for number, reject in untimed:
            self._reject(part, reject, salts, number, self.about_ms)

    def _reject(self, part: Part, reject: Reject, salts: BatchSalts, number: int, arrived_ms: int) -> None:
        judged = self.judge.reject(reject, salts, line_id=self.line_id(number), arrived_ms=arrived_ms)
        if judged.row is not None:
            part.account.rejects[judged.reason] += 1
            part.rows[judged.place, judged.date].add(judged.row)

    def _write(self, part: Part, salts: BatchSalts) -> None:
        """Make rows of the hits that wait."""
        if self.tables_of is not None and part.waiting:
            try:
                tables = list(self.tables_of([[hit for _, hit in hits] for hits in part.waiting.values()]))
            except Exception:  # noqa: BLE001 - the bulkhead of a line: together they cannot be written, so each is by itself
                self._write_one_by_one(part, salts)
            else:
                for partition, table in zip(part.waiting, tables, strict=True):
                    part.rows[partition].add_table(table)
        part.waiting.clear()

    def _write_one_by_one(self, part: Part, salts: BatchSalts) -> None:
        """Make the row of each hit that waits, as in the stream; one on which our own code fails becomes a reject."""
        for partition, hits in part.waiting.items():
            for number, hit in hits:
                try:
                    row = self.judge.scrubbed_row(hit)
                except Exception as error:  # noqa: BLE001 - the bulkhead of a line
                    part.account.rows[hit.site] -= 1
                    reject = Reject(reasons.CRASHED, None, crash=type(error).__name__)
                    self._reject(part, reject, salts, number, hit.request.received_ms)
                else:
                    part.rows[partition].add(row)


def _take(part: Part, hit: Hit, number: int) -> None:
    """Count a hit, and let it wait without the texts it was read from, which no row needs: 2 kB of each less to go through."""
    hit.request.line = hit.request.query = ""
    part.account.rows[hit.site] += 1
    partition = schema.hits_place(hit.site), day_of(hit.request.received_ms)
    part.waiting[partition].append((number, hit))
    part.rows[partition]  # begins it, where nobody wants the rows: a dry run names its object
