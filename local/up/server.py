"""Serve the page of `make up`, what it shows, and its live list, on loopback only and to itself only."""

import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self, cast
from urllib.parse import unquote, urlsplit

from local.up.detail import detail, summary
from local.up.headers import headers
from local.up.last_requests import LastRequests
from local.up.samples import SAMPLES, send_sample
from local.up.section import Known

PAGE: Final = Path(__file__).with_name("page")
FILES: Final = {
    "/": (PAGE / "index.html", "text/html; charset=utf-8"),
    "/up.css": (PAGE / "up.css", "text/css; charset=utf-8"),
    **{f"/{name}.js": (PAGE / f"{name}.js", "text/javascript; charset=utf-8") for name in ("up", "send", "detail", "dom")},
    "/favicon.svg": (Path(__file__).parents[2] / "webpage" / "favicon.svg", "image/svg+xml"),
}
MAX_LISTENERS: Final = 32
"""Pages that follow the list at the same time; each is a thread."""

HEARTBEAT_S: Final = 10.0
"""A comment after so much silence, so that a page that went away is noticed."""

STALE_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the page shows: requests, what a log line is made of, where rows lie, the edge to send to, and where sites are routed."""

    requests: LastRequests
    fields: Sequence[str]
    lake: Path
    edge_url: str
    routes: Mapping[str, Sequence[str]]


class PageServer:
    """The page's own server, beside the edge and not in it: what CloudFront would not answer, the edge does not.

    It takes its port at once and answers from `start` on. Requests with another Host or Origin than its own are refused: no other web
    page can read log lines, or send requests, through a browser on this machine.

    Raises:
        OSError: the port is taken, or not allowed.
    """

    def __init__(self, port: int) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self.port = int(self._server.server_address[1])
        self.url = f"http://localhost:{self.port}"
        self._thread: threading.Thread | None = None

    def start(self, stage: Stage) -> Self:
        """Answer from now on."""
        self._server.stage, self._server.port = stage, self.port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True, name="page")
        self._thread.start()
        return self

    def close(self) -> None:
        """Let the pages go, and free the port."""
        if self._thread is not None:
            self._server.stage.requests.close()
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    stage: Stage
    port: int

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.epoch = str(time.time_ns())  # tells a page that this is another process than before
        self.listeners = threading.BoundedSemaphore(MAX_LISTENERS)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing when a page went away; anything else is a defect and is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One request of the page."""

    protocol_version = "HTTP/1.1"
    timeout = STALE_S

    def do_GET(self) -> None:
        """Answer with a file, the stage, one request, or the live list."""
        path = urlsplit(self.path).path
        if not self._is_ours():
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        elif path in FILES:
            file, content_type = FILES[path]
            self._answer(file.read_bytes(), content_type)
        elif path == "/stage":
            samples = [sample.to_json() for sample in SAMPLES]
            self._answer_json({"edge_url": self._stage.edge_url, "lake": str(self._stage.lake), "samples": samples})
        elif path == "/events":
            self._follow()
        elif path.startswith("/requests/"):
            self._show(unquote(path.removeprefix("/requests/")))
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Send a sample from this machine."""
        name = urlsplit(self.path).path.removeprefix("/send/")
        origin = self.headers.get("Origin", "")
        if not self._is_ours() or origin not in self._origins():
            self._refuse(HTTPStatus.FORBIDDEN)
        elif self.headers.get("Content-Length", "0") != "0":
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif (request_id := send_sample(name, self._stage.edge_url)) is None:
            self._refuse(HTTPStatus.NOT_FOUND)
        else:
            self._answer_json({"id": request_id})

    def log_message(self, *_: object) -> None:
        """Keep no log: it would hold addresses."""

    @property
    def _stage(self) -> Stage:
        return cast("_Server", self.server).stage

    def _origins(self) -> tuple[str, ...]:
        port = cast("_Server", self.server).port
        return (f"http://localhost:{port}", f"http://127.0.0.1:{port}")

    def _is_ours(self) -> bool:
        return f"http://{self.headers.get('Host', '')}" in self._origins()

    def _show(self, request_id: str) -> None:
        seen = self._stage.requests.get(request_id)
        if seen is None:
            self._refuse(HTTPStatus.NOT_FOUND)
        else:
            stage = self._stage
            self._answer_json(detail(Known(seen=seen, fields=stage.fields, lake=stage.lake, routes=stage.routes)))

    def _follow(self) -> None:
        """Server-sent events: first all that is remembered, or what the page has missed, then each change."""
        listeners = cast("_Server", self.server).listeners
        if not listeners.acquire(blocking=False):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            self._head(HTTPStatus.OK, "text/event-stream; charset=utf-8", None)
            self._write_changes(self._version_seen())
        finally:
            listeners.release()

    def _version_seen(self) -> int:
        """The version after which the page has seen nothing: 0 when it last spoke with another process, or with none."""
        epoch, _, version = self.headers.get("Last-Event-ID", "").partition("-")
        is_same = epoch == cast("_Server", self.server).epoch and version.isdecimal()
        return int(version[:18]) if is_same else 0

    def _write_changes(self, version: int) -> None:
        epoch = cast("_Server", self.server).epoch
        self._event(
            "hello",
            {"epoch": epoch, "newest": self._stage.requests.version(), "totals": self._stage.requests.totals()},
            f"{epoch}-{version}",
        )
        while (changes := self._stage.requests.changes(version, HEARTBEAT_S)) is not None:
            newest, requests = changes
            if newest == version:
                self.wfile.write(b": still here\n\n")
            else:
                version = newest
                shown = {"requests": [summary(seen) for seen in requests], "totals": self._stage.requests.totals()}
                self._event("changes", shown, f"{epoch}-{version}")

    def _event(self, name: str, document: dict[str, Any], event_id: str) -> None:
        self.wfile.write(f"id: {event_id}\nevent: {name}\nretry: 1000\ndata: {json.dumps(document)}\n\n".encode())

    def _answer_json(self, document: dict[str, Any]) -> None:
        self._answer(json.dumps(document).encode(), "application/json")

    def _refuse(self, status: HTTPStatus) -> None:
        self._answer(f"{status.value} {status.phrase}\n".encode(), "text/plain; charset=utf-8", status)

    def _answer(self, body: bytes, content_type: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._head(status, content_type, len(body))
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, content_type: str, size_bytes: int | None) -> None:
        """The head of an answer; without a size it lasts until the connection closes."""
        self.send_response(status)
        for name, value in headers(self._stage.edge_url).items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        if size_bytes is not None:
            self.send_header("Content-Length", str(size_bytes))
        if size_bytes is None or self.command != "GET" or status != HTTPStatus.OK:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
