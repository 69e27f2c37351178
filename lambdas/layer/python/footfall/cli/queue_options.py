"""The options of `footfall queue`: which action each belongs to, and which do not fit together."""

import argparse
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from footfall.cli.bounded import bounded
from footfall.errors import ConfigurationError
from footfall.reasons import REASONS, UNATTRIBUTED

ACTIONS: Final = ("status", "peek", "redrive", "purge", "process", "test")

_LETTERS: Final = ("peek", "redrive", "purge")
_DAY_S: Final = 86_400
_MOST_SHOWN: Final = 10_000
_AGE: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": _DAY_S}


class Option(NamedTuple):
    """An option, the actions it is for, and what it is where it is not given."""

    flag: str
    actions: tuple[str, ...]
    meaning: str
    default: Any
    more: Mapping[str, Any]  # for argparse

    @property
    def name(self) -> str:
        """The attribute that holds its value."""
        return self.flag.removeprefix("--").replace("-", "_")


def _moment_ms(text: str) -> int:
    """A time as Unix milliseconds: an age, or ISO 8601 (UTC where it names no zone)."""
    age = _AGE.fullmatch(text)
    if age:
        return int((time.time() - int(age[1]) * _SECONDS[age[2]]) * 1000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is an age such as 2h or 3d, or a time such as 2026-11-20T08:00:00Z") from wrong
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


_SWITCH: Final[Mapping[str, Any]] = {"action": "store_true"}
_EVERY: Final[Mapping[str, Any]] = {"type": bounded(float, 1, _DAY_S), "nargs": "?", "const": 5.0, "metavar": "SECONDS"}

OPTIONS: Final = (
    Option("--reason", _LETTERS, "only letters with this reason", "", {}),
    Option("--destination", _LETTERS, "only letters of this destination", "", {}),
    Option("--since", _LETTERS, "… written since: 2h, 3d, or 2026-11-20T08:00:00Z", 0, {"type": _moment_ms, "metavar": "TIME"}),
    Option("--limit", ("peek",), "at most so many (default: 20)", 20, {"type": bounded(int, 1, _MOST_SHOWN)}),
    Option("--all", ("redrive", "purge"), "letters of every reason", False, _SWITCH),
    Option("--from-failures", ("redrive",), "batches of the stream that were put aside in S3", False, _SWITCH),
    Option("--yes", ("redrive", "purge"), "do not ask", False, _SWITCH),
    Option("--watch", ("status",), "again and again, until Ctrl-C (without a number: every 5 seconds)", None, _EVERY),
    Option("--event", ("process",), "one message from a file, or - for standard input; a verdict for each hit", None, {"metavar": "FILE"}),
    Option("--minutes", ("process",), "end after so long (default: 5)", 5.0, {"type": bounded(float, 1, 1440)}),
)


def add_options(noun: argparse.ArgumentParser) -> None:
    """Add the action and all options; `settle` gives them their defaults."""
    noun.add_argument("action", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS))
    noun.add_argument("--stack", help="CloudFormation stack whose outputs name the queues, for example footfall-queue")
    noun.add_argument("--configuration", type=Path, default=Path("footfall.toml"), help="sites and destinations (default: %(default)s)")
    for option in OPTIONS:
        noun.add_argument(option.flag, default=None, help=f"{', '.join(option.actions)}: {option.meaning}", **option.more)
    noun.add_argument("--json", action="store_true", help="print a JSON object")


def settle(chosen: argparse.Namespace) -> None:
    """Refuse options that are for another action, or would do too much or nothing; then fill in what was not given.

    Raises:
        ConfigurationError: lists every one of them.
    """
    given = [option for option in OPTIONS if getattr(chosen, option.name) is not None]
    problems = [
        f"{option.flag}: allowed is {' or '.join(option.actions)}, not {chosen.action}"
        for option in given
        if chosen.action not in option.actions
    ]
    for option in OPTIONS:
        if option not in given:
            setattr(chosen, option.name, option.default)
    problems += _contradictions(chosen, [option.flag for option in given])
    if problems:
        raise ConfigurationError("command line", problems)


def _contradictions(chosen: argparse.Namespace, given: list[str]) -> Iterator[str]:
    if chosen.reason and chosen.reason not in REASONS:
        yield f"--reason = {chosen.reason!r}: allowed is a reason of docs/reasons.md"
    if chosen.reason and chosen.all:
        yield "--all: allowed is --reason or --all, not both"
    if chosen.action not in ("redrive", "purge"):
        return
    if chosen.from_failures:
        for flag in ("--reason", "--destination", "--since", "--all", "--yes"):
            if flag in given:
                yield f"{flag}: allowed is a redrive of dead letters; --from-failures takes every batch"
    elif not (chosen.reason or chosen.all):
        yield f"--reason = '': allowed is a reason of docs/reasons.md, or --all, for {chosen.action}"
    if chosen.action == "redrive" and chosen.reason == UNATTRIBUTED.code:
        yield "--reason = 'unattributed': allowed is any other; most hits of such a bulk are stored, and nobody knows which not"
