"""Which visitor shards a run holds, or left behind: what `footfall queue status` shows of the leases. Only reads."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from footfall.queueing.lease import lease_key
from footfall.queueing.ports import LeaseState

_MOST_KEYS: Final = 100
"""BatchGetItem reads no more."""


class LeaseReader(Protocol):
    """The delivery table, as far as leases are read."""

    def read_leases(self, keys: Sequence[str]) -> Mapping[str, LeaseState]:
        """Read at most 100 leases consistently; those that nobody holds are left out. Raises UnavailableError."""


class HeldShard(NamedTuple):
    """A visitor shard of a destination (number, of how many) that is not free: until when, and how many hits may be under way."""

    destination: str
    shard: tuple[int, int]
    until_ms: int
    in_flight: int

    def describe(self, now_ms: int) -> str:
        """What it means for the shard's hits."""
        if now_ms < self.until_ms:
            return "a run delivers it" if self.in_flight else "a run holds it"
        left = "its run ended without giving it back; the next run takes it"
        return f"{left}, and nobody knows the outcome of what is in flight" if self.in_flight else left


def held_shards(table: LeaseReader, queue_name: str, destinations: Iterable[str], *, shards: int) -> list[HeldShard]:
    """Every lease that is not given back, of so many visitor shards for each destination; the table is not searched.

    Raises:
        UnavailableError: the table did not answer.
    """
    groups = [(name, (number, shards)) for name in destinations for number in range(shards)]
    keys = {lease_key(queue_name, name, shard): (name, shard) for name, shard in groups}
    wanted = list(keys)
    found: dict[str, LeaseState] = {}
    for start in range(0, len(wanted), _MOST_KEYS):
        found |= table.read_leases(wanted[start : start + _MOST_KEYS])
    return [HeldShard(*keys[key], found[key].until_ms, found[key].in_flight) for key in wanted if key in found]
