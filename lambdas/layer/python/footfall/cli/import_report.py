"""Say how an import goes and what became of every line: a progress bar, one line for each file, the account."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TextIO

from footfall.cli.progress import CLEAR
from footfall.configuration import Configuration

if TYPE_CHECKING:
    from footfall.importing.run import FileReport

_BAR: Final = 30
_EVERY_S: Final = 0.1


class Progress:
    """A bar on a terminal, and nothing elsewhere; `say` writes a line to standard output above it."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._is_shown = terminal.isatty()
        self._expected = self._bytes = self._lines = 0
        self._started = self._drawn = time.monotonic()

    def expect(self, size_bytes: int) -> None:
        """Tell how much there is to read."""
        self._expected = size_bytes

    def advance(self, size_bytes: int, lines: int) -> None:
        """Tell how much more was read, and how many more lines were dealt with."""
        self._bytes += size_bytes
        self._lines += lines
        now = time.monotonic()
        if self._is_shown and now - self._drawn >= _EVERY_S:
            self._drawn = now
            share = min(self._bytes / self._expected, 1.0) if self._expected else 1.0
            bar = "#" * round(share * _BAR)
            rate = self._lines / max(now - self._started, 1e-9)
            self._terminal.write(f"{CLEAR}[{bar:<{_BAR}}] {share:4.0%}  {self._lines:,} lines, {rate:,.0f}/s")
            self._terminal.flush()

    def say(self, text: str) -> None:
        """Write a line to standard output."""
        self._clear()
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def _clear(self) -> None:
        if self._is_shown:
            self._terminal.write(CLEAR)
            self._terminal.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._clear()


def summary_of(report: "FileReport", *, is_dry: bool) -> str:
    """One line about one file."""
    if report.error is not None:
        first, *_ = report.error.splitlines()
        return f"{report.name}: failed: {first}"
    account = report.account
    counts = (
        f"{account.lines:,} lines: {account.rows.total():,} rows, {account.rejects.total():,} rejects, "
        f"{account.suppressed.total():,} suppressed, {account.comments:,} comments, {account.skipped:,} skipped"
    )
    outcome = f"would be {report.outcome}" if is_dry and report.outcome != "already imported" else report.outcome
    objects = f"; {len(report.objects)} objects" if report.objects else ""
    text = f"{report.name}: {outcome}{f' ({report.format})' if report.format else ''}, {counts}{objects}"
    return "\n".join([text, *(f"  {key}" for key in report.objects)]) if is_dry else text


def to_document(reports: "Sequence[FileReport]", taken_s: float, configuration: Configuration, *, is_dry: bool) -> dict[str, Any]:
    """Everything about an import: each file, the sum, the rate, and what is not known of signals."""
    from footfall.importing.account import Account  # noqa: PLC0415 - this module is loaded for every noun

    total = Account()
    for report in reports:
        total.add(report.account)
    dealt_with = total.lines - total.skipped
    return {
        "dry_run": is_dry,
        "outcomes": dict(sorted(Counter(report.outcome for report in reports).items())),
        "account": total.to_document(),
        "seconds": round(taken_s, 3),
        "lines_per_s": round(dealt_with / taken_s) if taken_s > 0 else 0,
        "signals": {
            "lines_without": total.without_signals,
            "unknown_signal": configuration.privacy.unknown_signal,
            "suppressed_as_unknown": total.suppressed_as_unknown(),
        },
        "files": [
            {
                "name": report.name,
                "outcome": report.outcome,
                "format": report.format,
                "error": report.error,
                "account": report.account.to_document(),
                "objects": report.objects,
            }
            for report in reports
        ],
    }


def account_of(document: dict[str, Any], configuration: Configuration) -> str:
    """The account and the rate, and a warning when lines do not tell what their visitors asked for."""
    account, outcomes = document["account"], document["outcomes"]
    files = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items())
    rows, rejects, suppressed = (sum(account[name].values()) for name in ("rows", "rejects", "suppressed"))
    lines = [
        f"files: {files or 'none'}",
        f"{account['lines']:,} lines = {rows:,} rows + {rejects:,} rejects + {suppressed:,} suppressed"
        f" + {account['comments']:,} comments + {account['skipped']:,} skipped"
        + (f" + {account['unaccounted']:,} UNACCOUNTED FOR" if account["unaccounted"] else ""),
        *(f"  {name}: {_counts(account[name])}" for name in ("rows", "rejects", "suppressed") if account[name]),
        *_warning(document["signals"], configuration),
        f"{document['seconds']:.1f} s, {document['lines_per_s']:,} lines/s"
        + (" (dry run: nothing was written)" if document["dry_run"] else ""),
    ]
    return "\n".join(lines) + "\n"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _warning(signals: dict[str, Any], configuration: Configuration) -> list[str]:
    if not signals["lines_without"]:
        return []
    privacy = configuration.privacy
    policy = f'privacy.gpc = "{privacy.gpc}", dnt = "{privacy.dnt}", unknown_signal = "{privacy.unknown_signal}"'
    effect = (
        f"taken as sent: {signals['suppressed_as_unknown']:,} lines suppressed for that alone"
        if privacy.unknown_signal == "on"
        else "taken as NOT sent: visitors who asked not to be tracked may be among these rows"
    )
    return [
        f"! {signals['lines_without']:,} lines are of a format that holds neither Sec-GPC nor DNT; both are {effect}",
        f"! ({policy}; docs/import.md says what to weigh)",
    ]
