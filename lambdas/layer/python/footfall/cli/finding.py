"""What `footfall doctor` says about one thing it looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"
SKIPPED: Final = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: verdict (ok, warn, fail or skipped), what was seen, and what to do unless it is ok."""

    name: str
    verdict: str
    seen: str
    todo: str = ""


def judge(name: str, problems: Sequence[str], *, good: str, todo: str, verdict: str = FAIL) -> Finding:
    """Make a finding: `good` when there are no problems, else `verdict` with all of them."""
    if not problems:
        return Finding(name=name, verdict=OK, seen=good)
    return Finding(name=name, verdict=verdict, seen="; ".join(problems), todo=todo)


def skipped(name: str, why: str, *, todo: str = "") -> Finding:
    """Make a finding for what was not looked at."""
    return Finding(name=name, verdict=SKIPPED, seen=why, todo=todo)
