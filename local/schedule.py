"""Play EventBridge Scheduler for functions that run every so often."""

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from footfall.functions import Function
from local.runtime import InvocationFailed

Invoke = Callable[[object], Any]


class Schedules:
    """When each function is due next; a rate schedule begins when it is made (EventBridge Scheduler User Guide, "Schedule types")."""

    def __init__(self, functions: Iterable[Function], begun_at: datetime) -> None:
        self._every = {function.name: function.every for function in functions if function.every is not None}
        self._next_at = dict.fromkeys(self._every, begun_at)

    def due(self, now: datetime) -> tuple[str, ...]:
        """Names of the functions to invoke now, each once however often its time has passed; they are due again later."""
        names = tuple(name for name, at in self._next_at.items() if at <= now)
        for name in names:
            missed = (now - self._next_at[name]) // self._every[name]
            self._next_at[name] += (missed + 1) * self._every[name]
        return names

    def until_next(self, now: datetime) -> timedelta | None:
        """How long until a function is due; None when there is none."""
        return max(min(self._next_at.values()) - now, timedelta(0)) if self._next_at else None


def event(name: str, now: datetime, *, region: str, account: str) -> dict[str, Any]:
    """Write the event that the scheduler sends when none is configured; `detail` really is a text."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": account,
        "time": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": [f"arn:aws:scheduler:{region}:{account}:schedule/default/{name}"],
        "detail": "{}",
    }


class Scheduler:
    """Invokes functions when they are due, in a thread; `failed` is told of those that gave no answer."""

    def __init__(
        self,
        schedules: Schedules,
        invokers: Mapping[str, Invoke],
        *,
        region: str,
        account: str,
        failed: Callable[[str, InvocationFailed], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._schedules = schedules
        self._invokers = invokers
        self._region = region
        self._account = account
        self._failed = failed
        self._clock = clock
        self._stopping = threading.Event()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scheduler")
        self._running: Future[None] | None = None

    def run_due(self) -> None:
        """Invoke what is due now; one that fails does not hold back the others."""
        now = self._clock()
        for name in self._schedules.due(now):
            try:
                self._invokers[name](event(name, now, region=self._region, account=self._account))
            except InvocationFailed as failure:
                self._failed(name, failure)

    def start(self) -> None:
        """Begin to invoke."""
        self._running = self._executor.submit(self._run)

    def check(self) -> None:
        """Raise what ended the thread, if something did."""
        if self._running is not None and self._running.done():
            self._running.result()

    def stop(self) -> None:
        """Stop after the invocation that is under way; raises what ended the thread before."""
        self._stopping.set()
        self._executor.shutdown()
        if self._running is not None:
            self._running.result()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.run_due()
            wait = self._schedules.until_next(self._clock())
            self._stopping.wait(None if wait is None else wait.total_seconds())
