"""A lake in a local folder: each object a file that appears whole or not at all."""

import os
from pathlib import Path

from footfall.errors import UnavailableError


class FolderLake:
    """The lake's keys are paths below `folder`, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> bytes | None:
        """Read a file.

        Raises:
            UnavailableError: it is there and cannot be read.
        """
        try:
            return (self._folder / key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as failed:
            raise UnavailableError(f"{self._folder}: {failed.strerror}") from failed

    def put(self, key: str, body: bytes) -> None:
        """Write a file under a name of its own, then give it its name: no reader ever sees half of it.

        Raises:
            UnavailableError: for example, the disk is full or the folder not writable.
        """
        path = self._folder / key
        unfinished = path.with_name(f".{path.name}.unfinished")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as failed:
            raise UnavailableError(f"{self._folder}: {failed.strerror}") from failed
