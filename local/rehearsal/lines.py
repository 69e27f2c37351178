"""The log lines a rehearsal sends, what must become of each, and what did: read back from the deployed bucket's Parquet."""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from footfall.sql.lake import ParquetLake
from local import edge_log

HIT: Final = "hit"
REJECT: Final = "reject"
SUPPRESSED: Final = "suppressed"

_FIREFOX: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
_HOST: Final = "d111111abcdef8.cloudfront.net"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A log line for the deployed stream; `event_id` is its request id, or "" when the line is too damaged to have one."""

    what: str
    event_id: str
    address: str
    outcome: str
    line: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the lake holds: copies of each event id among the hits, visitor id of each, reason of each reject, and where."""

    hits: Counter[str]
    visitors: Mapping[str, str]
    rejects: Mapping[str, str]
    places: tuple[str, ...]


def log_lines(fields: Sequence[str], now_s: float) -> list[Sent]:
    """Ten lines as CloudFront writes them, at `now_s`: addresses in three forms, a repeat, both kinds of reject, one suppressed."""
    page = "idsite=1&rec=1&action_name=Home&url=https%3A%2F%2Fwww.example.org%2F"
    first = _sent("a page", "203.0.113.7", HIT, fields, now_s, query=page)
    return [
        first,
        _sent("the next page of the same visitor", "203.0.113.7", HIT, fields, now_s, query=page.replace("Home", "Next")),
        first,
        _sent(
            "a page of a campaign, seen over IPv6",
            "2001:db8:85a3:8d3:1319:8a2e:370:7348",
            HIT,
            fields,
            now_s,
            query=f"{page}%3Futm_campaign%3Djune",
        ),
        _sent("a page, seen from a mapped address", "::ffff:198.51.100.77", HIT, fields, now_s, query=page),
        _sent("the pixel of AWS's sample", "192.0.2.33", HIT, fields, now_s, query="userid=aws_user&thirdpartyname=example.org"),
        _sent("an e-mail", "198.51.100.99", HIT, fields, now_s, query="idsite=1&rec=1&utm_medium=email"),
        _sent("a page asked for with Sec-GPC", "192.0.2.55", SUPPRESSED, fields, now_s, query=page, headers=[("sec-gpc", "1")]),
        _sent("a site that is not registered", "203.0.113.99", REJECT, fields, now_s, query="idsite=999&rec=1"),
        _damaged(_sent("a line with one column too many", "192.0.2.201", REJECT, fields, now_s, query=page)),
    ]


def _sent(
    what: str, address: str, outcome: str, fields: Sequence[str], now_s: float, *, query: str, headers: Sequence[tuple[str, str]] = ()
) -> Sent:
    event_id = base64.urlsafe_b64encode(hashlib.sha512(what.encode()).digest()[:40]).decode()  # 56 characters, as CloudFront's
    values = {
        "timestamp": f"{now_s:.3f}",
        "c-ip": address,
        "c-country": "DE",
        "sc-status": "200",
        "cs-method": "GET",
        "cs-protocol": "https",
        "cs-host": _HOST,
        "cs-uri-stem": "/1x1.png",
        "cs-uri-query": query,
        "cs-user-agent": _FIREFOX,
        "x-edge-location": "FRA56-P4",
        "x-edge-request-id": event_id,
        "x-edge-result-type": "FunctionGeneratedResponse",
        **edge_log.header_values([("host", _HOST), ("accept-language", "de-DE,de;q=0.8"), *headers]),
    }
    return Sent(what=what, event_id=event_id, address=address, outcome=outcome, line=edge_log.write_line(values, fields))


def _damaged(sent: Sent) -> Sent:
    (line,) = edge_log.damaged(sent.line, "extra-column")
    return Sent(what=sent.what, event_id="", address=sent.address, outcome=sent.outcome, line=line)


def read_lake(folder: Path) -> Found:
    """Read the copied bucket with DuckDB, as an analyst would."""
    lake = ParquetLake(folder)
    try:
        hits = lake.run("SELECT event_id, visitor_id, 'hits/site=' || site || '/date=' || date FROM hits_raw").rows
        rejects = lake.run("SELECT event_id, reason, 'rejects/date=' || date FROM rejects").rows
    finally:
        lake.close()
    return Found(
        hits=Counter(str(row[0]) for row in hits),
        visitors={str(row[0]): str(row[1] or "") for row in hits},
        rejects={str(row[0]): str(row[1]) for row in rejects},
        places=tuple(sorted({str(row[2]) for row in (*hits, *rejects)})),
    )


def problems_with(found: Found, sent: Sequence[Sent]) -> list[str]:
    """Name what is not as it must be, one line each; empty when every line became what it should."""
    expected = Counter(each.event_id for each in sent if each.outcome == HIT)
    rejected = {each.event_id for each in sent if each.outcome == REJECT and each.event_id}
    shapes = sum(1 for each in sent if each.outcome == REJECT and not each.event_id)
    names = {each.event_id: each.what for each in sent}
    problems = [f"{names[key]}: {expected[key]} sent, {found.hits[key]} rows" for key in expected if found.hits[key] != expected[key]]
    problems += [f"{names.get(key, 'unknown')}: a row nobody expects" for key in found.hits.keys() - expected.keys()]
    problems += [f"{names[key]}: not among the rejects" for key in rejected - found.rejects.keys()]
    others = len(found.rejects.keys() - rejected)
    problems += [f"{others} rejects of lines that are too damaged to have an id, expected {shapes}"] if others != shapes else []
    problems += [f"{names.get(key, 'unknown')}: a row without a daily visitor id" for key, visitor in found.visitors.items() if not visitor]
    visitors = {found.visitors.get(each.event_id, "") for each in sent if each.outcome == HIT and each.address == sent[0].address}
    problems += ["the same visitor has more than one visitor id"] if len(visitors) != 1 else []
    return problems
