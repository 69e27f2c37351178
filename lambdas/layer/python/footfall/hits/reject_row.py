"""Write a Reject as a row: its reason, names and shapes, never a value."""

import re
from typing import Final

from footfall.configuration import PIXEL_PATHS
from footfall.hits.hit import Reject, Request
from footfall.hits.row import Row, RowWriter
from footfall.privacy import keyed_hash, mask

MAX_MASKED_VALUES: Final = 20
MAX_NAMES: Final = 200

_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-\[\]]{0,39}")


def reject_row(writer: RowWriter, reject: Reject, *, event_id: str, received_ms: int, key: bytes | None) -> Row:
    """The row of a reject.

    `event_id` and `received_ms` stand in where the line's own columns cannot be trusted; `key` is the salt that hashes the line.
    """
    request = reject.request
    row = _shape(writer, reject.line, event_id, received_ms, key) if request is None else _request(writer, reject, request)
    row["reason"] = reject.reason.code
    row["stage"] = str(reject.reason.stage)
    row["crash"] = reject.crash
    row["named_site"] = None if reject.named_site is None else mask(reject.named_site)
    if reject.parameters:
        row["parameter_names"] = [_name(name) for name, _ in reject.parameters[:MAX_NAMES]]
        row["masked_values"] = [{"name": _name(name), "value": mask(value)} for name, value in reject.parameters[:MAX_MASKED_VALUES]]
    return {name: value for name, value in row.items() if value is not None}


def _shape(writer: RowWriter, line: str, event_id: str, received_ms: int, key: bytes | None) -> Row:
    time = writer.time(received_ms)
    return {
        "event_id": event_id,
        "event_time": time,
        "received_at": time,
        **writer.provenance,
        "line_bytes": len(line.encode("utf-8", "surrogatepass")),
        "line_columns": line.count("\t") + 1,
        "line_hash": keyed_hash(key, line, hex_digits=32) if key else None,
    }


def _request(writer: RowWriter, reject: Reject, request: Request) -> Row:
    row = writer.request_columns(request, reject.dialect)
    row["status"] = request.status
    if request.path not in PIXEL_PATHS:
        row["path"] = mask(request.path)
    return row


def _name(name: str) -> str:
    """A parameter's name, unless it looks like a value."""
    return name if _WORD.fullmatch(name) else mask(name)
