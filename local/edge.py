"""CloudFront on this machine: answers the pixel with the deployed function, serves the webpage, and writes real-time log lines."""

import base64
import contextlib
import secrets
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self, cast

from footfall.configuration import PIXEL_PATHS
from local import edge_log
from local.edge_answer import DISTRIBUTION, DOMAIN, Answer, error_answer, file_answer, function_answer
from local.edge_exchange import Client, Exchange, line_values, steer
from local.edge_function import EdgeFunction
from local.edge_request import Refusal, Request, discard_body, read_request, viewer_request_event

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""CloudFront takes no others."""

IDLE_S: Final = 30.0
"""How long a kept connection may be silent."""


def ignore(_request_id: str, _hop: str) -> None:
    """Observe nothing."""


class Edge:
    """A loopback server that plays CloudFront; `url` is its address once started.

    Every pixel request becomes a log line of `fields`, given to `put_line` after the answer, from one thread and in the order
    of the answers. What `put_line` raises is a lost line, as when Kinesis throttles: the client has its pixel, nothing else
    happens. `observe(request_id, hop)` is called with "edge" when a pixel request is answered, with "refused" when CloudFront
    would refuse it and log nothing, and with "stream" when `put_line` returned. The webpage's own files are neither logged nor observed.

    With `is_demo` three request headers steer the edge and are logged nowhere: `x-footfall-demo-address` (the client's
    address), `x-footfall-demo-country`, `x-footfall-demo-line` (an `edge_log.Damage`).

    `result_type` is what CloudFront logs as x-edge-result-type of an answer that a function made. AWS does not document it;
    `FunctionGeneratedResponse` is what its X-Cache header says. `percent` and `cut` are readings of `edge_log`.
    """

    def __init__(
        self,
        *,
        put_line: Callable[[bytes], None],
        fields: Sequence[str],
        webpage: Path,
        port: int = 0,
        is_demo: bool = False,
        observe: Callable[[str, str], None] = ignore,
        result_type: str = "FunctionGeneratedResponse",
        percent: edge_log.Percent = edge_log.RECORDED,
        cut: edge_log.Cut = "whole_pairs",
        function: EdgeFunction | None = None,
    ) -> None:
        self.url = ""
        self._put_line, self._observe, self._webpage, self._port = put_line, observe, webpage, port
        self._fields, self._is_demo, self._result_type = tuple(fields), is_demo, result_type
        self._percent, self._cut = percent, cut
        self._function = function or EdgeFunction()

    def start(self) -> Self:
        """Listen on 127.0.0.1 and answer from now on.

        Raises:
            OSError: the port is taken.
        """
        self._server = _Server(("127.0.0.1", self._port), self)
        self._delivery = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log lines")
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def stop(self) -> None:
        """Stop listening, close every connection, and deliver the log lines that are still to come."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._delivery.shutdown(wait=True)
        self._function.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def identify(self, request: Request | Refusal, peer: tuple[str, int]) -> tuple[Request | Refusal, Client]:
        """Tell who asks: the connection's other end, or whom a demonstration says."""
        client = Client(address=peer[0], port=peer[1])
        return steer(request, client) if self._is_demo and isinstance(request, Request) else (request, client)

    def answer(self, request: Request | Refusal, request_id: str, client: Client) -> Answer:
        """Decide what to answer: the function's response on a pixel path, else a file, else an error."""
        if isinstance(request, Refusal):
            return error_answer(request)
        if request.method not in METHODS or (request.method == "GET" and request.body_bytes != 0):
            return error_answer(Refusal(403, "CloudFront does not take this method, or not with a body."))
        if request.path not in PIXEL_PATHS:
            return file_answer(self._webpage, request)
        event = viewer_request_event(request, address=client.address, request_id=request_id, domain=DOMAIN, distribution=DISTRIBUTION)
        response = self._function.answer(event)
        if "statusCode" in response:
            return function_answer(response, result=self._result_type)
        return file_answer(self._webpage, replace(request, target=str(response["uri"])))

    def record(self, exchange: Exchange) -> None:
        """Hand the log line of an answered pixel request over, to be delivered after the answer; the webpage is not logged."""
        if exchange.request.path in PIXEL_PATHS:
            self._observe(exchange.request_id, "edge")
            line = edge_log.write_line(line_values(exchange), self._fields, percent=self._percent, cut=self._cut)
            self._delivery.submit(self._deliver, exchange.request_id, edge_log.damaged(line, exchange.client.damage))

    def refuse(self, request_id: str) -> None:
        """Note a request that is answered with an error and, as at CloudFront, logged nowhere."""
        self._observe(request_id, "refused")

    def _deliver(self, request_id: str, lines: Sequence[bytes]) -> None:
        for line in lines:
            self._put_line(line)
        self._observe(request_id, "stream")


def new_request_id() -> str:
    """Make an id as CloudFront's look: 54 characters of base64url, and `==`."""
    return base64.urlsafe_b64encode(secrets.token_bytes(40)).decode()


class _Connection(socketserver.StreamRequestHandler):
    """One client's connection: request after request, each answered before it is logged."""

    timeout = IDLE_S
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client went away, or was silent for too long
            while self._serve(cast("_Server", self.server).edge):
                pass

    def _serve(self, edge: Edge) -> bool:
        """Serve one request; False when it was the last of this connection."""
        received = read_request(self.rfile)
        if received is None:
            return False
        started_s, request_id = time.time(), new_request_id()
        is_last = isinstance(received, Refusal) or not self._finish(received)
        request, client = edge.identify(received, self.client_address)
        answer = edge.answer(request, request_id, client)
        raw = answer.to_bytes(request_id=request_id, method="" if isinstance(request, Refusal) else request.method, is_last=is_last)
        try:
            self.wfile.write(raw)
        finally:
            if isinstance(request, Refusal):
                edge.refuse(request_id)
            else:
                times = {"started_s": started_s, "finished_s": time.time()}
                edge.record(Exchange(request_id=request_id, request=request, client=client, answer=answer, sent_bytes=len(raw), **times))
        return not is_last

    def _finish(self, request: Request) -> bool:
        """Read what is left of a request; True when another may follow it."""
        if request.header("expect").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return discard_body(request, self.rfile) and not request.is_last


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens on loopback, a thread per connection; closing it ends the connections and waits for what they are answering."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], edge: Edge) -> None:
        self.edge = edge
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        for connection in self._connections.copy():
            with contextlib.suppress(OSError):  # it was closing anyway
                connection.shutdown(socket.SHUT_RD)
        super().server_close()
