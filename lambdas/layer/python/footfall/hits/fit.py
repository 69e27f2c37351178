"""Keep a batch's answer under the response limit: the longest values are cut and marked, and nothing is silently lost."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import orjson

from footfall.hits.row import Row

_CAPS: Final = (4096, 1024, 256, 64)

_NEVER_CUT: Final = frozenset({"event_id", "event_time", "received_at", "reason", "stage", "visitor_id", "action", "cut", "damaged"})

_LEAST: Final = ("event_id", "event_time", "received_at", "action", "reason", "stage", "schema_version", "visitor_id", "agent_class")
"""What remains of a row when even short values do not fit."""


class Sized(Protocol):
    """A record with a row as JSON that can be cut, or given up (empty); it is empty when the record has none."""

    encoded: bytes

    def size(self) -> int:
        """Bytes it takes in the answer."""


def fit_rows(entries: Sequence[Sized], limit: int) -> None:
    """Cut rows in place until all fit into `limit` bytes together; those that cannot lose their row, largest first.

    Only rows above an even share are cut, so one giant does not cost its neighbours a character.
    """
    if sum([entry.size() for entry in entries]) <= limit:
        return
    with_row = [entry for entry in entries if entry.encoded]
    _fit(with_row, limit - sum(entry.size() for entry in entries if not entry.encoded))


def _fit(entries: Sequence[Sized], limit: int) -> None:
    share = limit // max(1, len(entries))
    for cap in _CAPS:
        for entry in entries:
            if entry.size() > share:
                entry.encoded = orjson.dumps(cut_row(orjson.loads(entry.encoded), cap))
        if sum(entry.size() for entry in entries) <= limit:
            return
    _keep_the_least(entries, share)
    _give_up(entries, limit)


def cut_row(row: Row, cap: int) -> Row:
    """Cut every text longer than `cap` characters, and name the columns under `cut`.

    >>> cut_row({"event_id": "e", "title": "long title"}, 4)
    {'event_id': 'e', 'title': 'long', 'cut': ['title']}
    """
    cut = {name: value if name in _NEVER_CUT else _cut(value, cap) for name, value in row.items()}
    changed = [name for name, value in cut.items() if value != row[name]]
    if changed:
        cut["cut"] = sorted({*row.get("cut", ()), *changed})
    return cut


def _cut(value: Any, cap: int) -> Any:
    if isinstance(value, str):
        return value[:cap]
    if isinstance(value, list):
        return [_cut(item, cap) for item in value[: max(cap // 8, 8)]]
    if isinstance(value, dict):
        return {name[:cap]: _cut(item, cap) for name, item in list(value.items())[: max(cap // 8, 8)]}
    return value


def _keep_the_least(entries: Sequence[Sized], share: int) -> None:
    for entry in entries:
        if entry.size() > share:
            row = orjson.loads(entry.encoded)
            entry.encoded = orjson.dumps(Row({name: row[name] for name in _LEAST if name in row}, cut=["*"]))


def _give_up(entries: Sequence[Sized], limit: int) -> None:
    total = sum(entry.size() for entry in entries)
    for entry in sorted(entries, key=lambda entry: -entry.size()):
        if total <= limit:
            return
        total -= entry.size()
        entry.encoded = b""
        total += entry.size()
