"""Run one Python Lambda handler as Lambda's runtime does, with the standard library only, so that a demo compiles nothing.

It is started as a program by local.runtime and imports nothing of Footfall. awslambdaric, the runtime of AWS, takes its place
where it is installed: the same tests run against both.
"""

import http.client
import importlib
import json
import os
import sys
import time
import traceback
from typing import Any

RUNTIME = "/2018-06-01/runtime/"


class Context:
    """The `context` argument of a handler: what Lambda says about the function and this invocation."""

    def __init__(self, headers: http.client.HTTPMessage) -> None:
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.client_context = None
        self.identity = None
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends this invocation; never below 0."""
        return max(0, self._deadline_ms - int(time.time() * 1000))


class Api:
    """The connection to the Runtime API, which speaks for Lambda."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address)

    def next(self) -> tuple[http.client.HTTPMessage, bytes]:
        """Wait for the next invocation: its headers and its event."""
        self._connection.request("GET", RUNTIME + "invocation/next")
        response = self._connection.getresponse()
        return response.headers, response.read()

    def post(self, path: str, body: bytes, error_type: str = "") -> None:
        """Send an answer or an error."""
        headers = {"Content-Type": "application/json"} | ({"Lambda-Runtime-Function-Error-Type": error_type} if error_type else {})
        self._connection.request("POST", RUNTIME + path, body, headers)
        self._connection.getresponse().read()

    def report(self, path: str, error_type: str, error: BaseException) -> None:
        """Log an error with its traceback, as Lambda does, and send its type and message."""
        trace = traceback.format_exception(error)
        sys.stdout.write(f"[ERROR] {error_type}: {error}\n{''.join(trace)}")
        self.post(path, json.dumps({"errorMessage": str(error), "errorType": error_type, "stackTrace": trace}).encode(), error_type)


def load(handler: str) -> Any:
    """Import `module.function`."""
    module, _, name = handler.rpartition(".")
    return getattr(importlib.import_module(module.replace("/", ".")), name)


def main() -> None:
    """Import the handler, then call it for each invocation until this process is ended."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what was printed survives a kill, as in Lambda
    api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load(os.environ["_HANDLER"])
    except BaseException as error:  # noqa: BLE001 - Lambda reports whatever import raises, SystemExit included
        error_type = "Runtime.ImportModuleError" if isinstance(error, ImportError) else type(error).__name__
        api.report("init/error", error_type, error)
        sys.exit(1)
    while True:
        headers, event = api.next()
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        try:
            result = handler(json.loads(event), Context(headers))
            payload = result if isinstance(result, bytes) else json.dumps(result).encode()
        except Exception as error:  # noqa: BLE001 - Lambda reports whatever a handler raises
            api.report(f"invocation/{request_id}/error", type(error).__name__, error)
        else:
            api.post(f"invocation/{request_id}/response", payload)


if __name__ == "__main__":
    main()
