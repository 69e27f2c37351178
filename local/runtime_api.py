"""Speak the Lambda Runtime API to one function process, so that real handlers run without Lambda.

Source: "Using the Lambda runtime API for custom runtimes" in the AWS Lambda Developer Guide, version 2018-06-01.
"""

import json
import queue
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

MAX_RESPONSE_BYTES: Final = 6_291_556
"""Lambda's own words: "Response payload size exceeded maximum allowed payload size (6291556 bytes)"."""

_RUNTIME: Final = "/2018-06-01/runtime/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What the process gets for `next`: the event as JSON and what Lambda puts into the headers."""

    request_id: str
    event: bytes
    timeout_s: float
    function_arn: str


@dataclass(frozen=True, slots=True)
class Started:
    """The process asked for its first event: its initialisation is over."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The handler returned; `payload` is what the runtime made of it."""

    request_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """The handler, or importing it, raised; `request_id` is empty for the latter."""

    request_id: str
    error_type: str
    message: str


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The answer was refused because of its size."""

    request_id: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Exited:
    """The process ended; a status below zero is the signal that killed it."""

    status: int


Outcome = Started | Answered | Failed | TooLarge | Exited


class RuntimeApi:
    """A Runtime API on a free port of 127.0.0.1 for one process: `offer` an invocation, `outcomes` tells what came of it."""

    def __init__(self) -> None:
        self.outcomes: queue.Queue[Outcome] = queue.Queue()
        self._invocations: queue.Queue[Invocation | None] = queue.Queue()
        self._server = _Server(self._invocations, self.outcomes)
        self._thread = threading.Thread(target=self._server.serve_forever, name="runtime-api", kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """`host:port`, the value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def offer(self, invocation: Invocation) -> None:
        """Answer the process's waiting, or next, `next` with this invocation."""
        self._invocations.put(invocation)

    def close(self) -> None:
        """Stop answering; a process that still waits loses its connection."""
        self._invocations.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, invocations: "queue.Queue[Invocation | None]", outcomes: "queue.Queue[Outcome]") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.invocations = invocations
        self.outcomes = outcomes
        self.is_started = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a killed process breaks its connection, and its exit is an outcome of its own."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes; without this the second waits 40 ms
    wbufsize = -1

    def do_GET(self) -> None:
        if self.path != _RUNTIME + "invocation/next":
            self._reply(404)
            return
        if not self.server.is_started:
            self.server.is_started = True
            self.server.outcomes.put(Started())
        invocation = self.server.invocations.get()
        if invocation is None:
            self.close_connection = True
        else:
            self._reply(200, invocation.event, _headers(invocation, now_ms=time.time_ns() // 1_000_000))

    def do_POST(self) -> None:
        body = self._body()
        match self.path.removeprefix(_RUNTIME).split("/"):
            case ["init", "error"]:
                self._fail("", body)
            case ["invocation", request_id, "error"]:
                self._fail(request_id, body)
            case ["invocation", request_id, "response"]:
                self._answer(request_id, body)
            case _:
                self._reply(404)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: the function's log is for the function."""

    def _answer(self, request_id: str, body: bytes) -> None:
        if len(body) <= MAX_RESPONSE_BYTES:
            self.server.outcomes.put(Answered(request_id, body))
            self._reply(202, b'{"status":"OK"}')
            return
        self.server.outcomes.put(TooLarge(request_id, len(body)))
        self._reply(413, b'{"errorMessage":"Exceeded maximum allowed payload size","errorType":"RequestEntityTooLarge"}')

    def _fail(self, request_id: str, body: bytes) -> None:
        try:
            error = json.loads(body)
        except ValueError:
            error = {}
        header = self.headers.get("Lambda-Runtime-Function-Error-Type", "")
        kind, message = (error.get("errorType"), error.get("errorMessage")) if isinstance(error, dict) else ("", "")
        self.server.outcomes.put(Failed(request_id, str(kind or header or "Unhandled"), str(message or "")))
        self._reply(202, b'{"status":"OK"}')

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _headers(invocation: Invocation, *, now_ms: int) -> dict[str, str]:
    return {
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(now_ms + round(invocation.timeout_s * 1000)),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
    }
