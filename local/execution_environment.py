"""Keep one process that runs a Lambda handler, what Lambda puts around it, and the news of its end."""

import contextlib
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.runtime_api import Exited, Outcome, RuntimeApi


class ExecutionEnvironment:
    """A process, its Runtime API, and a thread that tells when the process ends."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path) -> None:
        self.api = RuntimeApi()
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env={**environment, "AWS_LAMBDA_RUNTIME_API": self.api.address},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C ends the demo, and that ends this: no traceback in the function's log
            )
        self._watch = threading.Thread(target=self._tell_exit, name="function-exit", daemon=True)
        self._watch.start()

    def wait_for(self, request_id: str, timeout_s: float) -> Outcome | None:
        """Return what came of this request, or of the start if it is empty; None when the time is over."""
        until = time.monotonic() + timeout_s
        with contextlib.suppress(queue.Empty):
            while True:
                outcome = self.api.outcomes.get(timeout=max(0.0, until - time.monotonic()))
                if getattr(outcome, "request_id", "") in ("", request_id):
                    return outcome
        return None

    def kill(self) -> None:
        """Kill the process, as Lambda does; who waits for its answer learns that it ended."""
        self._process.kill()

    def end(self) -> None:
        """Kill the process and stop the Runtime API."""
        self.kill()
        self._watch.join()
        self.api.close()

    def _tell_exit(self) -> None:
        self.api.outcomes.put(Exited(self._process.wait()))


def lambda_environment(
    name: str, *, region: str, handler: str, task_root: Path, python_path: Sequence[Path], memory_mb: int
) -> dict[str, str]:
    """What Lambda itself sets ("Defined runtime environment variables"); the task root is imported from before the layers."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": ":".join(str(path) for path in (task_root, *python_path)),
        "LAMBDA_TASK_ROOT": str(task_root),
        "_HANDLER": handler,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
    }
