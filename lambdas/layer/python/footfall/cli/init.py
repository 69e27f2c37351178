"""`footfall init`: write a commented footfall.toml from a few questions, or from flags."""

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from footfall.cli.commented_toml import Values, check_text, commented_text, with_values
from footfall.cli.noun import FAILED, WRONG, add_noun, write_json
from footfall.cli.questions import add_flags, ask_all, values_of
from footfall.errors import RejectedError

EXAMPLES = """
footfall init                                       ask a few questions, then write ./footfall.toml
footfall init --site shop --id 1 --host www.example.org
footfall init --gpc strip --keep-days 395           the shipped file with two answers put in
footfall init stages/production.toml --name footfall-production
footfall init --domain pixel.example.org --certificate-arn arn:aws:acm:us-east-1:123456789012:certificate/EXAMPLE
footfall init --force --json < /dev/null            no questions; print what was written, for a program
"""

NOTES = """
Questions are asked on a terminal when no flag answers one. The text is that of footfall.toml in the checkout, comments
included, else that of the installed version. The file appears whole or not at all.
"""

NEXT = (
    "footfall doctor {file}: check it, and this machine",
    "npx aws-cdk@2.1148.1 deploy --all: docs/deploy.md says what that needs",
    "footfall snippet --configuration {file} --image --url <output Url of the edge stack>: what to paste into a page",
)


def add_to(nouns: "argparse._SubParsersAction[Any]") -> None:
    """Add the noun to the command line."""
    codes = {
        FAILED: "nothing was written: the file is there already (--force), or cannot be written",
        WRONG: "nothing was written: an answer is not allowed; every problem is listed",
    }
    noun = add_noun(nouns, "init", summary="write a commented footfall.toml", examples=EXAMPLES, notes=NOTES, codes=codes, run=run)
    noun.add_argument("file", nargs="?", type=Path, default=Path("footfall.toml"), help="what to write (default: %(default)s)")
    add_flags(noun, commented_text())
    noun.add_argument("--force", action="store_true", help="overwrite the file if it is there")
    noun.add_argument("--json", action="store_true", help="print a JSON object: file, configuration, next")


def run(chosen: argparse.Namespace) -> int:
    """Write the file.

    Raises:
        RejectedError: it is there already, or cannot be written.
        ConfigurationError: lists the answers that are not allowed.
    """
    file: Path = chosen.file
    if not chosen.force and (file.exists() or file.is_symlink()):
        raise RejectedError(f"{file} is there already; --force overwrites it")
    text, values = commented_text(), values_of(chosen)
    if not values and sys.stdin.isatty():
        values = dict(ask_all(text, sys.stdin, sys.stderr))
    written = with_values(text, values, source=str(file))
    write_whole(file, written)
    _report(file, written, values, is_json=chosen.json)
    return 0


def write_whole(file: Path, text: str) -> None:
    """Write a file whole or not at all; one that was there keeps its mode, and a link its target.

    Raises:
        RejectedError: says why it cannot be written.
    """
    target = file.resolve()
    fresh = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        try:
            with fresh.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            if target.exists():
                fresh.chmod(target.stat().st_mode & 0o7777)
            fresh.replace(target)
        finally:
            with contextlib.suppress(OSError):  # it became the file, or was never made
                fresh.unlink()
    except OSError as failed:
        raise RejectedError(f"{file} cannot be written: {failed.strerror}") from failed


def _report(file: Path, written: str, values: Values, *, is_json: bool) -> None:
    configuration = check_text(written)
    todo = [line.format(file=file) for line in NEXT]
    if is_json:
        write_json({"file": str(file), "configuration": json.loads(configuration.to_json()), "next": todo})
        return
    sites = ", ".join(site.key for site in configuration.sites.registered)
    said = f"{len(values)} answer{'s' if len(values) != 1 else ''} put in" if values else "as shipped"
    sys.stdout.write(f"{file}: written, {said}; site: {sites}\nnext:\n" + "".join(f"  {line}\n" for line in todo))
