"""Keep each log line on disk from before the stream has it until it is delivered, so that a killed process loses none."""

import os
import threading
from collections import Counter
from pathlib import Path
from typing import Final

REWRITE_AFTER: Final = 1000
"""So many delivered lines may lie in the file, as long as others wait; with none waiting it is emptied at once."""


class Journal:
    """A file of undelivered log lines as CloudFront writes them, each ending in a newline; readable by its owner only.

    It holds what the Kinesis stream holds on AWS, full addresses included, but only until delivery: well under a second.

    Raises:
        OSError: the file cannot be made, read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._waiting: Counter[bytes] = Counter()
        self._delivered = 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.left = self._read()
        """Lines that an earlier process did not deliver, in order."""

    def append(self, line: bytes) -> None:
        """Write a line; when this returns it survives a kill and a loss of power.

        Raises:
            OSError: it could not be written as a whole; the file is as it was before.
        """
        with self._lock:
            size_bytes = os.fstat(self._file).st_size
            try:
                _write_all(self._file, line)
                os.fdatasync(self._file)
            except OSError:
                os.ftruncate(self._file, size_bytes)
                raise
            self._waiting[line] += 1

    def strike(self, line: bytes) -> None:
        """Forget one copy of a line that is delivered; one that was never written is no concern of the journal."""
        with self._lock:
            if not self._waiting[line]:
                del self._waiting[line]
                return
            self._waiting[line] -= 1
            self._delivered += 1
            if not self._waiting[line]:
                del self._waiting[line]
            if not self._waiting:
                os.ftruncate(self._file, 0)
                self._delivered = 0
            elif self._delivered >= max(REWRITE_AFTER, self._waiting.total()):
                self._rewrite()

    def waiting(self) -> int:
        """How many lines are written and not delivered yet."""
        with self._lock:
            return self._waiting.total()

    def close(self) -> None:
        """Close the file; what waits stays in it."""
        os.close(self._file)

    def _read(self) -> tuple[bytes, ...]:
        """The whole lines of the file; a last one without its newline was being written by a killed process, and is cut off."""
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        os.ftruncate(self._file, len(whole))
        lines = tuple(whole.splitlines(keepends=True))
        self._waiting.update(lines)
        return lines

    def _rewrite(self) -> None:
        """Replace the file by what waits, as a whole; what a killed process leaves is the old file or the new one."""
        new_path = self._path.with_suffix(".new")
        new = os.open(new_path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC, 0o600)
        _write_all(new, b"".join(self._waiting.elements()))
        os.fdatasync(new)
        new_path.replace(self._path)
        os.close(self._file)
        self._file, self._delivered = new, 0


def _write_all(file: int, content: bytes) -> None:
    """Write everything; a full disk may take a part first."""
    while content:
        content = content[os.write(file, content) :]
