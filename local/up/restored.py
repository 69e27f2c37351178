"""Bring the last requests back from their rows: what a page showed before a restart, without the log lines, which are not kept."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from footfall.errors import ConfigurationError
from footfall.hits.schema import REJECTS_PREFIX
from local.up.seen import SHOWN, Seen


def last_requests(lake: Path, limit: int = SHOWN) -> list[Seen]:
    """The requests of the newest rows, oldest first; copies of one are counted.

    Raises:
        ConfigurationError: an object is not Parquet.
    """
    found: dict[str, Seen] = {}
    for seen in islice(_newest_first(lake), limit):
        found.setdefault(seen.request_id, seen).copies += 1
    return sorted(found.values(), key=lambda seen: seen.at["edge"])


def _newest_first(lake: Path) -> Iterator[Seen]:
    files = sorted(lake.rglob("*.parquet"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files:
        key, stored_at = path.relative_to(lake).as_posix(), path.stat().st_mtime
        rows = _rows(path)
        yield from (_seen(row, key, stored_at) for row in sorted(rows, key=_received_at, reverse=True))


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        return list(pq.read_table(path, partitioning=None).to_pylist())
    except pa.ArrowInvalid as broken:
        raise ConfigurationError(str(path), ["is not Parquet: remove it, or choose another folder with --keep"]) from broken


def _seen(row: Mapping[str, Any], key: str, stored_at: float) -> Seen:
    is_reject = key.startswith(f"{REJECTS_PREFIX}/")
    return Seen(
        request_id=row["event_id"],
        at={"edge": _received_at(row) or stored_at, "lake": stored_at},
        outcome="reject" if is_reject else "row",
        reasons=(row["reason"],) if is_reject else (),
        row={name: value for name, value in row.items() if value is not None},
        key=key,
        is_restored=True,
    )


def _received_at(row: Mapping[str, Any]) -> float:
    """Unix seconds; 0 where the columns of the line could not be trusted."""
    received: datetime | None = row["received_at"]
    return received.replace(tzinfo=UTC).timestamp() if received else 0.0
