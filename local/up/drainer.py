"""Run `process_queue` as soon as messages arrive, and again while some wait: where AWS has a schedule of a minute."""

import time
from collections.abc import Callable
from typing import Any, Final

from local.poller import Poller
from local.runtime import InvocationFailed
from local.up.deliveries import Deliveries

RETRY_S: Final = 5.0
"""Until what waits is tried again; messages themselves say when they may be received."""

PATIENCE_S: Final = 0.5
"""How long a message may wait for rows that are under way: a run beside them made each a quarter of a second slower on two cores."""

LAST_RUNS: Final = 3
"""On the way out, while hits wait."""


class Drainer(Poller):
    """`drain` invokes the function; `failed` is told of a run that gave no answer: the next one has the same messages again.

    `is_busy` says whether rows are under way, which go first.
    """

    def __init__(
        self,
        drain: Callable[[object], Any],
        deliveries: Deliveries,
        failed: Callable[[InvocationFailed], None],
        is_busy: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._drain, self._deliveries, self._failed, self._is_busy, self._clock = drain, deliveries, failed, is_busy, clock
        self._ran_at = clock()
        self._arrived_at: float | None = None

    def step(self) -> bool:
        """Run once if something arrived, or waits since RETRY_S."""
        is_late = self._deliveries.waiting() > 0 and self._clock() - self._ran_at >= RETRY_S
        if not (is_late or self._is_due()):
            return False
        self._run_once()
        return True

    def run_until_idle(self) -> None:
        """Run while hits wait, a few times: a destination that takes nothing now keeps them waiting."""
        for _ in range(LAST_RUNS):
            if self._deliveries.waiting():
                self._run_once()

    def _is_due(self) -> bool:
        """Whether something arrived, and no row is under way, or has been for too long."""
        if not self._deliveries.arrived.is_set():
            return False
        self._arrived_at = self._clock() if self._arrived_at is None else self._arrived_at
        return not self._is_busy() or self._clock() - self._arrived_at >= PATIENCE_S

    def _run_once(self) -> None:
        self._deliveries.arrived.clear()
        self._ran_at, self._arrived_at = self._clock(), None
        try:
            self._deliveries.ran(self._drain({}))
        except InvocationFailed as failure:
            self._failed(failure)
