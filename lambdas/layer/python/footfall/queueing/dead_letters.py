"""Dead letters: one for each hit that could not be delivered, with its reason, redacted evidence, and the hit itself to send again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Self

import orjson

from footfall.dialects.parameters import DIMENSION_PREFIX, PIWIK_PRO
from footfall.errors import RejectedError
from footfall.privacy import mask
from footfall.queueing.incoming import read_message
from footfall.queueing.message import PACKED, QueuedHit, write_message
from footfall.queueing.ports import InputQueue, Received

VERSION: Final = 1
LARGEST_BYTES: Final = 1_000_000
"""SQS takes 1 MiB; a letter that would be larger goes without its hit, and says so."""

_HELD_S: Final = 900
"""Letters that are looked at are hidden so long, so that one look meets each once."""
_MOST_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A letter: `hit` is None where there is none to send again; `count` hits are lost of those in `event_ids`. Unix milliseconds.

    `evidence` has the parameters' names with masked values.
    """

    destination: str
    reason: str
    detail: str
    site: str
    event_ids: tuple[str, ...]
    first_attempt_ms: int
    last_attempt_ms: int
    count: int = 1
    evidence: Mapping[str, str]
    hit: QueuedHit | None


def letter_of(hit: QueuedHit, *, destination: str, reason: str, detail: str, site: str, first_ms: int, now_ms: int) -> DeadLetter:
    """A letter for one hit."""
    return DeadLetter(
        destination=destination,
        reason=reason,
        detail=detail,
        site=site,
        event_ids=(hit.event_id,),
        first_attempt_ms=first_ms,
        last_attempt_ms=now_ms,
        evidence=_shown(hit.parameters),
        hit=hit,
    )


def write_letter(letter: DeadLetter) -> bytes:
    """Write a letter; `read_letter` reads it back equal."""
    document: dict[str, Any] = {
        "footfall_dead_letter": VERSION,
        "destination": letter.destination,
        "reason": letter.reason,
        "detail": letter.detail,
        "site": letter.site,
        "event_ids": letter.event_ids,
        "count": letter.count,
        "first_attempt": _time(letter.first_attempt_ms),
        "last_attempt": _time(letter.last_attempt_ms),
        "evidence": letter.evidence,
    }
    if letter.hit is None:
        return orjson.dumps(document)
    message = write_message([letter.hit], layout=PACKED, shard=0, shards=1).decode()
    body = orjson.dumps(document | {"message": message})
    return body if len(body) <= LARGEST_BYTES else orjson.dumps(document | {"left_out": f"the hit, of {len(message)} bytes"})


def read_letter(body: str) -> DeadLetter:
    """Read a letter.

    Raises:
        RejectedError: it is none; the text tells nothing of the content.
    """
    try:
        document = orjson.loads(body)
        message = document.get("message")
        return DeadLetter(
            destination=str(document["destination"]),
            reason=str(document["reason"]),
            detail=str(document["detail"]),
            site=str(document["site"]),
            event_ids=tuple(str(each) for each in document["event_ids"]),
            count=int(document["count"]),
            first_attempt_ms=_read_time(document["first_attempt"]),
            last_attempt_ms=_read_time(document["last_attempt"]),
            evidence={str(name): str(value) for name, value in document["evidence"].items()},
            hit=_read_hit(message) if message else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as broken:
        raise RejectedError(f"not a dead letter: {type(broken).__name__}") from None


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
    """How many letters were sent again, could not be (there is no hit in them), were not confirmed, and stayed."""

    sent: int = 0
    without_hit: int = 0
    failed: int = 0
    stayed: int = 0


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
            else:
                look.delete(received)
                done = done._replace(sent=done.sent + 1)
            observe(done)
    return done


def purge(queue: InputQueue, chosen: Chosen, *, observe: Callable[[int], None] = lambda _purged: None) -> int:
    """Delete letters for good; returns how many."""
    purged = 0
    with _Look(queue) as look:
        for received, letter in look:
            if letter is not None and chosen.includes(letter):
                look.delete(received)
                purged += 1
                observe(purged)
    return purged


class _Look:
    """Meets every letter of the queue once, and shows those that stay again at the end."""

    def __init__(self, queue: InputQueue) -> None:
        self._queue = queue
        self._held: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __iter__(self) -> Iterator[tuple[Received, DeadLetter | None]]:
        while received := self._queue.receive(10):
            self._held |= {each.receipt: 0 for each in received}
            self._queue.hide({each.receipt: _HELD_S for each in received})
            for each in received:
                yield each, _read_or_none(each.body)

    def delete(self, received: Received) -> None:
        """Delete one that was met."""
        if self._queue.delete([received.receipt]) == 0:
            del self._held[received.receipt]

    def __exit__(self, *_: object) -> None:
        if self._held:
            self._queue.hide(self._held)


def _read_or_none(body: str) -> DeadLetter | None:
    try:
        return read_letter(body)
    except RejectedError:
        return None


def _read_hit(message: str) -> QueuedHit:
    (hit,) = read_message(message, sent_ms=0, is_accepted=lambda _token: False).hits
    return hit


def _shown(parameters: Mapping[str, str]) -> dict[str, str]:
    """Names and masked values; a name that is no word of a tracker's may be anything, so it is masked too."""
    return {_name(name): mask(value) for name, value in list(parameters.items())[:_MOST_SHOWN]}


def _name(name: str) -> str:
    return name if name in PIWIK_PRO or name.startswith(DIMENSION_PREFIX) else mask(name)


def _time(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _read_time(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
