"""The fields of a CloudFront real-time log line, in the order AWS delivers them; stacks, local edge and parser agree here.

AWS always delivers the selected fields in its own canonical order, whatever order the configuration gave them. Source: the
CloudFront developer guide, "Use real-time access logs" (June 2023, 43 fields), and the fields added since.
"""

from collections.abc import Iterable

CANONICAL_ORDER: tuple[str, ...] = (
    "timestamp",
    "c-ip",
    "s-ip",
    "time-to-first-byte",
    "sc-status",
    "sc-bytes",
    "cs-method",
    "cs-protocol",
    "cs-host",
    "cs-uri-stem",
    "cs-bytes",
    "x-edge-location",
    "x-edge-request-id",
    "x-host-header",
    "time-taken",
    "cs-protocol-version",
    "c-ip-version",
    "cs-user-agent",
    "cs-referer",
    "cs-cookie",
    "cs-uri-query",
    "x-edge-response-result-type",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-result-type",
    "fle-encrypted-fields",
    "fle-status",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
    "c-port",
    "x-edge-detailed-result-type",
    "c-country",
    "cs-accept-encoding",
    "cs-accept",
    "cache-behavior-path-pattern",
    "cs-headers",
    "cs-header-names",
    "cs-headers-count",
    "primary-distribution-id",
    "primary-distribution-dns-name",
    "origin-fbl",
    "origin-lbl",
    "asn",
)

REQUIRED: tuple[str, ...] = (
    "timestamp",
    "c-ip",
    "sc-status",
    "cs-method",
    "cs-host",
    "cs-uri-stem",
    "x-edge-request-id",
    "cs-user-agent",
    "cs-referer",
    "cs-uri-query",
    "x-edge-result-type",
    "cs-headers",
    "cs-header-names",
    "cs-headers-count",
)
"""Without one of these a line cannot become a hit, or a signal not to track would go unseen."""

DEFAULT: tuple[str, ...] = (*REQUIRED, "x-edge-location", "c-country")

FORBIDDEN: dict[str, str] = {
    "s-ip": "an address that says nothing about the visit",
    "cs-cookie": "cookies are never read",
    "x-forwarded-for": "addresses that anyone can forge",
}

CUT_AT_BYTES = 800
"""CloudFront cuts cs-headers and cs-header-names here.

Documented as bytes of the field; a record published in October 2025 is cut at whole pairs before escaping, so that the field can
be much shorter. Only cs-headers-count tells whether a list is whole.
"""

MAX_LINE_BYTES = 64 * 1024
"""URL <= 8,192 bytes and headers <= 20 KB, each byte at most three when escaped, plus the short fields."""

MISSING = "-"


def in_canonical_order(fields: Iterable[str]) -> tuple[str, ...]:
    """Sort a selection of field names into the order in which AWS delivers them.

    >>> in_canonical_order(["cs-uri-query", "timestamp", "c-ip"])
    ('timestamp', 'c-ip', 'cs-uri-query')
    """
    chosen = set(fields)
    return tuple(name for name in CANONICAL_ORDER if name in chosen)


def problems_with(fields: Iterable[str]) -> list[str]:
    """Name what is wrong with a selection of fields: unknown, forbidden, or a required one missing; empty when usable."""
    chosen = list(fields)
    unknown = [f"{name!r} is not a real-time log field" for name in chosen if name not in CANONICAL_ORDER]
    forbidden = [f"{name!r} is never collected: {FORBIDDEN[name]}" for name in chosen if name in FORBIDDEN]
    missing = [f"{name!r} is required and cannot be removed" for name in REQUIRED if name not in chosen]
    return unknown + forbidden + missing
