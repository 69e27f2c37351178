"""Drain the tracking queue: rounds of receive, deliver, settle, until it is empty or time is nearly up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from footfall.configuration import Configuration
from footfall.destinations.delivery import Destination
from footfall.hits.authentication import read_token_hashes
from footfall.privacy import is_accepted_token
from footfall.queueing.circuits import Circuits
from footfall.queueing.dead_letters import DeadLetter, write_letter
from footfall.queueing.deliver import WAITS, needed_ms
from footfall.queueing.heartbeat import Heartbeat
from footfall.queueing.plan import NOWHERE, ReadMessage, Routed, Router, by_group, not_settled_s, read_received
from footfall.queueing.policy import Policy
from footfall.queueing.ports import DeadLetterSink, DeliveryTable, InputQueue, Received
from footfall.queueing.settle import Waiting, settle, wait_s, waiting_in
from footfall.queueing.shards import Shards
from footfall.queueing.tally import Tally

BULKS_PER_SHARD: Final = 2
MOST_HITS: Final = 10_000
MOST_MESSAGES: Final = 1_000
"""A round receives so many bulks for each shard, since half-empty ones cost as many requests, and never more than this: what is
received is hidden from others, and in memory."""

_PER_CALL: Final = 10
_DAY_S: Final = 86_400
_LEDGER_DAYS: Final = 2
"""The ledger outlives the queue by so much."""
_LEAST_MS: Final = 10_000
"""A round begins only with so much time left, besides what one request needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """What a run is made of. `now`: Unix milliseconds; `jitter`: numbers from 0 to 1; `visibility_s`: what a receive hides for.

    `owner` is unique to the run. `settle_s` is the configuration's, but for tests and for a single message.
    """

    configuration: Configuration
    destinations: Mapping[str, Destination]
    table: DeliveryTable
    dead_letters: DeadLetterSink
    queue_name: str
    owner: str
    now: Callable[[], int]
    jitter: Callable[[], float]
    until_ms: int
    visibility_s: int = 300
    settle_s: int = 60
    threads: int = 8


def process(drain: Drain, queue: InputQueue, tally: Tally) -> None:
    """Deliver what is in the queue and count it. Two runs at once, or one again after a crash, are safe.

    Raises:
        UnavailableError: the queue or the delivery table did not answer at all; what was received comes back by itself.
    """
    run = _Run(drain, queue, tally)
    try:
        while run.has_time() and run.play_round():
            pass
    finally:
        run.close()


def reader_of(configuration: Configuration) -> Callable[[Received], ReadMessage]:
    """What reads messages, with the trust that the configuration gives to who wrote them, and the policies they are under."""
    hashes = read_token_hashes(configuration.privacy.accepted_tokens)
    return partial(
        read_received,
        is_accepted=lambda token: is_accepted_token(token, hashes),
        trusts_all=configuration.queue.trust == "all",
        policy=Policy(configuration.privacy),
    )


def round_needs_ms(destinations: Iterable[Destination]) -> int:
    """How much time a round needs at least; with less nothing is received."""
    return min((needed_ms(each.timeout_s) for each in destinations), default=0) + _LEAST_MS


class _Run:
    """One run: its router, circuits and shards."""

    def __init__(self, drain: Drain, queue: InputQueue, tally: Tally) -> None:
        self._tally = tally
        self._drain = drain
        self._queue = queue
        self._router = Router(drain.configuration)
        self._read = reader_of(drain.configuration)
        self._circuits = Circuits(drain.table, drain.destinations, sites_of=self._router.sites_of, now=drain.now, jitter=drain.jitter)
        bulk = max((each.hits_per_bulk for each in drain.destinations.values()), default=1)
        self._most_hits = min(BULKS_PER_SHARD * drain.configuration.queue.visitor_shards * bulk, MOST_HITS)
        self._shards = Shards(
            table=drain.table,
            destinations=drain.destinations,
            circuits=self._circuits,
            dead_letters=drain.dead_letters,
            queue_name=drain.queue_name,
            owner=drain.owner,
            keeps_s=_DAY_S * (drain.configuration.queue.retention_days + _LEDGER_DAYS),
            now=drain.now,
            until_ms=drain.until_ms,
            threads=drain.threads,
        )

    def has_time(self) -> bool:
        """Whether there is time for another round."""
        return self._drain.now() + round_needs_ms(self._drain.destinations.values()) < self._drain.until_ms

    def play_round(self) -> bool:
        """Receive, deliver and settle once; whether there may be more to do."""
        self._circuits.refresh()
        if self._circuits.all_open():
            return False
        messages = self._receive()
        if not messages:
            return False
        now_ms = self._drain.now()
        early = {
            read.received.receipt: wait for read in messages if (wait := not_settled_s(read, settle_s=self._drain.settle_s, now_ms=now_ms))
        }
        settled = [self._router.route(read) for read in messages if read.received.receipt not in early]
        heartbeat = Heartbeat(
            self._queue,
            [each.read.received.receipt for each in settled],
            visibility_s=self._drain.visibility_s,
            now=self._drain.now,
        )
        waiting = self._shards.deliver(by_group(settled), heartbeat.beat, self._tally)
        self._tally.messages["unconfirmed"] += heartbeat.unconfirmed
        self._settle(settled, waiting, early)
        return not any(fate.is_due for fates in waiting.values() for fate in fates)  # else time is up for some destination

    def close(self) -> None:
        """Give the leases back and note the circuits."""
        self._shards.release(self._tally)
        self._tally.circuits = self._circuits.reasons()

    def _receive(self) -> list[ReadMessage]:
        messages: list[ReadMessage] = []
        hits = 0
        while hits < self._most_hits and len(messages) < MOST_MESSAGES:
            received = self._queue.receive(_PER_CALL)
            if not received:
                break
            read = [self._read(each) for each in received]
            hits += sum(len(each.message.hits) for each in read)
            messages += read
        self._tally.messages["received"] += len(messages)
        return messages

    def _settle(self, messages: Sequence[Routed], waiting: Waiting, early: Mapping[str, int]) -> None:
        safe: list[str] = []
        waits = dict(early)
        now_ms = self._drain.now()
        for read, _, suppressed in messages:
            theirs = waiting_in(read, waiting)
            if not theirs and self._park_unreadable(read, now_ms):
                safe.append(read.received.receipt)
                self._tally.suppressed.update(suppressed)
            else:
                age_ms = max(now_ms - read.received.sent_ms, 0)
                waits[read.received.receipt] = wait_s(theirs or [WAITS], age_ms=age_ms, now_ms=now_ms, jitter=self._drain.jitter())
        self._tally.messages.update(deleted=len(safe), waiting=len(waits), unconfirmed=settle(self._queue, safe, waits))

    def _park_unreadable(self, read: ReadMessage, now_ms: int) -> bool:
        """Write a letter for what of a message is in no known form, once all else of it is safe; whether it is written."""
        count = read.message.unreadable
        if not count:
            return True
        letter = DeadLetter(
            destination=NOWHERE,
            reason=read.reason,
            detail=read.problem or f"{count} elements of the message are no request",
            site="",
            event_ids=(),
            first_attempt_ms=read.received.first_received_ms,
            last_attempt_ms=now_ms,
            count=count,
            evidence={},
            hit=None,
        )
        if self._drain.dead_letters.send([write_letter(letter)]):
            return False
        self._tally.losses[letter.reason, ""] += count
        return True
