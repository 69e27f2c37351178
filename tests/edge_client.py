"""A client of the local edge and a stream behind it, for the tests of either side."""

import http.client
import io
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Condition
from typing import Any, NamedTuple, TypeVar

from footfall.hits.log_fields import CANONICAL_ORDER
from local.edge import Edge

WEBPAGE = Path(__file__).parents[1] / "webpage"

Found = TypeVar("Found")


class Asked(NamedTuple):
    """An answer as the client got it; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["x-amz-cf-id"]


class Stream:
    """Takes log lines and hops, and waits for those of one request; tests give it to `Edge` as `put_line` and `observe`."""

    def __init__(self, fields: Sequence[str] = CANONICAL_ORDER) -> None:
        self.fields = fields
        self.lines: list[bytes] = []
        self.hops: list[tuple[str, str]] = []
        self._changed = Condition()

    def put(self, line: bytes) -> None:
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def see(self, request_id: str, hop: str) -> None:
        with self._changed:
            self.hops.append((request_id, hop))
            self._changed.notify_all()

    def read(self) -> list[dict[str, str]]:
        """All lines so far, by field, still escaped."""
        return [dict(zip(self.fields, line.decode("ascii").rstrip("\n").split("\t"), strict=True)) for line in self.lines]

    def line_of(self, asked: Asked) -> dict[str, str]:
        """The line of a request, as soon as it is there."""
        return self.line_where(lambda line: line["x-edge-request-id"] == asked.id)

    def line_where(self, is_meant: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """The first line that is meant, as soon as it is there."""
        return self._wait(lambda: next((line for line in self.read() if is_meant(line)), None))

    def hops_of(self, asked: Asked, *, until: str) -> list[str]:
        """The hops of a request, as soon as it has reached the last one that is waited for."""
        return self._wait(lambda: hops if until in (hops := [hop for seen, hop in self.hops if seen == asked.id]) else None)

    def _wait(self, find: Callable[[], Found | None]) -> Found:
        with self._changed:
            self._changed.wait_for(lambda: find() is not None, timeout=10)
            found = find()
            assert found is not None, "not there after 10 seconds"
            return found


@contextmanager
def an_edge(stream: Stream, **options: Any) -> Iterator[Edge]:
    """A running edge that writes into `stream`; `options` are Edge's."""
    with Edge(**{"put_line": stream.put, "fields": stream.fields, "webpage": WEBPAGE, "observe": stream.see, **options}) as edge:
        yield edge


def ask(edge: Edge, method: str = "GET", target: str = "/1x1.gif", headers: Mapping[str, str] | None = None, body: Any = None) -> Asked:
    """Send one request over a connection of its own."""
    with closing(http.client.HTTPConnection(edge.url.removeprefix("http://"), timeout=10)) as connection:
        connection.request(method, target, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        return Asked(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def ask_raw(edge: Edge, request: bytes) -> bytes:
    """Send bytes as they are; everything that comes back until the edge closes."""
    host, _, port = edge.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def asked_raw(edge: Edge, request: bytes) -> Asked:
    """Send bytes as they are, and read the one answer."""
    head, _, body = ask_raw(edge, request).partition(b"\r\n\r\n")
    start, _, fields = head.partition(b"\r\n")
    headers = http.client.parse_headers(io.BytesIO(fields + b"\r\n\r\n"))
    return Asked(int(start.split()[1]), {name.lower(): value for name, value in headers.items()}, body)


def an_event(
    method: str = "GET",
    uri: str = "/matomo.php",
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
    cookies: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A viewer-request event as CloudFront gives it to a function."""
    request = {"method": method, "uri": uri, "querystring": query or {}, "headers": headers or {}, "cookies": cookies or {}}
    context = {"distributionDomainName": "d111111abcdef8.cloudfront.net", "eventType": "viewer-request", "requestId": "EXAMPLE=="}
    return {"version": "1.0", "context": context, "viewer": {"ip": "192.0.2.1"}, "request": request}
