"""Seeded log lines as CloudFront writes them: what `bench.clients` sends, escaped, cut and put in the columns of a field list."""

from collections.abc import Iterator, Sequence
from random import Random, SystemRandom
from typing import Any, Final

import pybase64

from bench.clients import KINDS
from bench.escape import quote
from bench.trackers import ACCEPTED_TOKEN, PIWIK_PRO_SITE, Columns
from bench.visitors import Visitors
from footfall.configuration import Configuration
from footfall.hits.log_fields import CUT_AT_BYTES, DEFAULT, MISSING, in_canonical_order
from footfall.privacy import token_entry

START_MS: Final = 1_795_000_000_000
"""2026-11-18 11:06:40 UTC: the time of the first line."""

NOW_MS: Final = START_MS + 43_200_000
"""When the lines are transformed: some of them are of the day after, which a clock that is wrong may give."""

FIELDS: Final = in_canonical_order(DEFAULT)
_SAFE: Final = "!$&()*+,-./:;=?@_"
"""What CloudFront leaves as it is, beside letters and digits."""
_ONE_DAY_MS: Final = 86_400_000


def unseen_seed() -> int:
    """A seed that nobody has tuned anything for."""
    return SystemRandom().randrange(1_000_000, 100_000_000)


def salts() -> dict[str, bytes]:
    """The salts of the days that the lines fall on, but for the last: its lines are older than their salt, as it were."""
    return {"2026-11-18": b"\x01" * 32, "2026-11-19": b"\x02" * 32}


def configuration(**sections: dict[str, Any]) -> Configuration:
    """A configuration of two sites, one accepted token and `sections` of a footfall.toml on top."""
    document: dict[str, Any] = {
        "sites": {
            "default": "main",
            "main": {"ids": ["1"], "hosts": ["www.example.org", "blog.example.net"]},
            "shop": {"ids": ["2", PIWIK_PRO_SITE], "hosts": ["shop.example.org"]},
        }
    } | sections
    accepted = {"accepted_tokens": [token_entry(ACCEPTED_TOKEN, b"\x03" * 16)]}
    return Configuration.from_document(document | {"privacy": accepted | document.get("privacy", {})})


def generate_lines(seed: int, fields: Sequence[str] = FIELDS, *, escapes_percent: bool = True) -> Iterator[str]:
    """Log lines without end, each with its newline; equal seeds give equal lines.

    `escapes_percent` writes a received `%3A` as `%253A`, as recorded lines show it (docs/decisions/0004).
    """
    visitors = Visitors(Random(seed))
    kinds, weights = tuple(KINDS), tuple(KINDS.values())
    moment_ms = START_MS
    while True:
        (kind,) = visitors.random.choices(kinds, weights)
        moment_ms += visitors.random.randrange(4)
        columns = _columns(visitors, kind(visitors), moment_ms + _lateness(visitors.random), escapes_percent=escapes_percent)
        yield "\t".join(columns.get(name) or MISSING for name in fields) + "\n"


def batches(lines: Sequence[str], *, max_records: int = 1_000, max_bytes: int = 1_000_000) -> list[list[dict[str, Any]]]:
    """The lines as Firehose hands them over: the `records` of one event after another."""
    packed: list[list[dict[str, Any]]] = [[]]
    size = 0
    for number, line in enumerate(lines):
        raw = line.encode()
        if packed[-1] and (len(packed[-1]) >= max_records or size + len(raw) > max_bytes):
            packed.append([])
            size = 0
        size += len(raw)
        packed[-1].append(record_of(raw, number))
    return packed


def record_of(raw: bytes, number: int) -> dict[str, Any]:
    """One record of a Firehose transformation event, with the metadata that a Kinesis source adds."""
    return {
        "recordId": f"shardId-000000000000{number:056d}",
        "approximateArrivalTimestamp": START_MS + number,
        "data": pybase64.b64encode(raw).decode("ascii"),
        "kinesisRecordMetadata": {"sequenceNumber": str(number), "shardId": "shardId-000000000000", "partitionKey": str(number)},
    }


def _lateness(random: Random) -> int:
    """Most lines come in order; one in a thousand is of the next day, or of one that has no salt any more."""
    if random.random() < 0.999:
        return 0
    return random.choice((_ONE_DAY_MS, -3 * _ONE_DAY_MS))


def _columns(visitors: Visitors, request: Columns, moment_ms: int, *, escapes_percent: bool) -> Columns:
    request = {"agent": visitors.agents.draw(), "cs-uri-stem": "/1x1.png", "cs-host": "d111111abcdef8.cloudfront.net", **request}
    percent = "" if escapes_percent else "%"
    query = quote(request.get("cs-uri-query", ""), safe=_SAFE + percent)
    headers = _headers(visitors, request)
    cut = visitors.choice((_cut_bytes, _cut_whole_lines))
    return {
        "timestamp": f"{moment_ms // 1000}.{moment_ms % 1000:03d}",
        "c-ip": request.get("c-ip") or visitors.addresses.draw(),
        "sc-status": request.get("sc-status", "200"),
        "cs-method": request.get("cs-method", "GET"),
        "cs-protocol": "https",
        "cs-host": request["cs-host"],
        "cs-uri-stem": request["cs-uri-stem"] + ("?" + query if query else ""),  # with the query, unlike standard logs
        "x-edge-location": visitors.choice(("FRA56-P4", "IAD12-P4", "NRT57-C2")),
        "x-edge-request-id": visitors.hexadecimal(55) + "==",
        "cs-user-agent": quote(request["agent"], safe=_SAFE),
        "cs-referer": quote(request.get("cs-referer", ""), safe=_SAFE + percent),
        "cs-uri-query": query,
        "x-edge-result-type": "FunctionGeneratedResponse",
        "c-country": visitors.choice(("DE", "US", "JP", "")),
        "cs-headers": cut("".join(f"{name}:{value}\n" for name, value in headers if name != "cookie")),
        "cs-header-names": cut("".join(f"{name}\n" for name, _ in headers)),
        "cs-headers-count": str(len(headers)),
        "asn": "64500",
    }


def _cut_bytes(text: str) -> str:
    """Cut after escaping, as AWS's guide may be read."""
    return quote(text, safe=_SAFE)[:CUT_AT_BYTES]


def _cut_whole_lines(text: str) -> str:
    """Cut whole lines before escaping, as recorded lines show."""
    end = text.rfind("\n", 0, CUT_AT_BYTES) + 1
    return quote(text if len(text) <= CUT_AT_BYTES else text[:end], safe=_SAFE)


def _headers(visitors: Visitors, request: Columns) -> list[tuple[str, str]]:
    headers = [("host", request["cs-host"]), ("accept-encoding", "gzip, deflate, br, zstd"), ("user-agent", request["agent"])]
    headers += [tuple(line.partition(":")[::2]) for line in request.get("headers", "").splitlines()]  # type: ignore[misc]
    language = visitors.choice(("de-DE,de;q=0.9,en;q=0.8", "en-US,en;q=0.5", "ja", "fr-CH, fr;q=0.9, *;q=0.5", ""))
    headers += [("accept-language", language)] if language else []
    headers += [("cookie", "consent=1")] if visitors.random.random() < 0.2 else []
    return [*headers, ("accept", "image/avif,image/webp,image/png,*/*;q=0.8"), ("sec-fetch-dest", "image"), ("sec-fetch-mode", "no-cors")]
