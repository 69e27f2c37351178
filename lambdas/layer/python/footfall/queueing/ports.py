"""What the drain needs of the world outside: queues, and a table that remembers deliveries, leases and circuits."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple, Protocol

from footfall.queueing.circuit import Circuit

Marks = Mapping[str, AbstractSet[bytes]]
"""Digests of delivery ids (8 bytes each) by what is known of them."""
InFlight = Mapping[int, AbstractSet[bytes]]
"""Digests of a bulk that may be under way, by the minute of their ledger slot."""


class Received(NamedTuple):
    """A message as received; `receipt` stands for it until it is hidden no more. Times in Unix milliseconds."""

    receipt: str
    body: str
    sent_ms: int
    first_received_ms: int
    receive_count: int


class LeaseState(NamedTuple):
    """A lease that was not given back: who took it, until when, and of how many hits the outcome was not known yet."""

    owner: str
    until_ms: int
    in_flight: int


class InputQueue(Protocol):
    """The tracking queue, as its reader sees it; failures of `delete` and `hide` are counted and harmless."""

    def receive(self, limit: int) -> Sequence[Received]:
        """Receive at most `limit` messages and hide them for the queue's visibility timeout; none means none for now."""

    def delete(self, receipts: Sequence[str]) -> int:
        """Delete messages; return how many were not."""

    def hide(self, seconds: Mapping[str, int]) -> int:
        """Hide messages for so long from now, by receipt; return how many were not."""


class DeadLetterSink(Protocol):
    """The queue of dead letters, as its writer sees it."""

    def send(self, bodies: Sequence[bytes]) -> AbstractSet[int]:
        """Send all; return the positions of those that were not confirmed."""


class DeliveryTable(Protocol):
    """What is known of deliveries. Every method raises UnavailableError when the table does not answer."""

    def take_lease(self, key: str, owner: str, *, now_ms: int, until_ms: int) -> InFlight:
        """Take a lease that is free, expired or one's own; return what its last holder may have had under way.

        Raises:
            StoppedError: another holds it.
        """

    def renew_lease(self, key: str, owner: str, *, until_ms: int, in_flight: InFlight) -> None:
        """Renew a lease that one holds and record what will be under way, in one write.

        Raises:
            StoppedError: another has taken it.
        """

    def release_lease(self, key: str, owner: str) -> None:
        """Give a lease back, with nothing under way; one that another has taken stays as it is."""

    def read_slots(self, keys: Sequence[str]) -> Mapping[str, Marks]:
        """Read ledger slots consistently; those that do not exist are left out."""

    def add_marks(self, key: str, marks: Marks, *, expires_s: int) -> None:
        """Add digests to a slot, in one write; repeating it changes nothing. `expires_s`: Unix seconds."""

    def read_circuit(self, destination: str) -> Circuit:
        """Read a destination's circuit; one that was never opened is closed."""

    def write_circuit(self, destination: str, circuit: Circuit, *, expected_version: int) -> bool:
        """Write a circuit unless another did since that version was read; return whether it is written."""
