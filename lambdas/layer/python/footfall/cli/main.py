"""Entry point of the `footfall` command: finds the noun, runs it, and turns Footfall's errors into one clear text."""

import argparse
import sys
from collections.abc import Sequence

from footfall.cli import configuration, import_logs, sql, token
from footfall.errors import ConfigurationError, FootfallError
from footfall.version import VERSION

EXIT_CODES = "exit codes: 0 done, 1 could not be done, 2 the configuration or the command line is wrong"


def parser() -> argparse.ArgumentParser:
    """The command line: one subcommand per noun; each noun's module adds its own."""
    command = argparse.ArgumentParser(prog="footfall", description="Privacy-first tracking that accounts for every hit.", epilog=EXIT_CODES)
    command.add_argument("--version", action="version", version=VERSION)
    nouns = command.add_subparsers(dest="noun", required=True, metavar="NOUN")
    for noun in (configuration, token, import_logs, sql):
        noun.add_to(nouns)
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    chosen = parser().parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
    except ConfigurationError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    except FootfallError as failed:
        sys.stderr.write(f"footfall: {failed}\n")
        return 1
    return code
