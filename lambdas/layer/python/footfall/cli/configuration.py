"""`footfall configuration`: check a footfall.toml and show what it means, defaults included."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from footfall.cli.noun import DONE, WRONG, add_noun, write_json
from footfall.configuration import Configuration

EXAMPLES = """
footfall configuration                     check ./footfall.toml
footfall configuration --json prod.toml    print all of it, defaults included, as JSON
"""


def add_to(nouns: "argparse._SubParsersAction[Any]") -> None:
    """Add the noun to the command line."""
    codes = {DONE: "the file is good", WRONG: "the file is wrong or cannot be read; every problem is listed"}
    noun = add_noun(nouns, "configuration", summary="check footfall.toml", examples=EXAMPLES, codes=codes, run=run)
    noun.add_argument("file", nargs="?", type=Path, default=Path("footfall.toml"), help="the configuration (default: %(default)s)")
    noun.add_argument("--json", action="store_true", help="print the configuration, defaults included, as JSON")


def run(chosen: argparse.Namespace) -> int:
    """Load the file; a ConfigurationError lists every problem."""
    configuration = Configuration.load(chosen.file)
    if chosen.json:
        write_json(json.loads(configuration.to_json()))
    else:
        sites = len(configuration.sites.registered)
        sys.stdout.write(f"{chosen.file}: good, {sites} site{'s' if sites != 1 else ''}, default {configuration.sites.default or 'none'}\n")
    return 0
