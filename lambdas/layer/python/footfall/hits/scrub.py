"""Remove a text that must not be written from every value of a row, in the forms in which URLs and JSON may carry it."""

import re
from collections.abc import Collection, Iterable
from typing import Any, Final
from urllib.parse import quote

from footfall.hits.hit import Hit
from footfall.hits.row import Row

REMOVED: Final = "removed"

OWN_COLUMNS: Final = frozenset(
    [
        "event_id",
        "event_time",
        "received_at",
        "dialect",
        "method",
        "edge_location",
        "code_version",
        "damaged",
        "action",
        "visitor_id",
        "visitor_id_origin",
        "visitor_id_missing",
        "ip",
        "device_type",
        "agent_class",
        "bot_kind",
        "rules_version",
        "evidence",
        "open_class",
        "source_class",
        "click_id_name",
    ]
)
"""Columns whose words are ours or the edge's: a truncated address may equal the address, a token may be `a`."""


def must_scrub(encoded: bytes, hit: Hit) -> bool:
    """Whether a hit's row, as JSON, may hold what must not be written: nearly none does, so this is asked of each."""
    return bool(hit.hidden) or holds_address(encoded, hit.address_texts)


def scrub_hit(row: Row, hit: Hit) -> Row:
    """The row without the visitor's own address and without tokens."""
    return scrub_row(row, (*hit.address_texts, *hit.hidden))


def holds_address(encoded: bytes, texts: Collection[str]) -> bool:
    """Whether the JSON of a row may hold an address, given as `Address.texts`: as it is or percent-encoded once or twice.

    >>> holds_address(b'{"url":"/?from=2001%253ADB8%253A%253A7"}', ("2001:db8::7",))
    True
    """
    lower = b""
    for text in texts:
        if ":" not in text:
            if text.encode() in encoded:
                return True
        else:
            lower = lower or encoded.lower()
            if text[text.rindex(":") + 1 :].encode() in lower:  # the last group, which no escape parts: rarely there
                colons = lower.replace(b"%253a", b":").replace(b"%3a", b":")
                return any(text.encode() in colons for text in texts)
    return False


def scrub_row(row: Row, texts: Iterable[str]) -> Row:
    """Replace the texts wherever a value holds them, in any case, as they are or percent-encoded once or twice.

    Columns whose words are ours stay as they are.

    >>> scrub_row({"title": "from 203.0.113.7", "ip": "203.0.113.0"}, ["203.0.113.7"])
    {'title': 'from removed', 'ip': '203.0.113.0'}
    """
    once = [quote(text, safe="") for text in texts]
    forms = {form.lower() for form in (*texts, *once, *(quote(text, safe="") for text in once))}
    return {name: value if name in OWN_COLUMNS else _scrub(value, forms) for name, value in row.items()}


def _scrub(value: Any, forms: Collection[str]) -> Any:
    if isinstance(value, str):
        lower = value.lower()
        return _replace(value, forms) if any(form in lower for form in forms) else value
    if isinstance(value, list):
        return [_scrub(item, forms) for item in value]
    if isinstance(value, dict):
        return {_scrub(name, forms): _scrub(item, forms) for name, item in value.items()}
    return value


def _replace(text: str, forms: Collection[str]) -> str:
    pattern = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.sub(pattern, REMOVED, text, flags=re.IGNORECASE)  # to compile it takes 400 us, so only when there is something
