"""Tell when a line has come to its end on both its ways: into the lake, and into the tracking queue."""

import threading
from collections import Counter
from collections.abc import Callable


class BothWays:
    """`finished` is called once for each copy of a line that has come to its end in the lake and, where there is one, in the queue."""

    def __init__(self, finished: Callable[[bytes], None], *, has_queue: bool) -> None:
        self._finished, self._has_queue = finished, has_queue
        self._ahead: Counter[bytes] = Counter()  # above 0: so many copies are in the lake and not in the queue; below: the reverse
        self._lock = threading.Lock()

    def in_lake(self, line: bytes) -> None:
        """A copy has a durable verdict."""
        self._count(line, 1)

    def in_queue(self, line: bytes) -> None:
        """A copy is queued, or need not be."""
        self._count(line, -1)

    def _count(self, line: bytes, step: int) -> None:
        with self._lock:
            is_second = not self._has_queue or self._ahead[line] * step < 0
            self._ahead[line] += step if self._has_queue else 0
            if not self._ahead[line]:
                del self._ahead[line]
        if is_second:
            self._finished(line)
