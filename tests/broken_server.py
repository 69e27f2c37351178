"""A server on loopback that answers as it is told, or does not: what a deployment looks like when something is wrong with it."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[str, str, socket.socket], bytes | None]
"""Makes the bytes of an answer of method, target and connection; None when there is to be none."""


class BrokenServer:
    """Answers each request of a connection once; `asked` are their methods and targets, `until` is set when it stops."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[tuple[str, str]] = []
        self.until = threading.Event()
        server = self

        class Connection(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                method, target, _ = self.rfile.readline().decode().split(" ", 2)
                while self.rfile.readline().strip():
                    pass
                server.asked.append((method, target))
                content = answer(method, target, self.connection)
                if content is None:
                    server.until.wait(30)
                else:
                    self.wfile.write(content)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Connection)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.until.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def a_broken_server(answer: Answer) -> Iterator[BrokenServer]:
    server = BrokenServer(answer)
    try:
        yield server
    finally:
        server.stop()


def an_answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of an answer; name headers with _ for -."""
    lines = [
        f"HTTP/1.1 {status} Told",
        f"Content-Length: {len(body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
