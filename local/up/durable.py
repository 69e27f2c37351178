"""Write files that survive a kill and a loss of power, readable by their owner only."""

import os
from pathlib import Path
from typing import Final

UNFINISHED: Final = ".unfinished"
"""The end of the name of a file that was being written."""


def replace_file(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all, durably.

    Raises:
        OSError: it could not be written; what was there before is as it was.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - the mode is the point
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
