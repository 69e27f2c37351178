"""`bench enqueue`: what a thousand hits of a thousand visitors cost in SQS requests and in CPU, packed and one message per hit."""

import gc
import statistics
import sys
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Final

import pybase64

from bench import lines, measure
from footfall.aws.queues import MAX_BATCH_BYTES, MAX_ENTRIES
from footfall.configuration import Configuration
from footfall.dialects.matomo import VISITOR_ID
from footfall.queueing.enqueue import Enqueuer, Sent
from footfall.queueing.message import COMPATIBLE, PACKED
from footfall.queueing.pack import Outgoing, batches

ACTIVE_VISITORS: Final = 1_000
ROUNDS: Final = 9
RECORDS_PER_ROUND: Final = 2_000
"""What Lambda hands over at a time (stacks/constructs/enqueue.py)."""
FEW_RECORDS: Final = 200
"""Of a batching window of 20 seconds at 10 hits a second."""
WARM_UP_ROUNDS: Final = 4
BILLED_BYTES: Final = 64 * 1024
"""Of the payload of a call: each such chunk is billed as one request (aws.amazon.com/sqs/pricing)."""
USD_PER_MILLION: Final = {"standard": 0.40, "fifo": 0.50}
"""Requests, list price of most regions after the first million a month (the same page)."""

Records = list[dict[str, Any]]


class CountingOutbox:
    """Confirms everything, and counts what SQS would bill: for the calls that send it, receive it and delete it."""

    def __init__(self) -> None:
        self.hits = self.messages = self.bytes = self.sends = self.receives = self.deletes = 0

    def send(self, messages: Sequence[Outgoing]) -> Sent:
        """Count the requests of one batch."""
        calls = [
            sum(len(messages[at].body) for at in batch) for batch in batches(messages, max_entries=MAX_ENTRIES, max_bytes=MAX_BATCH_BYTES)
        ]
        self.hits += sum(len(message.numbers) for message in messages)
        self.messages += len(messages)
        self.bytes += sum(calls)
        self.sends += sum(billed(size) for size in calls)
        self.receives += sum(billed(size) for size in calls)  # ten at a time, as they were sent
        self.deletes += len(calls)
        return Sent({}, len(calls))

    def per_thousand(self, count: int) -> float:
        """So many for each thousand hits."""
        return 1000 * count / self.hits


def billed(size_bytes: int) -> int:
    """The requests that a call with this payload is billed as."""
    return max(1, -(-size_bytes // BILLED_BYTES))


def run(seed: int) -> int:
    """Measure and print the line; returns 0."""
    warm_up, *rounds = _rounds(seed)
    packed = _sent(rounds, PACKED)
    _describe(PACKED, packed)
    few = [batch[start : start + FEW_RECORDS] for batch in rounds for start in range(0, len(batch), FEW_RECORDS)]
    _describe(f"{PACKED}, {FEW_RECORDS} hits at a time", _sent(few, PACKED))
    _describe(COMPATIBLE, _sent(rounds, COMPATIBLE))
    requests = packed.per_thousand(packed.sends)
    say(f"one call and one message per hit: 1000 requests per 1000 hits, {1000 / requests:.1f} times as many")
    figures = {"requests_per_1000_hits": requests, "hits_per_s": packed.hits / ROUNDS / _seconds(warm_up, rounds)}
    print("bench enqueue " + " ".join(f"{name}={value:.{1 if name.startswith('requests') else 0}f}" for name, value in figures.items()))
    return 0


def enqueue(enqueuer: Enqueuer, records: Records, outbox: CountingOutbox) -> None:
    """One call of the handler, without its log line and metrics."""
    enqueuer.enqueue(records, lambda _: lines.salts(), outbox, now_ms=lines.NOW_MS)


def _sent(batches_of_records: Sequence[Records], layout: str) -> CountingOutbox:
    enqueuer, outbox = Enqueuer(_configuration(layout)), CountingOutbox()
    for records in batches_of_records:
        enqueue(enqueuer, records, outbox)
    return outbox


def _seconds(warm_up: Records, rounds: Sequence[Records]) -> float:
    """CPU seconds for one round, the median, with the memories of a warm execution environment."""
    enqueuer, outbox = Enqueuer(_configuration(PACKED)), CountingOutbox()
    enqueue(enqueuer, warm_up, outbox)
    gc.collect()
    gc.freeze()  # the generated lines are no part of what is measured
    return statistics.median(measure.alternate(rounds, {PACKED: lambda batch: enqueue(enqueuer, batch, outbox)})[PACKED])


def _describe(layout: str, outbox: CountingOutbox) -> None:
    per_thousand = {name: outbox.per_thousand(getattr(outbox, name)) for name in ("messages", "sends", "receives", "deletes")}
    total = sum(per_thousand[name] for name in ("sends", "receives", "deletes"))
    usd = ", ".join(f"{kind} {total / 1000 * usd:.3f}" for kind, usd in USD_PER_MILLION.items())
    parts = ", ".join(f"{name} {number:.1f}" for name, number in per_thousand.items())
    say(f"{layout}: {outbox.bytes / outbox.hits:.0f} bytes per hit; per 1000 hits: {parts}; USD per million hits: {usd}")


def _configuration(layout: str) -> Configuration:
    return lines.configuration(
        sites={
            "default": "main",
            "main": {"ids": ["1"], "hosts": ["www.example.org", "blog.example.net"], "deliver": {"matomo": "1"}},
            "shop": {"ids": ["2"], "hosts": ["shop.example.org"], "deliver": {"matomo": "2"}},
        },
        destinations={"matomo": {"url": "https://matomo.example.org/matomo.php", "token_secret": "matomo"}},
        queue={"layout": layout},
    )


def _rounds(seed: int) -> list[Records]:
    """Batches of page views and events of as many visitors as are active; the first is longer, to warm up."""
    endless = _tracker_lines(seed)
    sizes = (WARM_UP_ROUNDS * RECORDS_PER_ROUND, *[RECORDS_PER_ROUND] * ROUNDS)
    return [[_record(next(endless), number) for number in range(size)] for size in sizes]


def _tracker_lines(seed: int) -> Iterator[str]:
    """Lines of trackers, each with the id of one of the active visitors in place of its own."""
    random = Random(seed)
    visitors = [f"{random.getrandbits(64):016x}" for _ in range(ACTIVE_VISITORS)]
    for line in lines.generate_lines(seed):
        _, marker, after = line.partition("_id=")
        if not marker or "Sec-GPC:1" in line or "sec-gpc" in line.lower():
            continue
        given = VISITOR_ID.match(after)
        if given:
            visitor = random.choice(visitors)
            yield line.replace(f"_id={given[0]}", f"_id={visitor}")


def _record(line: str, number: int) -> dict[str, Any]:
    return {"kinesis": {"data": pybase64.b64encode(line.encode()).decode("ascii"), "sequenceNumber": str(number)}}


def say(text: str) -> None:
    """Tell the person who waits how it goes."""
    print(text, file=sys.stderr, flush=True)
