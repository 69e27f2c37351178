"""Follow every request on its way through the local pipeline, so that none can be lost unseen."""

import threading
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Trace:
    """What became of each request on its way: a person's answer to "where was it last seen?"."""

    hops: dict[str, str] = field(default_factory=dict)  # request id -> last hop
    sequences: dict[str, bytes] = field(default_factory=dict)  # sequence number, as the transform sees it -> line
    verdicts: dict[bytes, list[str]] = field(default_factory=dict)  # line -> what Firehose did with each copy
    delivered_at: dict[bytes, float] = field(default_factory=dict)  # line -> Unix seconds of the first durable verdict
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def see(self, request_id: str, hop: str) -> None:
        """A request reached a hop."""
        with self._lock:
            self.hops[request_id] = hop

    def sent(self, sequence: str, line: bytes) -> None:
        """A line is in the stream."""
        with self._lock:
            self.sequences[sequence] = line

    def settle(self, line: bytes, verdict: str) -> None:
        """Firehose's verdict on one copy of a line is durable."""
        with self._lock:
            self.verdicts.setdefault(line, []).append(verdict)
            self.delivered_at.setdefault(line, time.time())

    def outstanding(self) -> int:
        """Answered requests whose line is not in the stream yet, and copies of lines in the stream that have no verdict yet."""
        with self._lock:
            on_the_way = sum(hop == "edge" for hop in self.hops.values())
            return on_the_way + len(self.sequences) - sum(map(len, self.verdicts.values()))
