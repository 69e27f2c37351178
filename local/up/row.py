"""Show a row as it lies in the Parquet: typed columns, and which of them the log line says and which are new."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from footfall.hits.schema import HITS, REJECTS, REJECTS_PREFIX

PROVENANCE: Final = frozenset({"schema_version", "sampling_rate", "code_version", "rules_version"})
"""Columns that say nothing about the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A column of a row that has a value; `texts` are the value's parts as texts."""

    name: str
    type: str
    meaning: str
    value: str
    texts: tuple[str, ...]


def read_row(lake: Path, key: str, event_id: str) -> list[Cell]:
    """The columns of one row that have a value, in the order of the table, and its partition; empty when it is not there."""
    path = lake / key
    if not path.is_file():
        return []
    rows = pq.read_table(path, filters=[("event_id", "=", event_id)], partitioning=None).to_pylist()
    return [*_cells(key, rows[0]), *_partition(key)] if rows else []


def _cells(key: str, row: Mapping[str, Any]) -> Iterator[Cell]:
    for column in REJECTS if key.startswith(f"{REJECTS_PREFIX}/") else HITS:
        value = row.get(column.name)
        if value not in (None, [], {}, ""):
            yield Cell(name=column.name, type=column.type, meaning=column.meaning, value=_shown(value), texts=tuple(_leaves(value)))


def _partition(key: str) -> Iterator[Cell]:
    for part in key.split("/"):
        name, is_key, value = part.partition("=")
        if is_key:
            yield Cell(name=name, type="partition", meaning="The folder of the object.", value=value, texts=())


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds")
    return value if isinstance(value, str) else json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Maps as objects, pairs as lists, which a person reads: `[["note", "twice"]]`."""
    if isinstance(value, list) and all(isinstance(part, tuple) for part in value):
        return dict(value)
    if isinstance(value, list):
        return [[part["name"], part["value"]] if isinstance(part, dict) else _plain(part) for part in value]
    return value


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _leaves(part)
    elif isinstance(value, float) and value.is_integer():
        yield str(int(value))
    elif value is not None:
        yield str(value)
