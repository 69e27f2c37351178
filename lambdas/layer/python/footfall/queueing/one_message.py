"""Process one message that is in no queue, as `footfall queue process --event` does: by the same path, ledger and leases included."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from footfall.queueing.ports import Received
from footfall.queueing.process import Drain, process
from footfall.queueing.tally import Tally

_RECEIPT = "message"


class Processed(NamedTuple):
    """Whether every hit has a safe verdict (else the message may be given again), and what was counted."""

    is_done: bool
    tally: Tally


def process_message(drain: Drain, body: str) -> Processed:
    """Deliver one message's hits now, without waiting for them to settle; giving it again delivers nothing twice.

    Raises:
        UnavailableError: as `process`.
    """
    return process_one(drain, OneMessage(body, now_ms=drain.now()))


def process_one(drain: Drain, message: "OneMessage") -> Processed:
    """As `process_message`, for who looks at the message too."""
    tally = Tally()
    process(replace(drain, settle_s=0), message, tally)
    return Processed(message.is_deleted, tally)


class OneMessage:
    """An `InputQueue` that holds one message, and is empty once it was received."""

    def __init__(self, body: str, *, now_ms: int) -> None:
        self.received = Received(_RECEIPT, body, now_ms, now_ms, 1)
        self._waiting = [self.received]
        self.is_deleted = False

    def receive(self, limit: int) -> Sequence[Received]:
        """Hand the message out, once."""
        received, self._waiting = self._waiting[:limit], self._waiting[limit:]
        return received

    def delete(self, receipts: Sequence[str]) -> int:
        """Note that it is done."""
        self.is_deleted = _RECEIPT in receipts
        return 0

    def hide(self, seconds: Mapping[str, int]) -> int:
        """Nobody else can receive it."""
        del seconds
        return 0
