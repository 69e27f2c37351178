"""A server on loopback that answers as it is told, or does not: what a deployment looks like when something is wrong with it."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Answer = Callable[[str, str, socket.socket], bytes | None]
"""Makes the bytes of an answer of method, target and connection; None when there is to be none."""


class BrokenServer:
    """Answers the one request of each connection, over TLS when it has a certificate; `asked` are their methods and targets, `until` is set when it stops."""

    def __init__(self, answer: Answer, certificate: Path | None = None) -> None:
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

            def handle_error(self, request: object, client_address: object) -> None:
                """The client may leave at any time: that is what these tests are about."""

        self._server = Server(("127.0.0.1", 0), Connection)
        port = self._server.server_address[1]
        self.url = f"https://localhost:{port}" if certificate else f"http://127.0.0.1:{port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.until.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def a_broken_server(answer: Answer, certificate: Path | None = None) -> Iterator[BrokenServer]:
    server = BrokenServer(answer, certificate)
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
