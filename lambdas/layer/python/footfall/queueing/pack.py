"""Pack hits into messages: one visitor's hits in one shard and in order, as many in a message as fit, the same for the same hits."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from footfall import reasons
from footfall.configuration import Queue
from footfall.dialects import matomo
from footfall.queueing.message import PACKED, QueuedHit, WrittenHit, join_hits, write_hit
from footfall.reasons import Reason

_BYTES_PER_KB = 1024


class Numbered(NamedTuple):
    """A hit, and the number of the record that it came in."""

    number: int
    hit: QueuedHit


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to be sent: its body, its visitor shard, and what a FIFO queue knows it by; `numbers` are those of its records."""

    body: bytes
    shard: int
    deduplication_id: str
    numbers: tuple[int, ...]


class Unpacked(NamedTuple):
    """A hit that is in no message: alone it is larger than one may be, or our own code failed on it (`crash`: the error's type)."""

    number: int
    hit: QueuedHit
    reason: Reason
    crash: str = ""


class Packed(NamedTuple):
    """The messages, in the order in which they are to be sent, and the hits that are in none."""

    messages: tuple[Outgoing, ...]
    unpacked: tuple[Unpacked, ...]


def shard_of(hit: QueuedHit, shards: int) -> int:
    """The visitor shard of a hit, from 0: by its visitor, else by its own id; the same on every machine and in every version."""
    key = hit.visitor_id or matomo.visitor_id_of(hit.parameters) or hit.event_id
    return zlib.crc32(key.encode()) % shards


def pack(hits: Iterable[Numbered], settings: Queue) -> Packed:
    """Pack hits that are in order; within a shard they keep it. Equal hits and settings give equal messages."""
    packing = _Packing(settings)
    for numbered in hits:
        try:
            packing.add(numbered)
        except Exception as error:  # noqa: BLE001 - the bulkhead of a record
            packing.leave_out(numbered, reasons.CRASHED, crash=type(error).__name__)
    return packing.result()


class _Packing:
    """One message under way for each shard; a hit that no longer fits begins the next."""

    def __init__(self, settings: Queue) -> None:
        self._layout, self._shards = settings.layout, settings.visitor_shards
        self._max_hits = settings.max_hits_per_message if settings.layout == PACKED else 1
        self._max_bytes = settings.max_message_kb * _BYTES_PER_KB
        self._open: dict[int, list[tuple[Numbered, WrittenHit]]] = {}
        self._sizes: dict[int, int] = {}
        self._messages: list[Outgoing] = []
        self._unpacked: list[Unpacked] = []

    def add(self, numbered: Numbered) -> None:
        """Put a hit into its shard's message, or into the next one."""
        written = write_hit(numbered.hit, layout=self._layout)
        shard = shard_of(numbered.hit, self._shards)
        size = written.size_bytes()
        if shard in self._open and (len(self._open[shard]) >= self._max_hits or self._sizes[shard] + size > self._max_bytes):
            self._close(shard)
        if shard not in self._open:
            envelope = len(self._join(shard, [(numbered, written)]))
            if envelope > self._max_bytes:
                self.leave_out(numbered, reasons.TOO_LARGE)
                return
            self._open[shard], self._sizes[shard] = [(numbered, written)], envelope
            return
        self._open[shard].append((numbered, written))
        self._sizes[shard] += size

    def leave_out(self, numbered: Numbered, reason: Reason, *, crash: str = "") -> None:
        """Note a hit that is in no message."""
        self._unpacked.append(Unpacked(numbered.number, numbered.hit, reason, crash))

    def result(self) -> Packed:
        """Close what is open; messages are in the order of the first record of each."""
        for shard in sorted(self._open):
            self._close(shard)
        return Packed(tuple(sorted(self._messages, key=lambda message: message.numbers[0])), tuple(self._unpacked))

    def _close(self, shard: int) -> None:
        hits = self._open.pop(shard)
        self._messages.append(
            Outgoing(
                body=self._join(shard, hits),
                shard=shard,
                deduplication_id=deduplication_id([numbered.hit for numbered, _ in hits]),
                numbers=tuple(numbered.number for numbered, _ in hits),
            )
        )

    def _join(self, shard: int, hits: Sequence[tuple[Numbered, WrittenHit]]) -> bytes:
        written = [each for _, each in hits]
        return join_hits(hits[0][0].hit, written, layout=self._layout, shard=shard, shards=self._shards)


def deduplication_id(hits: Sequence[QueuedHit]) -> str:
    """What a FIFO queue knows a message by: the hash of its hits' ids in order, 64 hexadecimal digits of the 128 allowed."""
    return hashlib.sha256("\n".join([hit.delivery_id for hit in hits]).encode()).hexdigest()


def batches(messages: Sequence[Outgoing], *, max_entries: int, max_bytes: int) -> Iterator[list[int]]:
    """The positions of the messages that go into one call each, in order."""
    batch: list[int] = []
    size = 0
    for position, message in enumerate(messages):
        if batch and (len(batch) >= max_entries or size + len(message.body) > max_bytes):
            yield batch
            batch, size = [], 0
        batch.append(position)
        size += len(message.body)
    if batch:
        yield batch
