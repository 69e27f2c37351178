"""`footfall queue`: what waits in the tracking queue, what was given up and why, and how to send it again."""

import argparse
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from footfall.cli.finding import FAIL
from footfall.cli.noun import DONE, FAILED, INTERRUPTED, WRONG, add_noun
from footfall.cli.queue_options import add_options, settle
from footfall.cli.queue_output import show

if TYPE_CHECKING:
    from footfall.cli.queue_actions import Wiring

EXAMPLES = """
footfall queue status --stack footfall-queue                      what waits, dead letters by reason, circuits, leases
footfall queue status --watch                                     the same every 5 seconds, until Ctrl-C
footfall queue peek --reason refused --limit 5                    dead letters, with masked evidence
footfall queue redrive --reason site_refused --since 2d           send their hits again, to the destination that refused them
footfall queue redrive --from-failures --stack footfall-queue     enqueue the batches that were put aside
footfall queue purge --reason poison --yes                        delete dead letters for good
footfall queue process                                            deliver what waits, as process_queue does
footfall queue process --event message.json                       deliver one message, and tell what became of each hit
footfall queue test                                               queue, table, secret and destination; stores no hit
"""

NOTES = """
Names come from the outputs of --stack, or else from the variables that the functions have (INPUT_QUEUE, DEAD_LETTERS,
DELIVERY_TABLE; SALT_TABLE for --from-failures), credentials as always with AWS. A redrive that was interrupted, or of which
something was not confirmed, can be run again: no hit is delivered twice. Redriving `uncertain`, or --all, may store a hit twice,
if the destination had stored it after all: it asks first. Letters without a hit stay.
"""

Pause = Callable[[float], None]


def add_to(nouns: "argparse._SubParsersAction[Any]") -> None:
    """Add the noun to the command line."""
    codes = {
        DONE: "done; process: nothing was lost and nothing waits; test: no check failed",
        FAILED: "could not be done, or not all of it; process: something waits or is a dead letter; test: a check failed",
        WRONG: "footfall.toml or the command line is wrong; every problem is listed",
        INTERRUPTED: "interrupted with Ctrl-C, but for status --watch: that is how it ends",
    }
    noun = add_noun(
        nouns, "queue", summary="look after the tracking queue and its dead letters", examples=EXAMPLES, notes=NOTES, codes=codes, run=run
    )
    add_options(noun)


def run(chosen: argparse.Namespace, *, pause: Pause = time.sleep) -> int:
    """Do what was chosen; `pause` is what --watch does in between.

    Raises:
        ConfigurationError: options that do not fit together.
        FootfallError: AWS or a destination did not answer.
    """
    from footfall.cli import queue_letters  # noqa: PLC0415 - as below
    from footfall.cli.queue_actions import Wiring  # noqa: PLC0415 - no other noun needs the drain

    settle(chosen)
    wiring = Wiring(chosen)
    match chosen.action:
        case "status":
            return _status(chosen, wiring, pause)
        case "peek":
            show(chosen, wiring.peek(), "dead letters")
            return DONE
        case "redrive":
            return queue_letters.redrive(chosen, wiring)
        case "purge":
            return queue_letters.purge(chosen, wiring)
        case "process":
            is_done, said = wiring.process()
            show(chosen, said, "processed")
            return DONE if is_done else FAILED
        case _:
            checks = wiring.test()
            show(chosen, checks, "checks")
            return FAILED if any(check["verdict"] == FAIL for check in checks) else DONE


def _status(chosen: argparse.Namespace, wiring: "Wiring", pause: Pause) -> int:
    if chosen.watch is None:
        show(chosen, wiring.status(), "status")
        return DONE
    try:
        while True:
            show(chosen, wiring.status(), "status")
            sys.stdout.flush()
            pause(chosen.watch)
    except KeyboardInterrupt:
        return DONE
