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
    """Write one JSON document to standard output, for programs; a terminal may show it, so only printable characters stand there."""
    lines = json.dumps(document, indent=2, ensure_ascii=False).split("\n")
    sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")


def printable(text: str) -> str:
    r"""Write what is not printable as JSON escapes: what strangers sent must not steer a terminal.

    >>> printable("caf\xe9 \x1b[2J\x9b")
    'café \\u001b[2J\\u009b'
    """
    return text if text.isprintable() else "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
