"""Entry point of the `footfall` command: finds the noun, runs it, and turns Footfall's errors into one clear text."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from footfall.cli import configuration, doctor, import_logs, init, queue, snippet, sql, token
from footfall.cli.noun import FAILED, GENERAL, INTERRUPTED, WRONG
from footfall.errors import ConfigurationError, FootfallError
from footfall.version import VERSION

NOUNS: Final = (init, configuration, token, snippet, doctor, queue, import_logs, sql)
"""In the order in which a newcomer needs them."""

EXAMPLES: Final = """examples:
  footfall init                                  write footfall.toml
  footfall doctor                                check it
  footfall snippet --image --url https://…       what to paste into a page
  footfall NOUN --help                           options, examples and exit codes of a noun
"""


def parser() -> argparse.ArgumentParser:
    """The command line: one subcommand per noun; each noun's module adds its own."""
    codes = "exit codes:\n" + "\n".join(f"  {code:<4}{meaning}" for code, meaning in GENERAL.items())
    command = argparse.ArgumentParser(
        prog="footfall",
        description="Privacy-first tracking that accounts for every hit.",
        epilog=f"{EXAMPLES}\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--version", action="version", version=VERSION)
    nouns = command.add_subparsers(dest="noun", required=True, metavar="NOUN")
    for noun in NOUNS:
        noun.add_to(nouns)
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    chosen = parser().parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
        sys.stdout.flush()
    except ConfigurationError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return WRONG
    except FootfallError as failed:
        sys.stderr.write(f"footfall: {failed}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("\nfootfall: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read standard output has enough, as in `footfall sql … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code
