"""`python -m bench.sink`: a server on loopback that acknowledges every bulk and every hit at once; a process of its own.

It prints its port, and answers GET with how many hits it has acknowledged since the last GET.
"""

import socket
import sys
import threading
from typing import Final

_HIT: Final = b'"idsite"'
"""How a hit in a bulk is told without parsing it: our own parameters come once in each."""


class Count:
    """Hits acknowledged by all connections."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hits = 0

    def add(self, hits: int) -> None:
        """Count some more."""
        with self._lock:
            self._hits += hits

    def take(self) -> int:
        """Hand out the count and begin again."""
        with self._lock:
            hits, self._hits = self._hits, 0
            return hits


def serve(listener: socket.socket, count: Count) -> None:
    """Accept connections for ever."""
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_answer_all, args=(connection, count), daemon=True).start()


def _answer_all(connection: socket.socket, count: Count) -> None:
    with connection, connection.makefile("rb") as stream:
        while request := stream.readline():
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            body = stream.read(length)
            if request.startswith(b"GET"):
                answer = b"%d" % count.take()
            else:
                hits = body.count(_HIT) if body[:1] == b"{" else 1
                count.add(hits)
                answer = b'{"status":"success","tracked":%d,"invalid":0,"invalid_indices":[]}' % hits
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
            connection.sendall(head + answer)


def main() -> None:
    """Listen on a free port of 127.0.0.1 and say which."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    serve(listener, Count())


if __name__ == "__main__":
    main()
