"""Read the columns of a CloudFront standard access log, legacy or v2, into a Request.

Sources: "Standard logging reference" in the CloudFront developer guide, and published lines of both versions. Three things differ
from real-time lines: `cs(Host)` is the distribution's own name and `x-host-header` what the client asked for; user agents are
percent-encoded twice in legacy logs and once in v2; there are no request headers, so that nobody can tell whether the visitor
sent Sec-GPC or DNT.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final
from urllib.parse import unquote

from footfall import reasons
from footfall.errors import RejectedError
from footfall.hits.hit import Headers, Reject, Request
from footfall.hits.log_fields import MISSING
from footfall.hits.log_line import query_as_received, read_headers, unescape
from footfall.hits.memo import Memo

LEGACY_FIELDS: Final = [
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "cs(Cookie)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
]
"""The 33 fields, in their order; older files end earlier."""

_REQUIRED: Final = ("c-ip", "cs-method", "cs-uri-stem", "sc-status", "cs-user-agent", "cs-uri-query", "x-edge-request-id")
_OPTIONAL: Final = (
    "date",
    "time",
    "timestamp(ms)",
    "cs-host",
    "x-host-header",
    "cs-referer",
    "x-edge-result-type",
    "x-edge-location",
    "c-country",
    "cs-headers",
    "cs-header-names",
    "cs-headers-count",
)
_CS_HEADER: Final = re.compile(r"cs\(([a-z-]+)\)")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_=.\-#+/]{4,128}")
_STATUSES: Final = {f"{number:03}": number for number in range(1000)}
_MILLISECONDS: Final = re.compile(r"[0-9]{12,13}")
_SECOND: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_EARLIEST_MS: Final = 1_199_145_600_000  # 2008-01-01: before CloudFront there are no log lines
_ONE_DAY_MS: Final = 86_400_000
_MAX_LABEL: Final = 40

_NO_HEADERS: Final = Headers(gpc=None, dnt=None)


class StandardReader:
    """Reads columns in the order of one field list.

    Raises:
        RejectedError: a field is missing without which a line cannot become a hit.
    """

    def __init__(self, fields: Sequence[str], *, query_escaping: str = "auto", limit: int = 20_000) -> None:
        names = [plain_name(field) for field in fields]
        missing = [name for name in _REQUIRED if name not in names]
        if "timestamp(ms)" not in names and not {"date", "time"} <= set(names):
            missing.append("date and time")
        if missing:
            raise RejectedError(f"a log without {', '.join(missing)}: it cannot become hits")
        self._count = len(names)
        self._take = itemgetter(*(names.index(name) if name in names else len(names) for name in (*_REQUIRED, *_OPTIONAL)))
        self._query_escaping = query_escaping
        self._agents: Memo[str, str] = Memo(user_agent, limit=limit)
        self._seconds: Memo[str, int | None] = Memo(_second_ms, limit=limit)
        self.holds_signals = "cs-headers" in names

    def read(self, columns: Sequence[str], line: str, *, now_ms: int) -> Request | Reject:
        """Read one line's columns; those that cannot be trusted are a Reject that keeps no value of `line`."""
        if len(columns) != self._count:
            return Reject(reasons.COLUMN_COUNT, None, line)
        values: tuple[str, ...] = self._take([*columns, MISSING])
        address, method, stem, status, agent, query, request_id = values[:7]
        date, time, milliseconds, host, host_header, referer, result, location, country, headers, names, count = values[7:]
        if milliseconds != MISSING and _MILLISECONDS.fullmatch(milliseconds):
            received_ms: int | None = int(milliseconds)
        else:
            received_ms = self._seconds[f"{date} {time}"]
        if received_ms is None or not _EARLIEST_MS <= received_ms <= now_ms + _ONE_DAY_MS:
            return Reject(reasons.BAD_COLUMNS, None, line)
        if not (status in _STATUSES and _REQUEST_ID.fullmatch(request_id)):
            return Reject(reasons.BAD_COLUMNS, None, line)
        return Request(
            request_id=request_id,
            received_ms=received_ms,
            address=address,
            method=method,
            host=(host if host_header == MISSING else host_header).lower(),
            path=stem.partition("?")[0],
            status=_STATUSES[status],
            result_type=result,
            query="" if query == MISSING else query_as_received(query, self._query_escaping),
            user_agent=self._agents[agent],
            referer="" if referer == MISSING else query_as_received(referer, self._query_escaping),
            edge_location=None if location == MISSING else location[:_MAX_LABEL],
            country=None if country == MISSING else country[:_MAX_LABEL],
            headers=read_headers(headers, names, count) if self.holds_signals else _NO_HEADERS,
            line=line,
        )


def plain_name(field: str) -> str:
    """The name that real-time logs use for a field.

    >>> plain_name("cs(User-Agent)")
    'cs-user-agent'
    """
    return _CS_HEADER.sub(r"cs-\1", field.lower())


def user_agent(column: str) -> str:
    """Decode a user agent that was percent-encoded once or twice: a decoded one has blanks where it has escapes.

    >>> user_agent("Mozilla/5.0%2520(X11)"), user_agent("Mozilla/5.0%20(X11)"), user_agent("-")
    ('Mozilla/5.0 (X11)', 'Mozilla/5.0 (X11)', '')
    """
    once = unescape(column)
    return unquote(once) if "%" in once and " " not in once else once


def _second_ms(text: str) -> int | None:
    """A second as Unix milliseconds; which millisecond it was is not known.

    So a streamed row of the same request, which knows more, is never earlier: the view `hits` keeps the last.
    """
    if not _SECOND.fullmatch(text):
        return None
    try:
        return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * 1000
    except ValueError:
        return None
