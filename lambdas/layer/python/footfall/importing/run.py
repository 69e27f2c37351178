"""Import files one after another: what one of them is wrong about costs its neighbours nothing."""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

from footfall.configuration import Configuration
from footfall.errors import FootfallError, RejectedError, UnavailableError
from footfall.hits.hit import Hit
from footfall.hits.judge import Judge, SaltsOf
from footfall.hits.row import Row
from footfall.importing.account import Account
from footfall.importing.detect import detect, make_parser
from footfall.importing.formats import Parser
from footfall.importing.inputs import Input
from footfall.importing.journal import PART_LINES, Journal, Keys, keys_of, load_journal, save_journal
from footfall.importing.lines import Lines
from footfall.importing.parquet import RowGroups, require_pyarrow
from footfall.importing.parts import Part, PartMaker, Rows
from footfall.importing.ports import ByteStream, Lake

_SAMPLE_LINES = 200
"""Among this many lines at least one must be recognised."""

_TOLD_LINES = 1_000

_MEMO_LIMIT = 5_000
"""What is remembered of each kind; with the 20,000 of a Lambda an import takes 250 MB more and is no faster."""

_COLLECT_AFTER = (100_000, 20, 20)
"""Hits hold no cycles, and a thousand of them wait at a time: to walk them again and again is 8 % of an import (perf)."""

Observe = Callable[[int, int], None]
"""Told of each step: bytes read of the inputs, and lines that were dealt with."""


@dataclass(slots=True, kw_only=True)
class FileReport:
    """What became of one file. `outcome`: imported, resumed, already imported, failed; of a dry run, what it would be."""

    name: str
    outcome: str = "imported"
    format: str | None = None
    account: Account = field(default_factory=Account)
    objects: list[str] = field(default_factory=list)
    error: str | None = None


class _Unwritten(Rows):
    """The rows of a dry run."""

    def add(self, row: Row) -> None:
        """Drop it."""

    def add_table(self, table: Any) -> None:
        """Drop them."""

    def close(self) -> bytes:
        """Nothing."""
        return b""


class _Counted:
    """A stream that tells how much of it was read."""

    def __init__(self, stream: ByteStream, observe: Callable[[int], None]) -> None:
        self._stream = stream
        self._observe = observe

    def read(self, size: int, /) -> bytes:
        """As the stream."""
        try:
            chunk = self._stream.read(size)
        except OSError as failed:
            raise UnavailableError(f"cannot be read: {failed.strerror}") from failed
        self._observe(len(chunk))
        return chunk

    def close(self) -> None:
        """As the stream."""
        self._stream.close()


@dataclass(slots=True, kw_only=True)
class Importer:
    """Imports into one lake under one configuration.

    `format_name` is what a person says the format is (None: look); `again` does what a journal says is done already;
    `is_dry` judges everything and writes nothing. `part_lines` is for tests.
    """

    configuration: Configuration
    lake: Lake
    salts_of: SaltsOf
    now_ms: int
    format_name: str | None = None
    again: bool = False
    is_dry: bool = False
    observe: Observe = lambda _bytes, _lines: None
    part_lines: int = PART_LINES
    _judge: Judge = field(init=False)

    def __post_init__(self) -> None:
        if not self.is_dry:
            require_pyarrow()
        self._judge = Judge(self.configuration, memo_limit=_MEMO_LIMIT)

    def run(self, inputs: Iterable[Input]) -> Iterator[FileReport]:
        """Import each file; an error of one is in its report, and the next follows."""
        for each in inputs:
            report = FileReport(name=each.name)
            try:
                with _seldom_collected():
                    self._import(each, report)
            except FootfallError as failed:
                report.outcome, report.error = "failed", str(failed)
            except Exception as error:  # noqa: BLE001 - the bulkhead of a file
                report.outcome, report.error = "failed", f"Footfall's own code failed: {type(error).__name__}; please report it"
            yield report

    def _import(self, source: Input, report: FileReport) -> None:
        keys = keys_of(source.identify(), source.size_bytes, self.configuration, self.format_name)
        journal = Journal() if self.again else load_journal(self.lake, keys)
        if journal.is_complete:
            report.outcome = "already imported"
            report.account.lines = report.account.skipped = journal.lines
            self.observe(source.size_bytes, journal.lines)
            return
        if journal.parts:
            report.outcome = "resumed"
        stream = _Counted(source.open(), lambda count: self.observe(count, 0))
        try:
            lines = Lines(stream)
            journal = self._import_lines(lines, source, keys, journal, report)
        finally:
            stream.close()
        if lines.damage is not None:
            raise lines.damage
        if source.has_changed():
            raise RejectedError("it was written to while it was read: import it again when it is whole")
        if not self.is_dry:
            save_journal(self.lake, keys, replace(journal, is_complete=True))

    def _import_lines(self, lines: Iterator[bytes], source: Input, keys: Keys, journal: Journal, report: FileReport) -> Journal:
        sample = list(islice(lines, _SAMPLE_LINES))
        edge = self.configuration.edge
        parser = make_parser(self.format_name, edge) if self.format_name else detect(sample, edge)
        report.format = parser.name
        lines = self._observed(chain(sample, lines))
        self._skip(lines, journal.lines, parser, report)
        maker = PartMaker(
            judge=self._judge,
            parser=parser,
            salts_of=self.salts_of,
            now_ms=self.now_ms,
            about_ms=source.about_ms,
            line_id=lambda number: f"{keys.digest}-{number}",
            new_rows=_Unwritten if self.is_dry else RowGroups,
            tables_of=None if self.is_dry else self._tables_of(),
        )
        while (part := maker.make(islice(lines, self.part_lines), first_line=journal.lines, last_ms=journal.last_ms)).account.lines:
            journal = self._write(part, keys, journal, report)
            report.account.add(part.account)
        return journal

    def _tables_of(self) -> Callable[[Sequence[Sequence[Hit]]], Iterable[Any]]:
        from footfall.importing.hit_table import HitTables  # noqa: PLC0415 - imports pyarrow, which a dry run need not have

        return HitTables(self._judge.writer).of_groups

    def _observed(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The same lines; every thousandth is told of."""
        number = 0
        for number, line in enumerate(lines, 1):
            yield line
            if number % _TOLD_LINES == 0:
                self.observe(0, _TOLD_LINES)
        self.observe(0, number % _TOLD_LINES)

    def _skip(self, lines: Iterator[bytes], count: int, parser: Parser, report: FileReport) -> None:
        """Pass over lines that are in the lake, but for headers, which say how to read the rest."""
        for line in islice(lines, count):
            if line.startswith(b"#"):
                parser.read(line, now_ms=self.now_ms)
        report.account.lines += count
        report.account.skipped += count

    def _write(self, part: Part, keys: Keys, journal: Journal, report: FileReport) -> Journal:
        for (place, date), rows in sorted(part.rows.items()):
            key = keys.rows(place, date, journal.parts)
            report.objects.append(key)
            if not self.is_dry:
                self.lake.put(key, rows.close())
        account = part.account
        after = journal.after(lines=account.lines, rows=account.rows.total() + account.rejects.total(), last_ms=part.last_ms)
        if not self.is_dry:
            save_journal(self.lake, keys, after)
        return after


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Let the garbage collector look for cycles seldom, and as before afterwards."""
    before = gc.get_threshold()
    gc.set_threshold(*_COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
