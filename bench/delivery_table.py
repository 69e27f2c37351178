"""A delivery table and a queue in memory that count what AWS would bill: nothing of boto3's own time is in the drain's figure."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from footfall.queueing.circuit import Circuit
from footfall.queueing.ports import Received

_OVERHEAD_BYTES: Final = 100
"""Of an item that DynamoDB bills: the key, names of attributes, times."""


class BilledTable:
    """The port `DeliveryTable`, with DynamoDB's units: a write per KB of the whole item, a consistent read per 4 KB."""

    def __init__(self) -> None:
        self.units: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._slots: dict[str, dict[str, set[bytes]]] = {}
        self._in_flight: dict[str, Mapping[int, Any]] = {}

    def take_lease(self, key: str, owner: str, *, now_ms: int, until_ms: int) -> Mapping[int, Any]:
        self._write("lease", 0)
        return self._in_flight.get(key, {})

    def renew_lease(self, key: str, owner: str, *, until_ms: int, in_flight: Mapping[int, Any]) -> None:
        self._in_flight[key] = in_flight
        self._write("lease", sum(8 * len(digests) + 12 for digests in in_flight.values()))

    def release_lease(self, key: str, owner: str) -> None:
        self._in_flight.pop(key, None)
        self._write("lease", 0)

    def read_slots(self, keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        self.calls["read"] += 1
        for key in keys:
            self.units["read"] += math.ceil(max(self._size(key), 1) / 4096)
        return {key: {mark: frozenset(digests) for mark, digests in self._slots[key].items()} for key in keys if key in self._slots}

    def add_marks(self, key: str, marks: Mapping[str, Any], *, expires_s: int) -> None:
        slot = self._slots.setdefault(key, {})
        for mark, digests in marks.items():
            slot.setdefault(mark, set()).update(digests)
        self._write("ledger", self._size(key))

    def read_circuit(self, destination: str) -> Circuit:
        self.calls["read"] += 1
        self.units["read"] += 1
        return Circuit()

    def write_circuit(self, destination: str, circuit: Circuit, *, expected_version: int) -> bool:
        self._write("circuit", 0)
        return True

    def _size(self, key: str) -> int:
        return sum(8 * len(digests) for digests in self._slots.get(key, {}).values()) + _OVERHEAD_BYTES

    def _write(self, what: str, size: int) -> None:
        self.calls[f"write {what}"] += 1
        self.units["write"] += math.ceil((size + _OVERHEAD_BYTES) / 1024)


class BilledQueue:
    """The port `InputQueue` over a list, with SQS's requests: one for each 64 KB of a call."""

    def __init__(self, bodies: Sequence[str], now_ms: int) -> None:
        self._waiting = list(enumerate(bodies))
        self._now_ms = now_ms
        self.requests = 0
        self.deleted = 0

    def receive(self, limit: int) -> Sequence[Received]:
        batch, self._waiting = self._waiting[:limit], self._waiting[limit:]
        self.requests += max(1, math.ceil(sum(len(body) for _, body in batch) / 65_536))
        return [Received(str(number), body, self._now_ms, self._now_ms, 1) for number, body in batch]

    def delete(self, receipts: Sequence[str]) -> int:
        self.requests += math.ceil(len(receipts) / 10)
        self.deleted += len(receipts)
        return 0

    def hide(self, seconds: Mapping[str, int]) -> int:
        self.requests += math.ceil(len(seconds) / 10)
        return 0


class NoDeadLetters:
    """The port `DeadLetterSink`: none are expected."""

    def send(self, bodies: Sequence[bytes]) -> set[int]:
        raise AssertionError(f"{len(bodies)} dead letters")
