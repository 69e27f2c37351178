"""Say what the demo found, in at most 40 lines a person can read, or as JSON."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from local import deliveries
from local.account import OUTCOMES, Entry
from local.findings import SQL, Findings

EVERY_REQUEST: Final = 100  # percent
_DROPPED_FROM_LINE: Final = "full address, full user agent, tokens, every header outside the allow-list"
_SHOWN_COLUMNS: Final = ("ip", "browser", "os", "country", "visitor_id", "action", "title", "url", "source_name", "local_time")


def report(entries: Sequence[Entry], findings: Findings, *, lists_all: bool) -> list[str]:
    """The lines of the report: a row per kind, totals, checks, one hit before and after, one query, what to run next."""
    return [
        *(_every_request(entries) if lists_all else ()),
        *_table(entries, findings.sampling_rate),
        *_checks(entries, findings),
        *deliveries.lines(findings.deliveries),
        *_example(findings),
        *_query(findings),
        f"Parquet: {os.path.relpath(findings.lake_folder)}   next: make test, make demo ARGS=--all, footfall.toml",
    ]


def _table(entries: Sequence[Entry], sampling_rate: int) -> list[str]:
    outcomes: dict[str, Counter[str]] = {}
    reasons: dict[str, str] = {}
    for entry in entries:
        outcomes.setdefault(entry.sent.kind, Counter())[entry.outcome] += 1
        reasons.setdefault(entry.sent.kind, entry.reason)
    lines = [f"{'request':<40}{'sent':>5}" + "".join(f"{name[:10]:>11}" for name in OUTCOMES[:4]) + "  reason"]
    for kind, counts in outcomes.items():
        cells = "".join(f"{counts[name] or '':>11}" for name in OUTCOMES[:4])
        lines.append(f"{kind:<40}{counts.total():>5}{cells}  {reasons[kind]}".rstrip())
    total = Counter(entry.outcome for entry in entries)
    name = "total" if sampling_rate == EVERY_REQUEST else f"total, sampled at {sampling_rate} %"
    lines.append(f"{name:<40}{len(entries):>5}" + "".join(f"{total[name]:>11}" for name in OUTCOMES[:4]))
    return lines


def _checks(entries: Sequence[Entry], findings: Findings) -> list[str]:
    lines = [f"requests unaccounted for: {len(findings.unaccounted) or 'none'} of {len(entries)}"]
    lines += [
        f"  {entry.sent.request_id or '(no id)'} ({entry.sent.kind}): last seen at {entry.last_hop}" for entry in findings.unaccounted
    ]
    lines += [f"  {entry.sent.kind}: became {entry.outcome} {entry.reason}, which is not what it promises" for entry in findings.unexpected]
    lines += [f"  {difference}" for difference in findings.metrics_differ]
    found = f"found in {', '.join(findings.addresses_found)}" if findings.addresses_found else "none"
    planted = "planted one found" if findings.is_planted_found else "PLANTED ONE NOT FOUND"
    lines.append(f"IP addresses on disk: {found} in {findings.searched_files} files, decoded; {planted}")
    lines.append(
        f"repeated records: {findings.repeats}, of which added rows: {findings.repeats_that_added_rows or 'none'};"
        f" request to row: p50 {findings.p50_s:.2f} s, p99 {findings.p99_s:.2f} s"
    )
    return lines


def _example(findings: Findings) -> list[str]:
    row = findings.example_row
    after = ", ".join(f"{name}={row[name]}" for name in _SHOWN_COLUMNS if name in row)
    return [
        f"before (log line): {_shortened(findings.example_line, 150)}",
        f"after (row): {_shortened(after, 260)}",
        f"dropped: {_DROPPED_FROM_LINE}",
    ]


def _query(findings: Findings) -> list[str]:
    widths = [max(len(str(value)) for value in column) for column in zip(findings.sql_columns, *findings.sql_rows, strict=True)]
    rows = [findings.sql_columns, *findings.sql_rows]
    return [
        f"sql> {' '.join(SQL.split())}",
        *("  " + "  ".join(str(value).ljust(width) for value, width in zip(row, widths, strict=True)) for row in rows),
    ]


def _every_request(entries: Iterable[Entry]) -> list[str]:
    return [f"{entry.sent.request_id}  {entry.sent.kind:<40}{entry.outcome:<12}{entry.reason}" for entry in entries]


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def json_report(entries: Sequence[Entry], findings: Findings) -> dict[str, Any]:
    """Everything as JSON: each request, each check, the example and the query."""
    checks = asdict(findings)
    checks.update(
        unaccounted=[entry.sent.request_id for entry in findings.unaccounted],
        unexpected=[entry.sent.request_id for entry in findings.unexpected],
        example_row={name: str(value) for name, value in findings.example_row.items()},
        sql_rows=[[str(value) for value in row] for row in findings.sql_rows],
        lake_folder=str(findings.lake_folder),
        is_good=findings.is_good,
    )
    return {"requests": [asdict(entry) for entry in entries], "findings": checks}
