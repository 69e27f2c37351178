"""Ask a deployment one question at a time over HTTP, with bounds: on time, on size, and on where a request goes."""

import contextlib
import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from footfall.cli.origin import Origin
from footfall.errors import UnavailableError
from footfall.version import VERSION

MAX_BYTES: Final = 64 * 1024
"""More of an answer is not read; the largest that is expected is footfall.js, under 8 kB."""

HEADERS: Final = {"User-Agent": f"footfall-doctor/{VERSION} (monitor)", "Sec-GPC": "1"}
"""So that a look at a deployment is no hit of a person: the signal is obeyed by policy, and the agent counts as a monitor."""


class Answer(NamedTuple):
    """An answer: header names in lower case, values of one name joined as HTTP does; `body` is cut at MAX_BYTES and a byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    received_s: float  # Unix seconds by this machine's clock, between question and answer
    took_s: float


class Probe:
    """Asks one origin; follows no redirect, and is done with each question after `timeout_s`, whatever the other side does."""

    def __init__(self, origin: Origin, *, timeout_s: float) -> None:
        self.origin = origin
        self._timeout_s = timeout_s

    def ask(self, method: str, target: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Answer:
        """Ask over a connection of its own.

        Raises:
            UnavailableError: says in a few words why there is no whole answer.
        """
        connection = self._connection()
        is_late = threading.Event()
        started, started_s = time.monotonic(), time.time()
        try:
            connection.connect()
            with _ended_after(connection.sock, self._timeout_s, is_late):
                connection.request(method, target, body=body, headers={**HEADERS, **(headers or {})})
                response = connection.getresponse()
                content = response.read(MAX_BYTES + 1)
                is_whole = len(content) > MAX_BYTES or not response.length
        except (OSError, http.client.HTTPException) as failed:
            raise UnavailableError(self._why(failed, is_late=is_late.is_set())) from failed
        finally:
            connection.close()
        if not is_whole or is_late.is_set():
            raise UnavailableError(self._why(None, is_late=is_late.is_set()))
        took_s = time.monotonic() - started
        return Answer(response.status, _joined(response.headers), content, started_s + took_s / 2, took_s)

    def _connection(self) -> http.client.HTTPConnection:
        origin = self.origin
        if origin.scheme == "http":
            return http.client.HTTPConnection(origin.host, origin.port, timeout=self._timeout_s)
        return http.client.HTTPSConnection(origin.host, origin.port, timeout=self._timeout_s, context=ssl.create_default_context())

    def _why(self, failed: Exception | None, *, is_late: bool) -> str:
        if is_late or isinstance(failed, TimeoutError):
            return f"no whole answer within {self._timeout_s:g} s"
        if isinstance(failed, ssl.SSLCertVerificationError):
            return f"its certificate is not valid: {failed.verify_message}"
        if isinstance(failed, socket.gaierror):
            return "there is no host of this name"
        if isinstance(failed, OSError) and failed.strerror:
            return failed.strerror
        return f"the answer ended early or is not HTTP ({type(failed).__name__})" if failed else "the answer ended early"


@contextlib.contextmanager
def _ended_after(connected: socket.socket, timeout_s: float, is_late: threading.Event) -> Iterator[None]:
    """Shut a connection down when the time is up: a socket's own timeout begins anew with every byte that trickles in."""
    other = socket.socket(fileno=os.dup(connected.fileno()))

    def end() -> None:
        is_late.set()
        with contextlib.suppress(OSError):  # it ended by itself
            other.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(timeout_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        other.close()


def _joined(headers: http.client.HTTPMessage) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined
