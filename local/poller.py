"""A thread for what AWS does by itself: step after step, and all that is left on the way out."""

import threading
from abc import ABC, abstractmethod
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self


class Poller(ABC):
    """Either `step` and `run_until_idle` by hand, or `start` and `stop` (or a `with` block) for a thread of its own."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._executor: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None

    @abstractmethod
    def step(self) -> bool:
        """Do what is due; whether there was anything to do."""

    @abstractmethod
    def run_until_idle(self) -> None:
        """Go on until nothing is left to do."""

    def start(self, *, poll_s: float = 0.05) -> None:
        """Step in a thread; when there is nothing to do, wait `poll_s` (AWS asks each shard once a second)."""
        self._stopping.clear()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=type(self).__name__)
        self._running = self._executor.submit(self._run, poll_s)

    def check(self) -> None:
        """Raise what ended the thread, if something did; for whoever waits for its results."""
        if self._running is not None and self._running.done():
            self._running.result()

    def stop(self) -> None:
        """End the thread, then do what is left; raises what ended the thread before."""
        self._stopping.set()
        if self._executor is not None and self._running is not None:
            self._executor.shutdown()
            self._running.result()
            self.run_until_idle()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping.set()
        if error is None:
            self.stop()
        elif self._executor is not None:
            self._executor.shutdown()

    def _run(self, poll_s: float) -> None:
        while not self._stopping.is_set():
            if not self.step():
                self._stopping.wait(poll_s)
