"""The plain reading of a log line, for comparison: standard library only, nothing remembered, nothing shared with the product's code."""

import hashlib
import hmac
import ipaddress
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from footfall.hits.log_fields import MAX_LINE_BYTES

Row = dict[str, Any]
Pairs = list[tuple[str, str]]


class RefusedError(Exception):
    """A line whose columns cannot be trusted; the argument is the reason's code."""


def read_line(line: str, fields: Sequence[str], *, now_ms: int, escaping: str) -> Row:
    """The columns of a line by name, decoded, with `received_ms`, `address`, `headers`, `pairs` and `damaged`; raises RefusedError."""
    if len(line.encode()) > MAX_LINE_BYTES:
        raise RefusedError("line_too_long")
    texts = line.split("\t")
    if len(texts) != len(fields):
        raise RefusedError("column_count")
    columns: Row = dict(zip(fields, texts, strict=True))
    columns["received_ms"] = read_timestamp(columns["timestamp"], now_ms)
    if not re.fullmatch(r"[0-9]{3}", columns["sc-status"]) or not re.fullmatch(r"[A-Za-z0-9_=.\-#+/]{4,128}", columns["x-edge-request-id"]):
        raise RefusedError("bad_columns")
    columns["address"] = read_address(columns["c-ip"])
    columns["pairs"], columns["damaged"] = decode(as_received(columns["cs-uri-query"], escaping))
    columns["cs-user-agent"] = "" if columns["cs-user-agent"] == "-" else unquote(columns["cs-user-agent"])
    columns["cs-referer"] = as_received(columns["cs-referer"], escaping)
    columns["headers"] = read_headers(columns["cs-headers"], columns["cs-header-names"], columns["cs-headers-count"])
    return columns


def as_received(logged: str, escaping: str) -> str:
    """A URL or query with the percent signs it had before CloudFront escaped them; see docs/decisions/0004.

    What CloudFront does not escape itself, and a broken escape, can only have been received.
    """
    if logged == "-" or escaping == "as_received":
        return "" if logged == "-" else logged
    if escaping == "auto":
        escapes = set(re.findall("%(.?.?)", logged, flags=re.DOTALL))
        if "25" not in escapes or not all(is_escaped_by_cloudfront(digits) for digits in escapes):
            return logged
    return logged.replace("%25", "%")


def is_escaped_by_cloudfront(digits: str) -> bool:
    """Whether CloudFront writes this character as an escape: controls, space, what is not ASCII, and a few signs."""
    if not re.fullmatch("[0-9a-fA-F]{2}", digits):
        return False
    character = chr(int(digits, 16))
    return not "!" <= character <= "~" or character in "<>\"#%{}|\\^~[]`'"


def read_timestamp(text: str, now_ms: int) -> int:
    """Seconds since 1970 with a fraction, as milliseconds: not before CloudFront, not more than a day ahead; raises RefusedError."""
    if not re.fullmatch(r"[0-9]{9,10}(\.[0-9]{1,6})?", text):
        raise RefusedError("bad_columns")
    seconds, _, fraction = text.partition(".")
    moment_ms = int(seconds) * 1000 + int(fraction[:3].ljust(3, "0"))
    if datetime.fromtimestamp(int(seconds), UTC).year < 2008 or moment_ms > now_ms + 24 * 3600 * 1000:
        raise RefusedError("bad_columns")
    return moment_ms


def read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address in a log line; raises RefusedError when it is none, or has a zone, which no log line has."""
    address = parse_address(text)
    if address is None or "%" in text:
        raise RefusedError("bad_columns")
    return address


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address; a mapped one is IPv4; None when it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def network_of(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """IPv4 /24, IPv6 /48."""
    return str(ipaddress.ip_network((address.packed, 24 if address.version == 4 else 48), strict=False).network_address)


def decode(query: str) -> tuple[Pairs, list[str]]:
    """The pairs of a query, and what had to be repaired: broken escapes, bytes that are not UTF-8."""
    damaged = ["escapes"] if re.search("%(?![0-9a-fA-F]{2})", query) else []
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict"), damaged
    except UnicodeDecodeError:
        return parse_qsl(query, keep_blank_values=True), [*damaged, "utf8"]


def read_headers(headers: str, names: str, count: str) -> Row:
    """The allow-listed headers: `gpc` and `dnt` (None when the list was cut and it cannot be known), `language`, `purpose`, `is_cut`.

    A list is cut when the count says so, or cannot be read; cookies are named and counted, and never have a value.
    """
    values: dict[str, str] = {}
    *lines, rest = re.split("%0a", headers, flags=re.IGNORECASE)
    *named, _ = (name.lower() for name in re.split("%0a", names, flags=re.IGNORECASE))
    sent = int(count) if re.fullmatch("0|[1-9][0-9]{0,2}", count) else math.inf
    is_cut = len(lines) + named.count("cookie") < sent
    for line in (*lines, rest):
        name, colon, value = line.partition(":")
        if colon:
            values.setdefault(name.lower(), unquote(value).lower().strip())
    signals: dict[str, bool | None] = {}
    for name in ("sec-gpc", "dnt"):
        if values.get(name) or not is_cut:
            signals[name] = values.get(name) == "1"
        elif name in named:
            signals[name] = True if name == "sec-gpc" else None
        else:
            signals[name] = None if len(named) < sent else False
    return {
        "gpc": signals["sec-gpc"],
        "dnt": signals["dnt"],
        "language": re.split("[,;]", values.get("accept-language", ""))[0].strip()[:20],
        "purpose": next((values[name] for name in ("sec-purpose", "purpose", "x-purpose", "x-moz") if values.get(name)), ""),
        "is_cut": is_cut,
    }


def keyed_hash(key: bytes, text: str, digits: int = 16) -> str:
    """The first hexadecimal digits of an HMAC-SHA256."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:digits]


def mask(text: str) -> str:
    """Letters become a, digits 9, numbers of up to five digits stay; forty characters at most."""
    if text.isdecimal() and len(text) <= 5:
        return text
    return "".join("9" if character.isdecimal() else "a" if character.isalnum() else character for character in text[:40])


def day_of(moment_ms: int) -> str:
    """The UTC day."""
    return datetime.fromtimestamp(moment_ms // 1000, UTC).date().isoformat()


def time_of(moment_ms: int) -> str:
    """As the schema's TIME says: `YYYY-MM-DD HH:MM:SS.mmm`, UTC."""
    return datetime.fromtimestamp(moment_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S") + f".{moment_ms % 1000:03d}"
