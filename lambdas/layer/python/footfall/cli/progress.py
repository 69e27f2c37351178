"""One line of progress on the terminal, in the place of the one before; nothing where nobody watches."""

import sys
from typing import Final

CLEAR: Final = "\r\x1b[K"
"""To the beginning of the line, and erase it (ECMA-48: CR, EL)."""


def show_progress(text: str) -> None:
    """Show how far it is on standard error; an empty text leaves nothing."""
    if sys.stderr.isatty():
        sys.stderr.write(CLEAR + text)
        sys.stderr.flush()
