"""`footfall token`: make the line of footfall.toml that accepts a tracking token, without keeping the token."""

import argparse
import json
import secrets
import sys
from typing import Any

from footfall.privacy import token_entry

EXAMPLES = """examples:
  footfall token                  make a new token; prints it once, and its line for privacy.accepted_tokens
  footfall token --stdin < FILE   the line for a token you have already, for example Matomo's
"""


def add_to(nouns: "argparse._SubParsersAction[Any]") -> None:
    """Add the noun to the command line."""
    noun = nouns.add_parser("token", help="accept a tracking token", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    noun.add_argument("--stdin", action="store_true", help="read the token from standard input; it is never a command-line argument")
    noun.add_argument("--json", action="store_true", help="print a JSON object")
    noun.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Print the entry, and the token itself only when it was made here."""
    token = sys.stdin.readline().strip() if chosen.stdin else secrets.token_hex(16)
    if not token:
        sys.stderr.write("footfall: no token on standard input\n")
        return 2
    made = {} if chosen.stdin else {"token": token}
    shown = {**made, "accepted_tokens": token_entry(token, secrets.token_bytes(16))}
    if chosen.json:
        sys.stdout.write(json.dumps(shown) + "\n")
    else:
        sys.stdout.write("".join(f"{name}: {value}\n" for name, value in shown.items()))
    return 0
