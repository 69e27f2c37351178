"""Account for every request of a run by its id: a row, a reject, suppressed, refused at the edge, or unaccounted for."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from footfall.sql.lake import ParquetLake
from local.pipeline import Trace

_FIRST_ERROR: Final = 400
OUTCOMES: Final = ("row", "reject", "suppressed", "refused", "unaccounted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as its sender saw it: `request_id` is the response's x-amz-cf-id ("" when there was no answer)."""

    kind: str
    request_id: str
    status: int
    sent_at: float  # Unix seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What became of one request; `copies` counts its lines in the stream, `rows` those in the lake."""

    sent: Sent
    outcome: str
    reason: str
    last_hop: str
    copies: int
    rows: int
    latency_s: float | None


class Lake:
    """The Parquet files of a run, through the same tables and views as on AWS."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lake = ParquetLake(folder)

    def query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run SQL; returns column names and rows."""
        answer = self._lake.run(sql)
        return list(answer.columns), list(answer.rows)

    def row(self, event_id: str) -> dict[str, Any]:
        """The row of one hit, without empty columns."""
        quoted = event_id.replace("'", "''")
        names, (values,) = self.query(f"SELECT * FROM hits WHERE event_id = '{quoted}'")  # noqa: S608 - quotes are doubled
        return {name: value for name, value in zip(names, values, strict=True) if value not in (None, [], {}, "")}

    def sampling_rate(self) -> int:
        """The lowest percentage of requests that any row stands for; below 100 every total is of a sample."""
        ((rate,),) = self.query("SELECT coalesce(min(sampling_rate), 100) FROM hits")[1]
        return int(rate)

    def close(self) -> None:
        """Close the database."""
        self._lake.close()


def account_for(sent: Sequence[Sent], trace: Trace, lake: Lake, reason_when_suppressed: Mapping[str, str]) -> list[Entry]:
    """One entry per request, in the order sent.

    A suppressed request leaves nothing but a count: its reason is what its kind promises, which findings compare with metrics.
    """
    stored = _Stored(
        rows=Counter(event_id for (event_id,) in lake.query("SELECT event_id FROM hits_raw")[1]),
        rejects=dict(lake.query("SELECT event_id, reason FROM rejects")[1]),
    )
    lines = _lines_by_request(sent, trace)
    return [_entry(request, lines.get(request.request_id, ()), trace, stored, reason_when_suppressed) for request in sent]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What lies in the lake: number of rows by event id, reason by event id."""

    rows: Mapping[str, int]
    rejects: Mapping[str, str]


def _lines_by_request(sent: Iterable[Sent], trace: Trace) -> dict[str, list[bytes]]:
    """The distinct lines in the stream that carry a request's id: found by content, since a damaged line has no columns."""
    ids = [request.request_id for request in sent if request.request_id]
    found: dict[str, list[bytes]] = {}
    for line in dict.fromkeys(trace.sequences.values()):
        for request_id in ids:
            if request_id.encode() in line:
                found.setdefault(request_id, []).append(line)
    return found


def _entry(request: Sent, lines: Sequence[bytes], trace: Trace, stored: _Stored, reason_when_suppressed: Mapping[str, str]) -> Entry:
    copies = [sequence for sequence, line in trace.sequences.items() if line in lines]
    verdicts = [verdict for line in lines for verdict in trace.verdicts.get(line, ())]
    event_ids = [request.request_id, *(f"line-{sequence}" for sequence in copies)]
    outcome, reason = _outcome(request, verdicts, event_ids, stored)
    delivered = [trace.delivered_at[line] for line in lines if line in trace.delivered_at]
    return Entry(
        sent=request,
        outcome=outcome,
        reason=reason_when_suppressed.get(request.kind, "") if outcome == "suppressed" else reason,
        last_hop=verdicts[-1] if verdicts else trace.hops.get(request.request_id, "never answered"),
        copies=len(copies),
        rows=stored.rows.get(request.request_id, 0),
        latency_s=min(delivered) - request.sent_at if delivered and outcome == "row" else None,
    )


def _outcome(request: Sent, verdicts: Sequence[str], event_ids: Sequence[str], stored: _Stored) -> tuple[str, str]:
    """What became of a request, and why; it is unaccounted for until something shows otherwise."""
    if stored.rows.get(request.request_id):
        return "row", ""
    for event_id in event_ids:
        if event_id in stored.rejects:
            return "reject", stored.rejects[event_id]
    if verdicts and set(verdicts) == {"dropped"}:
        return "suppressed", ""
    if not verdicts and request.request_id and request.status >= _FIRST_ERROR:
        return "refused", f"{request.status}, not logged"
    return "unaccounted", ""
