"""A Matomo on 127.0.0.1: HTTP/1.1 with keep-alive around the decisions of `core`, or a sink that acknowledges at once."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self, cast

from local.matomo.core import answer
from local.matomo.exchange import JSON, Answer, Request
from local.matomo.state import Changes, State

IDLE_S: Final = 30.0
"""How long a kept connection may be silent."""

RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends RST instead of FIN."""

_HIT_MARKS: Final = (b'"?', b'"idsite":')


Observe = Callable[[Request, Answer, Changes], None]
"""Is told of each request that was answered, with what it changed, before the client has the answer."""


def ignore(_request: Request, _reply: Answer, _changes: Changes) -> None:
    """Watch nothing."""


def epoch_s() -> int:
    """Read this machine's clock."""
    return int(time.time())


class Matomo:
    """A loopback Matomo: `with Matomo(state=...) as matomo`, then `matomo.url`; `matomo.state` tells what it kept.

    Requests are answered and committed one at a time, as by one database. With `is_sink` nothing is read but the number of
    hits, nothing is kept, and every bulk is acknowledged: for measuring a client. `clock` gives epoch seconds; `observe` looks on.
    """

    def __init__(
        self, *, state: State, clock: Callable[[], int] = epoch_s, port: int = 0, is_sink: bool = False, observe: Observe = ignore
    ) -> None:
        self.state, self.url, self._observe = state, "", observe
        self._clock, self._port, self._is_sink = clock, port, is_sink
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def start(self) -> Self:
        """Listen on 127.0.0.1 and answer from now on.

        Raises:
            OSError: the port is taken.
        """
        self._server = _Server(("127.0.0.1", self._port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        return self

    def stop(self) -> None:
        """Stop listening and close every connection."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def answer(self, *, method: str, target: str, headers: dict[str, str], body: bytes, address: str) -> Answer:
        """Answer one request and keep what it changed."""
        if self._is_sink:
            return acknowledge(body)
        with self._lock:
            request = Request(method=method, target=target, headers=headers, body=body, address=address, now_s=self._clock())
            reply, changes = answer(request, self.state)
            self.state.commit(changes)
            self._observe(request, reply, changes)
        return reply


def acknowledge(body: bytes) -> Answer:
    """Acknowledge a bulk by counting where its hits begin: strings by `"?`, objects by their `"idsite":`.

    >>> acknowledge(b'{"requests":["?idsite=1","?idsite=2"]}').body
    b'{"status":"success","tracked":2,"invalid":0}'
    """
    count = sum(body.count(mark) for mark in _HIT_MARKS)
    return Answer(status=200, content_type=JSON, body=b'{"status":"success","tracked":%d,"invalid":0}' % count)


class _Connection(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client went away, or was silent for too long
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):  # flushing what the client no longer reads
            super().finish()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name in the base class
        """Log nothing: a request line holds tokens and addresses."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        matomo = cast("_Server", self.server).matomo
        reply = matomo.answer(method=self.command, target=self.path, headers=headers, body=body, address=self.client_address[0])
        if reply.connection == "keep":
            self._send(reply)
            return
        self.close_connection = True
        if reply.connection == "hold":
            self.connection.settimeout(IDLE_S)
            self.rfile.read(1)  # returns when the client has given up
        else:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def _send(self, reply: Answer) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:  # noqa: PLR2004
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()


class _Server(ThreadingHTTPServer):
    """A thread per connection; closing it ends the connections, also those that wait for a client to give up."""

    request_queue_size = 128
    daemon_threads = False

    def __init__(self, address: tuple[str, int], matomo: Matomo) -> None:
        self.matomo = matomo
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one to be reset must not say goodbye first."""
        self._connections.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(RESET)) == RESET:
            request.close()
        else:
            super().shutdown_request(request)

    def server_close(self) -> None:
        for connection in self._connections.copy():
            with contextlib.suppress(OSError):  # it was closing anyway
                connection.shutdown(socket.SHUT_RD)
        super().server_close()
