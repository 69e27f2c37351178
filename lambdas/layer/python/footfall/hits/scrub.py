"""Remove a text that must not be written from every value of a row, in the forms in which URLs and JSON may carry it."""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from footfall.hits.row import Row

REMOVED: Final = "removed"

_OWN: Final = frozenset({"event_id", "ip", "event_time", "received_at", "visitor_id"})
"""Columns that we write ourselves: a truncated address may equal the address."""


def scrub_row(row: Row, address: str, secrets: Iterable[str]) -> Row:
    """Replace `address` and every secret wherever a value holds them, whatever their case or percent-encoding.

    >>> scrub_row({"title": "from 203.0.113.7", "ip": "203.0.113.0"}, "203.0.113.7", ())
    {'title': 'from removed', 'ip': '203.0.113.0'}
    """
    needles = [text for text in (address, *secrets) if text]
    if not needles:
        return row
    forms = {form for needle in needles for form in (needle, quote(needle, safe=""), quote(quote(needle, safe=""), safe=""))}
    pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)), re.IGNORECASE)
    return {name: value if name in _OWN else _scrub(value, pattern) for name, value in row.items()}


def _scrub(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(REMOVED, value)
    if isinstance(value, list):
        return [_scrub(item, pattern) for item in value]
    if isinstance(value, dict):
        return {_scrub(name, pattern): _scrub(item, pattern) for name, item in value.items()}
    return value
