"""Look at dead letters, send their hits again, or delete them: each letter of the queue is met once."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final, NamedTuple, Self

from footfall.errors import RejectedError
from footfall.queueing.dead_letters import DeadLetter, read_letter
from footfall.queueing.message import QueuedHit
from footfall.queueing.ports import InputQueue, Received

_HELD_S: Final = 900
"""Letters that are looked at are hidden so long, so that one look meets each once."""
_PER_CALL: Final = 10


class Chosen(NamedTuple):
    """Which letters are meant: by reason and destination ("" for all) and by when they were written at the earliest."""

    reason: str = ""
    destination: str = ""
    since_ms: int = 0

    def includes(self, letter: DeadLetter) -> bool:
        """Whether a letter is meant."""
        return (
            (not self.reason or letter.reason == self.reason)
            and (not self.destination or letter.destination == self.destination)
            and letter.last_attempt_ms >= self.since_ms
        )


class Redriven(NamedTuple):
    """How many letters were sent again and are gone, could not be sent (there is no hit in them), were not confirmed, and stayed.

    `sent_but_kept`: the hit is on its way, and the queue did not confirm that its letter is deleted. To send it again is safe: it
    has the same delivery id.
    """

    sent: int = 0
    without_hit: int = 0
    failed: int = 0
    stayed: int = 0
    sent_but_kept: int = 0


class Purged(NamedTuple):
    """How many letters are deleted, and of how many the queue did not confirm it: they may come again."""

    deleted: int = 0
    unconfirmed: int = 0


Resend = Callable[[Sequence[QueuedHit]], AbstractSet[int]]
"""Sends hits to the tracking queue; returns the positions of those that were not confirmed."""


def peek(queue: InputQueue, chosen: Chosen, *, limit: int) -> list[DeadLetter]:
    """Look at letters and leave them where they are."""
    found: list[DeadLetter] = []
    with _Look(queue) as look:
        for _, letter in look:
            if letter is not None and chosen.includes(letter):
                found.append(letter)
                if len(found) >= limit:
                    break
    return found


def redrive(queue: InputQueue, chosen: Chosen, resend: Resend, *, observe: Callable[[Redriven], None] = lambda _progress: None) -> Redriven:
    """Send the hits of letters to their destination once more, and delete the letters.

    A hit is sent with its generation raised by one, for the letter's destination alone. To repeat a redrive that was interrupted
    sends the same delivery ids, so the ledger stops doubles. `observe` is called after each letter.
    """
    done = Redriven()
    with _Look(queue) as look:
        for received, letter in look:
            if letter is None or not chosen.includes(letter):
                done = done._replace(stayed=done.stayed + 1)
            elif letter.hit is None:
                done = done._replace(without_hit=done.without_hit + 1)
            elif resend([replace(letter.hit, generation=letter.hit.generation + 1, only=(letter.destination,))]):
                done = done._replace(failed=done.failed + 1)
            elif look.delete(received):
                done = done._replace(sent=done.sent + 1)
            else:
                done = done._replace(sent_but_kept=done.sent_but_kept + 1)
            observe(done)
    return done


def purge(queue: InputQueue, chosen: Chosen, *, observe: Callable[[Purged], None] = lambda _progress: None) -> Purged:
    """Delete letters for good; `observe` is called after each."""
    done = Purged()
    with _Look(queue) as look:
        for received, letter in look:
            if letter is None or not chosen.includes(letter):
                continue
            is_deleted = look.delete(received)
            done = Purged(done.deleted + is_deleted, done.unconfirmed + (not is_deleted))
            observe(done)
    return done


class _Look:
    """Meets every letter of the queue once, and shows those that stay again at the end."""

    def __init__(self, queue: InputQueue) -> None:
        self._queue = queue
        self._held: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __iter__(self) -> Iterator[tuple[Received, DeadLetter | None]]:
        while received := self._queue.receive(_PER_CALL):
            self._held |= {each.receipt: 0 for each in received}
            self._queue.hide({each.receipt: _HELD_S for each in received})
            for each in received:
                yield each, _read_or_none(each.body)

    def delete(self, received: Received) -> bool:
        """Delete one that was met; whether the queue confirmed it."""
        is_deleted = self._queue.delete([received.receipt]) == 0
        if is_deleted:
            del self._held[received.receipt]
        return is_deleted

    def __exit__(self, *_: object) -> None:
        if self._held:
            self._queue.hide(self._held)


def _read_or_none(body: str) -> DeadLetter | None:
    try:
        return read_letter(body)
    except RejectedError:
        return None
