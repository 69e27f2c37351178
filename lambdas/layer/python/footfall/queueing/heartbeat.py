"""Keep the messages of a round hidden for as long as the round lasts."""

import threading
from collections.abc import Callable, Iterable

from footfall.queueing.ports import InputQueue


class Heartbeat:
    """Hides messages anew when a third of their time is over; `beat` is called before each request, by any thread."""

    def __init__(self, queue: InputQueue, receipts: Iterable[str], *, visibility_s: int, now: Callable[[], int]) -> None:
        self._queue = queue
        self._receipts = tuple(receipts)
        self._visibility_s = visibility_s
        self._now = now
        self._lock = threading.Lock()
        self._beaten_ms = now()
        self.unconfirmed = 0

    def beat(self) -> None:
        """Hide them for the whole time again, if it is time to."""
        with self._lock:
            now_ms = self._now()
            if 3 * (now_ms - self._beaten_ms) < 1000 * self._visibility_s:
                return
            self._beaten_ms = now_ms
            self.unconfirmed += self._queue.hide(dict.fromkeys(self._receipts, self._visibility_s))
