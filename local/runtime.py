"""Run a Lambda function as a process of its own, with Lambda's environment, limits and ways to fail."""

import json
import sys
import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from footfall.errors import FootfallError
from local.execution_environment import ExecutionEnvironment, lambda_environment
from local.runtime_api import MAX_RESPONSE_BYTES, Answered, Exited, Failed, Invocation, Outcome, Started, TooLarge

MAX_REQUEST_BYTES: Final = 6_291_456
"""Lambda's own words: "Request must be smaller than 6291456 bytes for the InvokeFunction operation"."""

INIT_LIMIT_S: Final = 10.0
"""How long Lambda lets a function initialise before it counts against the timeout."""

_BOOTSTRAP: Final = Path(__file__).with_name("bootstrap.py")


class InvocationFailed(FootfallError):  # noqa: N818 - it is what happened, and the base of three that Lambda calls so
    """The function gave no answer. Messages name the function and never what it was given."""


class FunctionError(InvocationFailed):
    """The handler, or its import, raised. `message` may hold data: it is for a debugger, not for a log."""

    def __init__(self, function: str, error_type: str, message: str) -> None:
        super().__init__(f"{function} raised {error_type}; its log has the traceback")
        self.error_type = error_type
        self.message = message


class FunctionTimedOut(InvocationFailed):
    """The process was killed because it needed longer than the function's timeout."""


class FunctionCrashed(InvocationFailed):
    """The process ended without an answer."""


class PayloadTooLarge(InvocationFailed):
    """The event or the answer is larger than Lambda carries."""


class LambdaFunction:
    """One function with one execution environment: one invocation at a time, from any thread.

    `task_root` is the function's folder, `python_path` what its layers bring. The process sees `environment` and what Lambda
    sets, nothing of this process's; its standard output and error are appended to `log`. After a failure that ends the process
    the next invocation starts a new one. `command` replaces the runtime: `[sys.executable, "-m", "awslambdaric", handler]`.
    """

    def __init__(
        self,
        name: str,
        *,
        task_root: Path,
        python_path: Sequence[Path],
        environment: Mapping[str, str],
        timeout: timedelta,
        log: Path,
        command: Sequence[str] | None = None,
        memory_mb: int = 128,
        handler: str = "handler.handler",
        account: str = "000000000000",
    ) -> None:
        self.name = name
        self.region = environment.get("AWS_REGION", environment.get("AWS_DEFAULT_REGION", "us-east-1"))
        self.arn = f"arn:aws:lambda:{self.region}:{account}:function:{name}"
        self.cold_starts = 0
        self._command = tuple(command or (sys.executable, "-s", "-P", "-B", str(_BOOTSTRAP)))  # -P: local/ must not be importable
        self._timeout_s = timeout.total_seconds()
        self._log = log
        self._task_root = task_root
        self._environment = {
            **lambda_environment(
                name, region=self.region, handler=handler, task_root=task_root, python_path=python_path, memory_mb=memory_mb
            ),
            **environment,
        }
        self._running: ExecutionEnvironment | None = None
        self._lock = threading.Lock()

    def invoke(self, event: object) -> Any:
        """Call the handler with `event`, as JSON, and return its answer, from JSON.

        Raises:
            FunctionError: the handler raised, or answered with something that is not JSON.
            FunctionTimedOut: it needed too long.
            FunctionCrashed: its process ended.
            PayloadTooLarge: 6 MB each way.
        """
        payload = json.dumps(event).encode()
        if len(payload) > MAX_REQUEST_BYTES:
            raise PayloadTooLarge(f"{self.name}: an event of {len(payload):,} bytes; Lambda takes {MAX_REQUEST_BYTES:,}")
        with self._lock:
            answer = self._invoke(payload)
        try:
            return json.loads(answer)
        except ValueError as not_json:
            raise FunctionError(self.name, "Runtime.MarshalError", "the answer is not JSON") from not_json

    def close(self) -> None:
        """Kill the process, even while it works; the next invocation would start a new one."""
        if (running := self._running) is not None:
            running.kill()
        with self._lock:
            self._discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _invoke(self, payload: bytes) -> bytes:
        running = self._running or self._cold_start()
        request_id = str(uuid.uuid4())
        running.api.offer(Invocation(request_id=request_id, event=payload, timeout_s=self._timeout_s, function_arn=self.arn))
        outcome = running.wait_for(request_id, self._timeout_s)
        if isinstance(outcome, Answered):
            return outcome.payload
        if not (isinstance(outcome, Failed) and outcome.request_id):
            self._discard()  # only an error that the handler raised leaves its process alive
        raise self._failure(outcome)

    def _cold_start(self) -> ExecutionEnvironment:
        self.cold_starts += 1
        self._running = running = ExecutionEnvironment(self._command, self._environment, self._log, self._task_root)
        outcome = running.wait_for("", INIT_LIMIT_S + self._timeout_s)
        if not isinstance(outcome, Started):
            self._discard()
            raise self._failure(outcome)
        return running

    def _failure(self, outcome: Outcome | None) -> InvocationFailed:
        match outcome:
            case Failed(_, error_type, message):
                return FunctionError(self.name, error_type, message)
            case TooLarge(_, size_bytes):
                return PayloadTooLarge(f"{self.name}: an answer of {size_bytes:,} bytes; Lambda takes {MAX_RESPONSE_BYTES:,}")
            case Exited(status):
                return FunctionCrashed(f"{self.name}: the process ended with status {status}")
            case _:
                return FunctionTimedOut(f"{self.name}: task timed out after {self._timeout_s:.2f} seconds")

    def _discard(self) -> None:
        if self._running is not None:
            self._running.end()
            self._running = None
