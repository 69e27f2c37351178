"""`footfall configuration`: check a footfall.toml and show what it means, defaults included."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from footfall.configuration import Configuration

EXAMPLES = """examples:
  footfall configuration                     check ./footfall.toml
  footfall configuration --json prod.toml    print all of it, defaults included, as JSON
"""


def add_to(nouns: "argparse._SubParsersAction[Any]") -> None:
    """Add the noun to the command line."""
    noun = nouns.add_parser(
        "configuration", help="check footfall.toml", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    noun.add_argument("file", nargs="?", type=Path, default=Path("footfall.toml"))
    noun.add_argument("--json", action="store_true", help="print the configuration, defaults included, as JSON")
    noun.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Load the file; a ConfigurationError lists every problem."""
    configuration = Configuration.load(chosen.file)
    if chosen.json:
        sys.stdout.write(json.dumps(json.loads(configuration.to_json()), indent=2) + "\n")
    else:
        sites = len(configuration.sites.registered)
        sys.stdout.write(f"{chosen.file}: good, {sites} site{'s' if sites != 1 else ''}, default {configuration.sites.default or 'none'}\n")
    return 0
