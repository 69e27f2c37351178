"""Talk to the person at the terminal: what happens on standard output, what went wrong on standard error."""

import sys


class Terminal:
    """Where `make up` says something, a line at a time."""

    def say(self, text: str) -> None:
        """Tell what happens."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def complain(self, text: str) -> None:
        """Tell what went wrong."""
        sys.stderr.write(f"up: {text}\n")
        sys.stderr.flush()
