"""The ledger: what became of each delivery, remembered by destination and visitor shard as digests, many in one write.

A slot holds the deliveries of a visitor shard whose hits were received in one minute; when it is full, the next part of it is used.
Only the holder of the shard's lease writes, so what was read once stays known as long as the lease is held.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from footfall.queueing.ports import DeliveryTable, Marks

DELIVERED: Final = "delivered"
PARKED: Final = "parked"
UNCERTAIN: Final = "uncertain"
UNCERTAIN_AGAIN: Final = "uncertain_again"
"""It was sent once more, and nobody knows that outcome either."""

PART_DIGESTS: Final = 512
"""A part that holds so many is full. DynamoDB bills a write by the item's whole size: 4 KB and what the last bulk added."""
MOST_KEYS: Final = 100
"""BatchGetItem reads no more."""

_UNKNOWN: Final[frozenset[str]] = frozenset()
_DIGEST_BYTES: Final = 8
_MINUTE_MS: Final = 60_000


class Entry(NamedTuple):
    """Where a delivery stands in the ledger."""

    minute: int
    digest: bytes


def entry_of(delivery_id: str, received_ms: int) -> Entry:
    """The place of a delivery: decided by the hit alone, so that repacked messages find it."""
    return Entry(received_ms // _MINUTE_MS, hashlib.blake2b(delivery_id.encode(), digest_size=_DIGEST_BYTES).digest())


@dataclass(slots=True)
class _Slot:
    """What is known of a minute: digests by mark, its last part and how many digests that holds."""

    digests: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    part: int = 0
    size: int = 0


class Ledger:
    """One destination's ledger for one visitor shard; `keeps_s` is how long entries live. Counts the items it reads and writes."""

    def __init__(self, table: DeliveryTable, *, destination: str, shard: tuple[int, int], keeps_s: int) -> None:
        self._table = table
        self._prefix = f"ledger/{destination}/{shard[1]}/{shard[0]}/"
        self._keeps_s = keeps_s
        self._slots: dict[int, _Slot] = {}
        self.items_read = 0
        self.items_written = 0

    def load(self, entries: Iterable[Entry]) -> None:
        """Read the slots of these entries that were not read before.

        Raises:
            UnavailableError: the table did not answer.
        """
        unread = sorted({entry.minute for entry in entries} - self._slots.keys())
        for start in range(0, len(unread), MOST_KEYS):
            minutes = unread[start : start + MOST_KEYS]
            found = self._read({self._key(minute, 0): minute for minute in minutes})
            slots = {minute: _Slot() for minute in minutes}
            for minute, marks in found.items():
                _add_part(slots[minute], 0, marks)
            for minute, slot in slots.items():
                self._load_parts(minute, slot)
            self._slots |= slots

    def marks_of(self, entry: Entry) -> frozenset[str]:
        """What is known of a delivery whose slot was loaded."""
        minute, digest = entry
        marks = [mark for mark, digests in self._slots[minute].digests.items() if digest in digests]
        return frozenset(marks) if marks else _UNKNOWN

    def add(self, marks: Iterable[tuple[Entry, str]], *, now_ms: int) -> None:
        """Write marks, one write for each slot; all is written, or UnavailableError is raised. Slots must have been loaded.

        Raises:
            UnavailableError: the table did not answer.
        """
        by_minute: dict[int, dict[str, set[bytes]]] = defaultdict(lambda: defaultdict(set))
        for entry, mark in marks:
            by_minute[entry.minute][mark].add(entry.digest)
        expires_s = now_ms // 1000 + self._keeps_s
        for minute, added in by_minute.items():
            slot = self._slots[minute]
            part = slot.part + 1 if slot.size >= PART_DIGESTS else slot.part
            self._table.add_marks(self._key(minute, part), added, expires_s=expires_s)
            self.items_written += 1
            _add_part(slot, part, added)

    def _load_parts(self, minute: int, slot: _Slot) -> None:
        """Read on while the last part is full, twice as many parts at a time."""
        ahead = 1
        while slot.size >= PART_DIGESTS:
            keys = {self._key(minute, part): part for part in range(slot.part + 1, slot.part + 1 + ahead)}
            found = self._read(keys)
            if not found:
                return
            for part in sorted(found):
                _add_part(slot, part, found[part])
            ahead = min(2 * ahead, MOST_KEYS)

    def _read(self, keys: Mapping[str, int]) -> dict[int, Marks]:
        found = self._table.read_slots(list(keys))
        self.items_read += len(keys)
        return {keys[key]: marks for key, marks in found.items()}

    def _key(self, minute: int, part: int) -> str:
        return f"{self._prefix}{minute}.{part}" if part else f"{self._prefix}{minute}"


def _add_part(slot: _Slot, part: int, marks: Marks) -> None:
    if part != slot.part:
        slot.part, slot.size = part, 0
    for mark, digests in marks.items():
        slot.digests[mark].update(digests)
        slot.size += len(digests)
