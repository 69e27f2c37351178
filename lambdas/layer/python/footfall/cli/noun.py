"""What every noun of the command line has: a help text with examples, and exit codes that the help documents."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

DONE: Final = 0
FAILED: Final = 1
WRONG: Final = 2
INTERRUPTED: Final = 130

GENERAL: Final = {
    DONE: "done",
    FAILED: "could not be done; one line says why",
    WRONG: "the configuration or the command line is wrong; every problem is listed",
    INTERRUPTED: "interrupted with Ctrl-C",
}
"""What the exit codes mean where a noun says nothing else."""


def add_noun(
    nouns: Any,
    name: str,
    *,
    summary: str,
    examples: str,
    run: Callable[[argparse.Namespace], int],
    notes: str = "",
    codes: Mapping[int, str] = GENERAL,
) -> argparse.ArgumentParser:
    """Add a noun; `examples` is one command a line with what it does, `notes` what else a reader must know.

    `codes` replaces meanings of `GENERAL`, and nothing else: a code means the same kind of thing for every noun.
    """
    told = {**GENERAL, **codes}
    parts = ["examples:\n" + "\n".join(f"  {line}" for line in examples.strip().splitlines())]
    parts += [notes.strip()] if notes else []
    parts.append("exit codes:\n" + "\n".join(f"  {code:<4}{meaning}" for code, meaning in sorted(told.items())))
    noun: argparse.ArgumentParser = nouns.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog="\n\n".join(parts),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    noun.set_defaults(run=run)
    return noun


def write_json(document: Any) -> None:
    """Write one JSON document to standard output, for programs."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
