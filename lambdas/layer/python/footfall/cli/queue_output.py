"""How `footfall queue` writes: a document as JSON or as lines for people, a warning, and a question."""

import argparse
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from footfall.cli.noun import printable, write_json
from footfall.cli.progress import show_progress


def show(chosen: argparse.Namespace, said: Any, title: str) -> None:
    """Print one document: as JSON, or a line for each thing in it."""
    show_progress("")
    if chosen.json:
        write_json(said)
        return
    parts = [(title, said)] if isinstance(said, list) else said.items()
    sys.stdout.write("".join(f"{line}\n" for name, value in parts for line in _lines(name, value)))


def warn(text: str) -> None:
    """Say one line that is no part of the answer."""
    show_progress("")
    sys.stderr.write(f"footfall: {text}\n")


def is_confirmed(question: str, *, otherwise: str) -> bool:
    """Ask on standard error; anything but a yes is a no, and `otherwise` says what that means."""
    sys.stderr.write(f"{question} yes or no: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() == "yes":
        return True
    sys.stderr.write(f"{otherwise}\n")
    return False


def _lines(name: str, value: Any) -> Iterable[str]:
    """One line, or for a list of documents how many there are and a line for each."""
    if isinstance(value, list):
        return [f"{printable(name):<22}{len(value) or 'none'}", *(f"  {_text(each)}" for each in value)]
    return [f"{printable(name):<22}{_text(value)}"]


def _text(value: Any) -> str:
    """A value on one line: others wrote parts of it, and it must not steer a terminal."""
    if isinstance(value, Mapping):
        return "  ".join(f"{printable(str(name))}={_text(each)}" for name, each in value.items()) or "none"
    return printable(", ".join(map(str, value)) or "none" if isinstance(value, (list, tuple)) else str(value))
