"""What became of each hit of one message, read from the ledger and the letters: the drain itself does nothing more for it."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final, NamedTuple

from footfall.queueing.dead_letters import read_letter
from footfall.queueing.ledger import DELIVERED, PARKED, UNCERTAIN, UNCERTAIN_AGAIN, Ledger
from footfall.queueing.one_message import OneMessage, Processed, process_one
from footfall.queueing.plan import NOWHERE, Group, ReadMessage, Router, Task
from footfall.queueing.ports import DeadLetterSink
from footfall.queueing.process import Drain, reader_of
from footfall.queueing.tally import Tally

ALREADY_DELIVERED: Final = "already delivered"
ALREADY_PARKED: Final = "already a dead letter"
REJECTED: Final = "rejected"
SUPPRESSED: Final = "suppressed"
WAITING: Final = "waiting"

Marks = frozenset[str]
Place = tuple[Group, Task]


class HitVerdict(NamedTuple):
    """One hit at one destination; `outcome` is delivered, rejected, uncertain, waiting, suppressed, or what it was already."""

    event_id: str
    destination: str
    outcome: str
    reason: str = ""
    detail: str = ""


class Judged(NamedTuple):
    """What `process_message` answers, and a verdict for each hit and destination, in the message's order."""

    processed: Processed
    verdicts: tuple[HitVerdict, ...]


def judge_message(drain: Drain, body: str) -> Judged:
    """Process one message as `process_message` does, and tell what became of each hit.

    Raises:
        UnavailableError: as `process_message`.
    """
    message = OneMessage(body, now_ms=drain.now())
    read = reader_of(drain.configuration)(message.received)
    places = _places(drain, read)
    before = _marks(drain, places)
    letters = _NotedLetters(drain.dead_letters)
    processed = process_one(replace(drain, dead_letters=letters), message)
    after = _marks(drain, places)
    waits = {destination: _why_waiting(destination, processed.tally) for destination in {group.destination for group, _ in places}}
    suppressed = [HitVerdict(each.hit.event_id, NOWHERE, SUPPRESSED, each.reason) for each in read.message.suppressed]
    return Judged(processed, (*_verdicts(places, before, after, letters, waits), *suppressed))


def verdict_of(before: Marks, after: Marks) -> tuple[str, str]:
    """The outcome, and the code of its reason where it is a loss, by what the ledger knew before and knows after.

    >>> verdict_of(frozenset(), frozenset({"refused", "parked"}))
    ('rejected', 'refused')
    """
    reason = next((mark for mark in sorted(after) if mark not in (DELIVERED, PARKED, UNCERTAIN, UNCERTAIN_AGAIN)), "")
    is_uncertain = bool(after & {UNCERTAIN, UNCERTAIN_AGAIN})
    if DELIVERED in after:
        return (ALREADY_DELIVERED if DELIVERED in before else DELIVERED), ""
    if PARKED in before:
        return ALREADY_PARKED, reason or UNCERTAIN
    if reason:
        return REJECTED, reason
    return (UNCERTAIN, UNCERTAIN) if is_uncertain else (WAITING, "")


def _places(drain: Drain, read: ReadMessage) -> list[Place]:
    """Where each hit of the message is to be delivered, in the message's order, once."""
    order = {hit.delivery_id: number for number, hit in enumerate(read.message.hits)}
    places = {(task.id, group.destination): (group, task) for group, task in Router(drain.configuration).route(read).tasks}
    return sorted(places.values(), key=lambda place: (order[place[1].id], place[0].destination))


def _marks(drain: Drain, places: Sequence[Place]) -> list[Marks]:
    """What the ledger knows of each now."""
    ledgers = {group: Ledger(drain.table, destination=group.destination, shard=group.shard, keeps_s=0) for group, _ in places}
    for group, ledger in ledgers.items():
        ledger.load([task.entry for theirs, task in places if theirs == group])
    return [ledgers[group].marks_of(task.entry) for group, task in places]


def _verdicts(
    places: Sequence[Place], before: Sequence[Marks], after: Sequence[Marks], letters: "_NotedLetters", waits: Mapping[str, str]
) -> Iterator[HitVerdict]:
    for (group, task), old, new in zip(places, before, after, strict=True):
        destination, event_id = group.destination, task.hit.event_id
        outcome, reason = verdict_of(old, new)
        if outcome == WAITING:
            yield HitVerdict(event_id, destination, outcome, detail=waits[destination])
        elif outcome in (REJECTED, UNCERTAIN) and PARKED not in new:
            yield HitVerdict(event_id, destination, outcome, reason, "not a dead letter yet: give the message again")
        else:
            yield HitVerdict(event_id, destination, outcome, reason, letters.details.get((destination, event_id), ""))


def _why_waiting(destination: str, tally: Tally) -> str:
    if why := tally.circuits.get(destination):
        return f"the circuit is open: {why}"
    if not tally.messages["received"]:
        return "no destination takes hits now"
    if tally.stopped:
        return f"its shard was given up: {', '.join(sorted(tally.stopped))}"
    return "nothing was stored; it may be sent again"


class _NotedLetters:
    """A sink that remembers what the letters say, by destination and event id."""

    def __init__(self, sink: DeadLetterSink) -> None:
        self._sink = sink
        self.details: dict[tuple[str, str], str] = {}

    def send(self, bodies: Sequence[bytes]) -> AbstractSet[int]:
        """Send them on."""
        for body in bodies:
            letter = read_letter(body.decode())
            self.details |= {(letter.destination, event_id): letter.detail for event_id in letter.event_ids}
        return self._sink.send(bodies)
