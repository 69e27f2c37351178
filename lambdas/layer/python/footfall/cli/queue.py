"""`footfall queue`: what waits in the tracking queue, what was given up and why, and how to send it again."""

import argparse
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from footfall.cli.noun import DONE, FAILED, WRONG, add_noun, write_json
from footfall.errors import ConfigurationError
from footfall.reasons import REASONS

EXAMPLES = """
footfall queue status --stack footfall-queue               what waits, dead letters by reason, circuits
footfall queue status --watch 5                            the same every 5 seconds, until Ctrl-C
footfall queue peek --reason refused --limit 5             dead letters, with masked evidence
footfall queue redrive --reason site_refused --since 2d    send their hits again, to the destination that refused them
footfall queue redrive --from-failures                     enqueue the batches that were put aside
footfall queue purge --reason poison --yes                 delete dead letters for good
footfall queue process                                     deliver what waits, as process_queue does
footfall queue process --event message.json                deliver one message; - reads standard input
footfall queue test                                        queue, table, secret and destination; stores nothing
"""

NOTES = """
Names come from the outputs of --stack, or else from the variables that process_queue has (INPUT_QUEUE, DEAD_LETTERS,
DELIVERY_TABLE), credentials as always with AWS. A redrive that was interrupted can be run again: no hit is delivered twice.
Redriving `uncertain` may store a hit twice, if the destination had stored it after all; letters without a hit stay.
"""

ACTIONS: Final = ("status", "peek", "redrive", "purge", "process", "test")
_AGE: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def add_to(nouns: "argparse._SubParsersAction[Any]") -> None:
    """Add the noun to the command line."""
    codes = {
        DONE: "done; process: nothing was lost and nothing waits; test: all is well",
        FAILED: "could not be done; process: something waits or is a dead letter; test: a check failed",
        WRONG: "footfall.toml or the command line is wrong; every problem is listed",
    }
    noun = add_noun(
        nouns, "queue", summary="look after the tracking queue and its dead letters", examples=EXAMPLES, notes=NOTES, codes=codes, run=run
    )
    noun.add_argument("action", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS))
    noun.add_argument("--stack", help="CloudFormation stack whose outputs name the queues, for example footfall-queue")
    noun.add_argument("--configuration", type=Path, default=Path("footfall.toml"), help="sites and destinations (default: %(default)s)")
    noun.add_argument("--reason", default="", help="peek, redrive, purge: only letters with this reason")
    noun.add_argument("--destination", default="", help="peek, redrive, purge: only letters of this destination")
    noun.add_argument("--since", type=_moment_ms, default=0, metavar="TIME", help="… written since: 2h, 3d, or 2026-11-20T08:00:00Z")
    noun.add_argument("--limit", type=int, default=20, help="peek: at most so many (default: %(default)s)")
    noun.add_argument("--all", action="store_true", help="redrive, purge: letters of every reason")
    noun.add_argument("--from-failures", action="store_true", help="redrive: batches of the stream that were put aside in S3")
    noun.add_argument("--yes", action="store_true", help="purge: do not ask")
    noun.add_argument("--watch", type=float, metavar="SECONDS", help="status: again and again, until Ctrl-C")
    noun.add_argument("--event", metavar="FILE", help="process: one message from a file, or - for standard input")
    noun.add_argument("--minutes", type=float, default=5.0, help="process: end after so long (default: %(default)s)")
    noun.add_argument("--json", action="store_true", help="print a JSON object")


def run(chosen: argparse.Namespace) -> int:
    """Do what was chosen.

    Raises:
        ConfigurationError: options that do not fit together.
        FootfallError: AWS or a destination did not answer.
    """
    from footfall.cli.queue_actions import Wiring  # noqa: PLC0415 - no other noun needs the drain

    _check(chosen)
    wiring = Wiring(chosen)
    match chosen.action:
        case "status":
            return _status(chosen, wiring)
        case "peek":
            return _show(chosen, wiring.peek(), "dead letters")
        case "redrive":
            return _show(chosen, wiring.redrive_failures() if chosen.from_failures else wiring.redrive(_progress), "redriven")
        case "purge":
            return _purge(chosen, wiring)
        case "process":
            done, said = wiring.process()
            _show(chosen, said, "processed")
            return DONE if done else FAILED
        case _:
            checks = wiring.test()
            _show(chosen, checks, "checks")
            return DONE if all(check["verdict"] == "ok" for check in checks) else FAILED


def _check(chosen: argparse.Namespace) -> None:
    """Refuse options that would do too much or nothing."""
    problems = []
    if chosen.reason and chosen.reason not in REASONS:
        problems.append(f"--reason = {chosen.reason!r}: allowed is a reason of docs/reasons.md")
    if chosen.from_failures and chosen.action != "redrive":
        problems.append(f"--from-failures: allowed is redrive, not {chosen.action}")
    if chosen.action in ("redrive", "purge") and not (chosen.reason or chosen.all or chosen.from_failures):
        problems.append(f"--reason = '': allowed is a reason of docs/reasons.md, or --all, for {chosen.action}")
    if chosen.action == "redrive" and chosen.reason == "unattributed":
        problems.append("--reason = 'unattributed': allowed is any other; most hits of such a bulk are stored, and nobody knows which not")
    if problems:
        raise ConfigurationError("command line", problems)


def _status(chosen: argparse.Namespace, wiring: Any) -> int:
    while True:
        _show(chosen, wiring.status(), "status")
        if chosen.watch is None:
            return DONE
        sys.stdout.flush()
        time.sleep(chosen.watch)


def _purge(chosen: argparse.Namespace, wiring: Any) -> int:
    what = f"dead letters with the reason {chosen.reason}" if chosen.reason else "all dead letters"
    if not chosen.yes:
        sys.stderr.write(f"delete {what} for good? yes or no: ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() != "yes":
            sys.stderr.write("nothing was deleted\n")
            return FAILED
    return _show(chosen, wiring.purge(_progress), "purged")


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _show(chosen: argparse.Namespace, said: Any, title: str) -> int:
    """Print one document: as JSON, or a line for each thing in it."""
    if chosen.json:
        write_json(said)
    elif isinstance(said, list):
        sys.stdout.write(f"{title}: {len(said) or 'none'}\n" + "".join(f"  {_line(each)}\n" for each in said))
    else:
        sys.stdout.write("".join(f"{name:<18}{_line(value)}\n" for name, value in said.items()))
    return DONE


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name}={_line(each)}" for name, each in value.items()) or "none"
    return ", ".join(map(str, value)) or "none" if isinstance(value, (list, tuple)) else str(value)


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
