"""Count what every line of an import became, so that nothing is left over: the account balances or the import is wrong."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from footfall import reasons


@dataclass(slots=True)
class Account:
    """Lines read, and what they became: rows by site, rejects and suppressed by reason, comments and blanks, skipped.

    `skipped` are lines that an earlier import of the same file has brought in; `without_signals` are lines of a format that
    does not hold Sec-GPC and DNT.
    """

    lines: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)
    suppressed: Counter[str] = field(default_factory=Counter)
    comments: int = 0
    skipped: int = 0
    without_signals: int = 0

    def add(self, other: "Account") -> None:
        """Add the counts of another account to this one."""
        self.lines += other.lines
        self.rows += other.rows
        self.rejects += other.rejects
        self.suppressed += other.suppressed
        self.comments += other.comments
        self.skipped += other.skipped
        self.without_signals += other.without_signals

    def unaccounted(self) -> int:
        """Lines of which nobody knows what they became; 0 unless there is a defect."""
        return self.lines - (self.rows.total() + self.rejects.total() + self.suppressed.total() + self.comments + self.skipped)

    def suppressed_as_unknown(self) -> int:
        """Lines suppressed only because their format does not tell whether the visitor sent a signal."""
        return self.suppressed[reasons.UNKNOWN_SIGNAL.code]

    def to_document(self) -> dict[str, Any]:
        """The counts as JSON can hold them."""
        return {
            "lines": self.lines,
            "rows": dict(sorted(self.rows.items())),
            "rejects": dict(sorted(self.rejects.items())),
            "suppressed": dict(sorted(self.suppressed.items())),
            "comments": self.comments,
            "skipped": self.skipped,
            "without_signals": self.without_signals,
            "unaccounted": self.unaccounted(),
        }
