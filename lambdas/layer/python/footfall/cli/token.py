"""`footfall token`: make the line of footfall.toml that accepts a tracking token, without keeping the token."""

import argparse
import secrets
import sys
from typing import Any

from footfall.cli.noun import WRONG, add_noun, write_json
from footfall.errors import ConfigurationError
from footfall.privacy import token_entry

EXAMPLES = """
footfall token                  make a new token; prints it once, and its line for privacy.accepted_tokens
footfall token --stdin < FILE   the line for a token you have already, for example Matomo's
footfall token --json           the same for a program: token (only when it was made here), accepted_tokens
"""


def add_to(nouns: "argparse._SubParsersAction[Any]") -> None:
    """Add the noun to the command line."""
    noun = add_noun(
        nouns, "token", summary="accept a tracking token", examples=EXAMPLES, codes={WRONG: "no token on standard input"}, run=run
    )
    noun.add_argument("--stdin", action="store_true", help="read the token from standard input; it is never a command-line argument")
    noun.add_argument("--json", action="store_true", help="print a JSON object: token, accepted_tokens")


def run(chosen: argparse.Namespace) -> int:
    """Print the entry, and the token itself only when it was made here.

    Raises:
        ConfigurationError: there is no token on standard input.
    """
    token = sys.stdin.readline().strip() if chosen.stdin else secrets.token_hex(16)
    if not token:
        raise ConfigurationError("--stdin", ["no token on standard input: allowed is one line"])
    made = {} if chosen.stdin else {"token": token}
    shown = {**made, "accepted_tokens": token_entry(token, secrets.token_bytes(16))}
    if chosen.json:
        write_json(shown)
    else:
        sys.stdout.write("".join(f"{name}: {value}\n" for name, value in shown.items()))
    return 0
