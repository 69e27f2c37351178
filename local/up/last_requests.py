"""Remember the last requests and how far each has come, for a page that follows them; bounded, whatever comes."""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from footfall.hits.schema import REJECTS_PREFIX
from local.trace import Trace
from local.up.seen import OUTCOMES, SHOWN, Seen


class LastRequests(Trace):
    """A Trace that forgets: the last requests in full, and of all others only counts.

    `settled` is called for each copy of a line whose verdict is durable. Any thread may call anything.
    """

    def __init__(self, fields: Sequence[str], settled: Callable[[bytes], None], *, shown: int = SHOWN) -> None:
        super().__init__()
        self._fields = tuple(fields)
        self._settled, self._shown = settled, shown
        self._seen: OrderedDict[str, Seen] = OrderedDict()
        self._unfinished: dict[str, Seen] = {}  # also those that are no longer shown
        self._by_line: dict[bytes, Seen] = {}
        self._at_edge: set[str] = set()
        self._in_stream = 0
        self._totals: Counter[str] = Counter()
        self._version = 0
        self._is_closed = False
        self._changed = threading.Condition(threading.RLock())

    def restore(self, requests: Sequence[Seen], totals: Mapping[str, int]) -> None:
        """Begin with what an earlier process has finished, oldest first, and with its totals."""
        with self._changed:
            self._totals.update({name: totals.get(name, 0) for name in OUTCOMES})
            self._totals["all"] = self._totals["finished"] = self._totals.total()
            for seen in requests[-self._shown :]:
                self._seen[seen.request_id] = seen
                self._change(seen)

    def see(self, request_id: str, hop: str) -> None:
        """A request was answered (`edge`) or refused by the edge, or its line is in the stream."""
        with self._changed:
            seen = self._find(request_id)
            match hop:
                case "edge":
                    self._at_edge.add(request_id)
                case "refused":
                    self._finish(seen, "refused")
                case _:
                    self._at_edge.discard(request_id)
            seen.at.setdefault("edge" if hop == "refused" else hop, time.time())
            self._change(seen)

    def put(self, line: bytes, *, is_replayed: bool = False) -> None:
        """A line is on its way into the stream."""
        with self._changed:
            seen = self._find(self._request_id(line))
            seen.line, seen.is_replayed, seen.asked = line, is_replayed, self._asked(line)
            seen.copies += 1
            self._by_line[line] = seen
            self._change(seen)

    def sent(self, sequence: str, line: bytes) -> None:
        """A line is in the stream."""
        del sequence
        with self._changed:
            self._in_stream += 1
            if line in self._by_line:
                self._by_line[line].at.setdefault("stream", time.time())
                self._change(self._by_line[line])

    def transformed(self, line: bytes, row: Mapping[str, Any] | None, reasons: Sequence[str]) -> None:
        """The transform has answered for a line: with a row, or, for one of these reasons, without."""
        with self._changed:
            seen = self._by_line.get(line)
            if seen is not None:
                seen.at.setdefault("transform", time.time())
                seen.row = row or {}
                seen.reasons = tuple(reasons) if row is None else tuple(filter(None, [row.get("reason")]))
                self._change(seen)

    def settle(self, line: bytes, verdict: str) -> None:
        """Firehose's verdict on one copy of a line is durable."""
        self._settled(line)
        with self._changed:
            self._in_stream -= 1
            seen = self._by_line.get(line)
            if seen is not None:
                seen.at.setdefault("lake", time.time())
                seen.key = seen.key or verdict.partition("ok:")[2]
                self._finish(seen, _outcome(verdict))
                self._change(seen)

    def update(self, request_id: str, change: Callable[[Seen], None]) -> None:
        """Let something else that is known of a request be noted, if it is still one of the last."""
        with self._changed:
            seen = self._seen.get(request_id) or self._unfinished.get(request_id)
            if seen is not None:
                change(seen)
                self._change(seen)

    def outstanding(self) -> int:
        """Answered requests whose line is not in the stream yet, and copies of lines in the stream that have no verdict yet."""
        with self._changed:
            return len(self._at_edge) + self._in_stream

    def finished(self) -> dict[str, int]:
        """How many requests became what since the start, and before it where that was kept."""
        with self._changed:
            return {name: self._totals[name] for name in OUTCOMES}

    def totals(self) -> dict[str, int]:
        """The same, and how many are still waiting."""
        with self._changed:
            return self.finished() | {"waiting": self._totals["all"] - self._totals["finished"]}

    def shown(self) -> list[Seen]:
        """The last requests, oldest first."""
        with self._changed:
            return list(self._seen.values())

    def version(self) -> int:
        """Of the newest change; each has one more than the one before."""
        with self._changed:
            return self._version

    def get(self, request_id: str) -> Seen | None:
        """One of the last requests."""
        with self._changed:
            return self._seen.get(request_id)

    def changes(self, after: int, timeout_s: float) -> tuple[int, list[Seen]] | None:
        """Wait for what has changed after a version: the newest version and the requests, oldest first; None when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._version > after, timeout_s)
            if self._is_closed:
                return None
            return self._version, [seen for seen in self._seen.values() if seen.version > after]

    def close(self) -> None:
        """Let everyone go who waits for changes."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _find(self, request_id: str) -> Seen:
        seen = self._seen.get(request_id) or self._unfinished.get(request_id)
        if seen is None:
            seen = self._seen[request_id] = self._unfinished[request_id] = Seen(request_id=request_id)
            self._totals["all"] += 1
            while len(self._seen) > self._shown:
                self._forget(self._seen.popitem(last=False)[1])
        return seen

    def _forget(self, seen: Seen) -> None:
        """Drop the line of a request that is finished and no longer shown."""
        if seen.request_id not in self._unfinished and seen.request_id not in self._seen:
            self._by_line.pop(seen.line, None)

    def _request_id(self, line: bytes) -> str:
        """The request a line belongs to; one whose columns cannot be trusted is searched for the ids that are known."""
        columns = self._split(line)
        if "x-edge-request-id" in columns:
            return columns["x-edge-request-id"]
        return next((request_id for request_id in reversed(self._seen) if request_id.encode() in line), "unknown")

    def _asked(self, line: bytes) -> str:
        columns = self._split(line)
        return f"{columns['cs-method']} {columns['cs-uri-stem'].partition('?')[0]}" if columns else "Damaged line"

    def _split(self, line: bytes) -> dict[str, str]:
        """The columns of a line by name; none where they cannot be trusted."""
        columns = line.decode("ascii", "replace").rstrip("\n").split("\t")
        return dict(zip(self._fields, columns, strict=True)) if len(columns) == len(self._fields) else {}

    def _finish(self, seen: Seen, outcome: str) -> None:
        if seen.outcome == "waiting":
            seen.outcome = outcome
            self._totals.update([outcome, "finished"])
            self._unfinished.pop(seen.request_id, None)
            self._forget(seen)

    def _change(self, seen: Seen) -> None:
        self._version += 1
        seen.version = self._version
        self._changed.notify_all()


def _outcome(verdict: str) -> str:
    if verdict == "dropped":
        return "suppressed"
    if not verdict.startswith("ok:"):
        return "failed"
    return "reject" if verdict.startswith(f"ok:{REJECTS_PREFIX}/") else "row"
