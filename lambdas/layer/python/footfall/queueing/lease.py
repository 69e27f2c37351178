"""A lease on one visitor shard of one destination: one bulk in flight, and whoever takes over learns which."""

from collections import defaultdict
from collections.abc import Iterable

from footfall.queueing.ledger import UNCERTAIN, UNCERTAIN_AGAIN, Entry, Ledger
from footfall.queueing.ports import DeliveryTable, InFlight


def lease_key(queue_name: str, destination: str, shard: tuple[int, int]) -> str:
    """The key of the lease on one visitor shard (number, of how many) of one destination.

    >>> lease_key("tracking", "matomo", (3, 8))
    'lease/tracking/matomo/8/3'
    """
    number, of = shard
    return f"lease/{queue_name}/{destination}/{of}/{number}"


class Lease:
    """A lease that is held, with the ledger of its shard. Make it with `take_lease`."""

    def __init__(self, table: DeliveryTable, key: str, owner: str, ledger: Ledger, *, lasts_ms: int) -> None:
        self._table = table
        self._key = key
        self._owner = owner
        self._lasts_ms = lasts_ms
        self.ledger = ledger
        self.writes = 0

    def take(self, *, now_ms: int) -> int:
        """Take it; what its last holder left without an outcome is written down as uncertain: returns how many hits.

        Raises:
            StoppedError: another holds it.
            UnavailableError: the table did not answer.
        """
        in_flight = self._table.take_lease(self._key, self._owner, now_ms=now_ms, until_ms=now_ms + self._lasts_ms)
        self.writes += 1
        entries = [Entry(minute, digest) for minute, digests in sorted(in_flight.items()) for digest in sorted(digests)]
        return self._write_unknown(entries, now_ms=now_ms) if entries else 0

    def intend(self, entries: Iterable[Entry], *, now_ms: int) -> None:
        """Record what is about to be sent, and hold the lease for its full time from now.

        Raises:
            StoppedError: another has taken it: nothing may be sent.
            UnavailableError: the table did not answer: as if another had.
        """
        in_flight: dict[int, set[bytes]] = defaultdict(set)
        for entry in entries:
            in_flight[entry.minute].add(entry.digest)
        self._renew(in_flight, now_ms=now_ms)

    def release(self) -> None:
        """Give it back: call it only when all that was sent has its outcome in the ledger.

        Raises:
            UnavailableError: the table did not answer; the lease expires by itself.
        """
        self._table.release_lease(self._key, self._owner)
        self.writes += 1

    def _write_unknown(self, entries: list[Entry], *, now_ms: int) -> int:
        self.ledger.load(entries)
        known = {entry: self.ledger.marks_of(entry) for entry in entries}
        unknown = [(entry, mark) for entry in entries if (mark := _unknown_mark(known[entry]))]
        if unknown:
            self.ledger.add(unknown, now_ms=now_ms)
        self._renew({}, now_ms=now_ms)
        return len(unknown)

    def _renew(self, in_flight: InFlight, *, now_ms: int) -> None:
        self._table.renew_lease(self._key, self._owner, until_ms=now_ms + self._lasts_ms, in_flight=in_flight)
        self.writes += 1


def _unknown_mark(marks: frozenset[str]) -> str:
    """What is to be written of a hit that was in flight: nothing when it has an outcome."""
    if not marks:
        return UNCERTAIN
    if marks == {UNCERTAIN}:
        return UNCERTAIN_AGAIN
    return ""
