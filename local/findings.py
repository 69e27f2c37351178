"""What the demo checks after it ran, each with the figure that shows it."""

import gzip
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from footfall.reasons import REASONS, Stage
from local import read_back
from local.account import Entry, Lake
from local.address_forms import address_forms
from local.deliveries import Deliveries
from local.pipeline import Trace
from local.visitors import Kind

Metrics = Mapping[tuple[str, frozenset[tuple[str, str]]], float]

STORES: Final = "stores"
"""Folder of a run into which every store is copied."""

PLANTED: Final = "203.0.113.250"
"""An address that no visitor has, planted in a copy of the stores, to show that the search would find one."""

SQL: Final = """
SELECT site, agent_class, action, count(*) AS hits, count(DISTINCT visitor_id) AS visitors
FROM hits GROUP BY site, agent_class, action ORDER BY hits DESC, site, action LIMIT 4
""".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The checks of a run, and what a reader is shown as an example."""

    unaccounted: tuple[Entry, ...]
    unexpected: tuple[Entry, ...]
    metrics_differ: tuple[str, ...]
    repeats: int
    repeats_that_added_rows: int
    searched_files: int
    addresses_found: tuple[str, ...]
    is_planted_found: bool
    p50_s: float
    p99_s: float
    example_line: str
    example_row: Mapping[str, Any]
    sql_columns: tuple[str, ...]
    sql_rows: tuple[tuple[Any, ...], ...]
    lake_folder: Path
    sampling_rate: int
    deliveries: Deliveries

    @property
    def is_good(self) -> bool:
        """Whether every check holds."""
        wrong = self.unaccounted or self.unexpected or self.metrics_differ or self.repeats_that_added_rows or self.addresses_found
        return not wrong and self.is_planted_found and self.deliveries.is_good


def judge(
    entries: Sequence[Entry],
    kinds: Sequence[Kind],
    *,
    lake: Lake,
    metrics: Metrics,
    folder: Path,
    addresses: Sequence[str],
    trace: Trace,
    deliveries: Deliveries,
) -> Findings:
    """Check the account of a run against what each kind promises, the metrics, and the stores read back."""
    expected = {kind.name: kind.expected for kind in kinds}
    found = read_back.find(folder / STORES, {address: address_forms(address) for address in addresses})
    example = next(entry for entry in entries if entry.sent.kind == "page view, GET")
    columns, rows = lake.query(SQL)
    latencies = sorted(entry.latency_s for entry in entries if entry.latency_s is not None)
    cuts = quantiles(latencies, n=100) if len(latencies) > 1 else [0.0] * 99
    visible = Counter(event_id for (event_id,) in lake.query("SELECT event_id FROM hits")[1])
    return Findings(
        unaccounted=tuple(entry for entry in entries if entry.outcome == "unaccounted"),
        unexpected=tuple(entry for entry in entries if entry.outcome not in ("unaccounted", expected[entry.sent.kind])),
        metrics_differ=tuple(differences(entries, metrics)),
        repeats=sum(entry.copies - 1 for entry in entries if entry.copies > 1),
        repeats_that_added_rows=sum(number - 1 for number in visible.values()),
        searched_files=found.files,
        addresses_found=tuple(sorted({str(finding) for finding in found.findings} | {f"in {name}, undecoded" for name in found.undecoded})),
        is_planted_found=_finds_planted(folder),
        p50_s=cuts[49],
        p99_s=cuts[98],
        example_line=next((line.decode().rstrip() for line in trace.verdicts if example.sent.request_id.encode() in line), ""),
        example_row=lake.row(example.sent.request_id) if example.outcome == "row" else {},
        sql_columns=tuple(columns),
        sql_rows=tuple(rows),
        lake_folder=lake.folder,
        sampling_rate=lake.sampling_rate(),
        deliveries=deliveries,
    )


def differences(entries: Sequence[Entry], metrics: Metrics) -> list[str]:
    """Compare what the metrics counted with the account: per copy of a line, since the stream may repeat one.

    Each metric exists by its dimensions, and once more in all, without any: alarms watch that one.
    """
    counted = Counter[str]()
    for (name, dimensions), number in metrics.items():
        reason = dict(dimensions).get("reason", "")
        if not reason or REASONS[reason].stage not in _BEHIND_THE_STREAM:
            counted[f"{name} {reason}".strip() if dimensions else f"{name} in all"] += int(number)
    expected = Counter[str]()
    for entry in entries:
        if entry.outcome == "row":
            expected["hits"] += entry.copies
            expected["hits in all"] += entry.copies
        elif entry.outcome in ("reject", "suppressed"):
            name = "rejects" if entry.outcome == "reject" else "suppressed"
            expected[f"{name} {entry.reason}"] += entry.copies
            expected[f"{name} in all"] += entry.copies
    names = {name for name in counted if name.split()[0] in ("hits", "rejects", "suppressed", "losses")} | expected.keys()
    return [
        f"{name}: metrics say {counted[name]}, the account {expected[name]}" for name in sorted(names) if counted[name] != expected[name]
    ]


_BEHIND_THE_STREAM: Final = (Stage.ENQUEUE, Stage.PROCESS)
"""What is counted there is `local.deliveries`' to account for."""


def _finds_planted(folder: Path) -> bool:
    """Plant an address in a Parquet file, a log and a compressed file of their own, and let the same search find it in each."""
    planted = folder / "planted"
    planted.mkdir()
    pq.write_table(pa.table({"title": ["Boots", f"seen by {PLANTED}"]}), planted / "rows.parquet")
    (planted / "function.log").write_text(json.dumps({"message": "hit", "address": PLANTED}) + "\n", "utf-8")
    (planted / "lines.gz").write_bytes(gzip.compress(PLANTED.encode()))
    found = read_back.find(planted, {PLANTED: address_forms(PLANTED)})
    return {finding.file for finding in found.findings} == {path.name for path in planted.iterdir()}
