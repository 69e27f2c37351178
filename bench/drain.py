"""`bench drain`: CPU of the drain for each hit, against a loopback sink that acknowledges at once, next to naive drains.

All are given the same messages of the tracking queue, and send to the same sink, a process of its own. The naive ones keep nothing:
one POST for each hit, and one for each message. Ours reads and writes a ledger, whose calls are counted and not timed.
"""

import json
import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import requests

from bench.delivery_table import BilledQueue, BilledTable, NoDeadLetters
from bench.measure import alternate, median_ratio
from footfall.configuration import Configuration, Destination, Queue, Site, Sites
from footfall.destinations.matomo import Matomo
from footfall.queueing.message import QueuedHit, write_message
from footfall.queueing.pack import shard_of
from footfall.queueing.process import Drain, process
from footfall.queueing.tally import Tally
from footfall.transport import HttpTransport

HITS: Final = 20_000
ROUNDS: Final = 7
HITS_PER_BULK: Final = 200
_HITS_PER_MESSAGE: Final = 100
_NAIVE_SHARE: Final = 10
"""The naive drain with a POST for each hit takes a tenth of the hits, for it takes that much longer."""

USD_PER_MILLION_WRITES: Final = 0.625
USD_PER_MILLION_READS: Final = 0.125
USD_PER_MILLION_REQUESTS: Final = 0.40
"""List prices of DynamoDB on demand and SQS standard in us-east-1 (aws.amazon.com/dynamodb/pricing, /sqs/pricing)."""

_AGENTS: Final = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
)
_UADATA: Final = '{"brands":[{"brand":"Chromium","version":"141"}],"mobile":false,"platform":"Windows","formFactors":["Desktop"]}'


class Cost(NamedTuple):
    """What a million hits cost in DynamoDB and SQS, in dollars, and the calls behind it."""

    writes: float
    reads: float
    requests: float

    @property
    def ledger_usd(self) -> float:
        """DynamoDB."""
        return (self.writes * USD_PER_MILLION_WRITES + self.reads * USD_PER_MILLION_READS) / 1e6

    @property
    def queue_usd(self) -> float:
        """Receiving and deleting; sending is the enqueuer's."""
        return self.requests * USD_PER_MILLION_REQUESTS / 1e6


def run(seed: int) -> int:
    """Measure, compare what arrived, print the line; returns 1 when anything is missing, else 0."""
    inputs = [_messages(random.Random(seed + number), HITS, layout="packed", shards=1) for number in range(ROUNDS + 1)]
    with sink() as url:
        candidates = {
            "ours": lambda bodies: _ours(url, bodies, shards=1),
            "message": lambda bodies: _naive_by_message(url, bodies),
            "hit": lambda bodies: _naive_by_hit(url, bodies[: len(bodies) // _NAIVE_SHARE]),
        }
        for name, candidate in candidates.items():
            candidate(inputs[0])
            expected = HITS // _NAIVE_SHARE if name == "hit" else HITS
            arrived = int(urllib.request.urlopen(url).read())
            say(f"{name}: {arrived:,} of {expected:,} hits arrived")
            if arrived != expected:
                return 1
        seconds = alternate(inputs[1:], candidates)
    ours_us = 1e6 * median(seconds["ours"]) / HITS
    by_message, by_hit = median_ratio(seconds["message"], seconds["ours"]), _NAIVE_SHARE * median_ratio(seconds["hit"], seconds["ours"])
    say(f"ours: {', '.join(f'{1e6 * each / HITS:.1f}' for each in seconds['ours'])} us per hit; {HITS_PER_BULK} hits a bulk")
    say(
        f"a POST for each hit takes {by_hit:.1f} times the CPU, one for each message {by_message:.2f} times; neither knows what it has sent"
    )
    _say_costs(seed)
    print(f"bench drain cpu_us_per_hit={ours_us:.1f} ratio_vs_naive={by_hit:.1f} ratio_vs_post_per_message={by_message:.2f}")
    return 0


def _ours(url: str, bodies: Sequence[str], *, shards: int, table: BilledTable | None = None) -> tuple[BilledTable, BilledQueue]:
    destination = Destination(name="matomo", url=url, token_secret="token", hits_per_bulk=HITS_PER_BULK)
    site = Site(key="main", ids=("1",), deliver=(("matomo", "1"),))
    configuration = Configuration(
        sites=Sites(registered=(site,)), destinations=(destination,), queue=Queue(settle_s=0, visitor_shards=shards)
    )
    table = table or BilledTable()
    now_ms = time.time_ns() // 1_000_000
    queue, tally = BilledQueue(bodies, now_ms), Tally()
    drain = Drain(
        configuration=configuration,
        destinations={"matomo": Matomo(destination, ip_policy="truncate", trusts_all=False, transport=HttpTransport(), token=_Token())},
        table=table,
        dead_letters=NoDeadLetters(),
        queue_name="bench",
        owner="bench",
        now=lambda: time.time_ns() // 1_000_000,
        jitter=lambda: 0.0,
        until_ms=now_ms + 900_000,
        settle_s=0,
        threads=1,
    )
    process(drain, queue, tally)
    if queue.deleted != len(bodies):
        raise AssertionError(f"{queue.deleted} of {len(bodies)} messages deleted: {tally.totals()}")
    return table, queue


class _Token:
    def value(self) -> str:
        return "0" * 32

    def refresh(self) -> bool:
        return False


def _naive_by_hit(url: str, bodies: Sequence[str]) -> None:
    """What people write first: a session, and a POST for each hit."""
    with requests.Session() as session:
        for body in bodies:
            for hit in json.loads(body)["content"]["requests"]:
                session.post(url, data=hit, timeout=30).raise_for_status()


def _naive_by_message(url: str, bodies: Sequence[str]) -> None:
    """And then: a bulk for each message, whatever its size."""
    with requests.Session() as session:
        for body in bodies:
            bulk = {"requests": json.loads(body)["content"]["requests"], "token_auth": "0" * 32}
            session.post(url, json=bulk, timeout=30).raise_for_status()


def _say_costs(seed: int) -> None:
    """Ledger and queue for each million hits, in each layout, busy and quiet."""
    with sink() as url:
        for layout in ("packed", "compatible"):
            for name, hits, seconds in (("1,000 hits/s", 60_000, 60), ("1 hit/s", 3_600, 3_600)):
                cost = _cost(url, random.Random(seed), layout, hits, seconds)
                say(
                    f"cost per million hits, {layout}, {name}: ledger ${cost.ledger_usd:.2f} "
                    f"({cost.writes / 1e6:.2f} write and {cost.reads / 1e6:.2f} read units a hit), "
                    f"receiving and deleting ${cost.queue_usd:.2f}"
                )


def _cost(url: str, rng: random.Random, layout: str, hits: int, seconds: int) -> Cost:
    """Play a minute after the other, each with one run, as the schedule does."""
    table, requests_made = BilledTable(), 0
    minutes = max(seconds // 60, 1)
    for minute in range(minutes):
        bodies = _messages(rng, hits // minutes, layout=layout, shards=8, minute=minute)
        requests_made += _ours(url, bodies, shards=8, table=table)[1].requests
    share = 1e6 / hits
    return Cost(table.units["write"] * share, table.units["read"] * share, requests_made * share)


def _messages(rng: random.Random, hits: int, *, layout: str, shards: int, minute: int = 0) -> list[str]:
    """Messages as enqueue_hits writes them: the hits of one minute, of one visitor shard in each, as they came."""
    start_ms = time.time_ns() // 1_000_000 - 3_600_000 + 60_000 * minute
    by_shard: dict[int, list[QueuedHit]] = {}
    for number in range(hits):
        hit = _hit(rng, start_ms + 60_000 * number // hits)
        by_shard.setdefault(shard_of(hit, shards), []).append(hit)
    size = _HITS_PER_MESSAGE if layout == "packed" else 1
    return [
        write_message(theirs[start : start + size], layout=layout, shard=shard, shards=shards).decode()
        for shard, theirs in by_shard.items()
        for start in range(0, len(theirs), size)
    ]


def _hit(rng: random.Random, received_ms: int) -> QueuedHit:
    """A page view as matomo.js reports it; one in five an event, one in three with client hints."""
    page = f"https://www.example.org/shop/category-{rng.randrange(50)}/product-{rng.randrange(10_000)}"
    parameters = {
        "idsite": "1", "rec": "1", "action_name": f"Product {rng.randrange(10_000)} - Example Shop", "r": str(rng.randrange(10**6)),
        "h": "11", "m": "6", "s": "40", "url": page, "urlref": "https://www.example.org/", "_id": f"{rng.getrandbits(64):016x}",
        "_idn": "0", "send_image": "0", "cookie": "1", "res": "1920x1080", "pv_id": f"{rng.getrandbits(32):08x}"[:6],
        "pf_net": "12", "pf_srv": "87", "pf_tfr": "4", "pf_dm1": "320",
    }  # fmt: skip
    if rng.random() < 0.2:
        parameters |= {"e_c": "Video", "e_a": "Play", "e_n": "Intro", "e_v": str(rng.randrange(100))}
    if rng.random() < 0.33:
        parameters["uadata"] = _UADATA
    return QueuedHit(
        event_id=f"{rng.getrandbits(256):064x}"[:52] + "==",
        received_ms=received_ms,
        event_ms=received_ms,
        time_s=received_ms // 1000,
        parameters=parameters,
        site="main",
        address="203.0.113.0",
        user_agent=rng.choice(_AGENTS),
        language="de-DE,de;q=0.8",
        visitor_id=f"{rng.randrange(1_000):016x}",
        host="d111111abcdef8.cloudfront.net",
        referer=page,
    )


@contextmanager
def sink() -> Iterator[str]:
    """Run the sink; its URL."""
    command = [sys.executable, "-m", "bench.sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process_of_sink:
        try:
            assert process_of_sink.stdout is not None
            yield f"http://127.0.0.1:{int(process_of_sink.stdout.readline())}/matomo.php"
        finally:
            process_of_sink.kill()


def say(text: str) -> None:
    """Tell the person who waits how it goes."""
    print(text, file=sys.stderr, flush=True)
