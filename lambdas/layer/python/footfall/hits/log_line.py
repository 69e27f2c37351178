"""Read a CloudFront real-time log line into a Request, by the deployed field list; no position is assumed."""

import re
import sys
from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Final
from urllib.parse import unquote

from footfall import reasons
from footfall.hits.hit import Headers, Reject, Request
from footfall.hits.log_fields import MAX_LINE_BYTES, MISSING, REQUIRED
from footfall.hits.memo import Memo

_TIMESTAMP: Final = re.compile(r"[0-9]{9,10}(?:\.[0-9]{1,6})?")
_USUAL_CHARACTERS: Final = len("1795000000.123")
_ADDRESS: Final = re.compile(r"[0-9a-fA-F:.]{2,45}")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_=.\-#+/]{4,128}")
_STATUSES: Final = {f"{number:03}": number for number in range(1000)}
_COUNTS: Final = {str(number): number for number in range(1000)}
_EARLIEST_S: Final = 1_199_145_600  # 2008-01-01: before CloudFront there are no log lines

ORIGIN_RESULT_TYPES: Final = frozenset({"Hit", "RefreshHit", "Miss", "OriginShieldHit"})


def is_answered_at_edge(result_type: str) -> bool:
    """Whether the edge function made the answer, so that no origin saw the request.

    AWS does not document the result type of answers that a function makes. Both readings hold here: a name of its own
    (`FunctionGeneratedResponse`) is not an origin's; `Error` belongs to CloudFront itself.
    """
    return result_type not in ORIGIN_RESULT_TYPES


def query_as_received(logged: str, escaping: str = "auto") -> str:
    """Undo CloudFront's own escaping of a query string or URL.

    Whether CloudFront logs the `%` of a received `%3A` as it is (`as_received`) or as `%253A` (`escaped_again`) is not
    documented; recorded lines show the latter. `auto` decides by the line: CloudFront itself escapes only a few characters,
    so an escape of any other one (`%3A`, `%2F`, `%3D` …) can only have been received. What else CloudFront escaped (a raw
    quote or space) stays so, and is decoded with the rest.

    >>> query_as_received("u=https%253A%252F%252Fx"), query_as_received("u=https%3A%2F%2Fx%2520y")
    ('u=https%3A%2F%2Fx', 'u=https%3A%2F%2Fx%2520y')
    """
    if escaping == "as_received" or "%25" not in logged:
        return logged
    unescaped = logged.replace("%25", "%")
    has_others = 2 * logged.count("%") != len(logged) - len(unescaped)
    return logged if escaping == "auto" and has_others and _RECEIVED_ESCAPE.search(logged) else unescaped


_RECEIVED_ESCAPE: Final = re.compile(r"%(?!25|[01][0-9A-Fa-f]|2[0237]|3[CEce]|5[B-Eb-e]|60|7[B-Fb-f]|[89A-Fa-f][0-9A-Fa-f])")
"""An escape that CloudFront does not make: it escapes 0 to 32, 127 and above, quotes, brackets and a few signs."""


class LineReader:
    """Reads lines of one field list; make one per deployed configuration, it remembers what comes again."""

    def __init__(self, fields: Sequence[str], *, query_escaping: str = "auto", limit: int = 20_000) -> None:
        self._count = len(fields)
        self._query_escaping = query_escaping
        at = {name: position for position, name in enumerate(fields)}
        self._pick = itemgetter(*(at[name] for name in REQUIRED), *(at.get(name, len(fields)) for name in _WHEN_SELECTED))
        self._texts: Memo[str, str] = Memo(unescape, limit=limit)
        self._urls: Memo[str, str] = Memo(
            lambda logged: "" if logged == MISSING else query_as_received(logged, query_escaping), limit=limit
        )

    def forget(self) -> None:
        """Forget what clients sent: called when the salts rotate."""
        self._texts.clear()
        self._urls.clear()

    def read(self, line: str, *, now_ms: int) -> Request | Reject:
        """Read one line, with or without its newline; a line whose columns cannot be trusted is a Reject that keeps no value."""
        line = line.rstrip("\r\n")
        if len(line) > MAX_LINE_BYTES or (not line.isascii() and len(line.encode()) > MAX_LINE_BYTES):
            return Reject(reasons.LINE_TOO_LONG, None, line)
        columns = line.split("\t")
        if len(columns) != self._count:
            return Reject(reasons.COLUMN_COUNT, None, line)
        columns.append(MISSING)  # where a field that was not selected is looked for
        (
            timestamp, address, status, method, host, stem, request_id, agent, referer, query, result, headers, names, count, edge, country
        ) = self._pick(columns)  # fmt: skip
        received_ms = _read_timestamp_ms(timestamp, now_ms)
        if received_ms is None or not (_ADDRESS.fullmatch(address) and _REQUEST_ID.fullmatch(request_id) and status in _STATUSES):
            return Reject(reasons.BAD_COLUMNS, None, line)
        return Request(
            request_id=request_id,
            received_ms=received_ms,
            address=address,
            method=method,
            host=host.lower(),
            path=stem.partition("?")[0],
            status=_STATUSES[status],
            result_type=result,
            query="" if query == MISSING else query_as_received(query, self._query_escaping),
            user_agent=self._texts[agent],
            referer=self._urls[referer],
            edge_location=None if edge == MISSING else edge[:40],
            country=None if country == MISSING else country[:40],
            headers=read_headers(headers, names, count),
            line=line,
        )


_WHEN_SELECTED: Final = ("x-edge-location", "c-country")


def unescape(column: str) -> str:
    """Decode a column once; `-` is an empty value; never raises.

    >>> unescape("Mozilla/5.0%20(X11)"), unescape("-")
    ('Mozilla/5.0 (X11)', '')
    """
    return "" if column == MISSING else unquote(column) if "%" in column else column


def _read_timestamp_ms(text: str, now_ms: int) -> int | None:
    """Unix milliseconds, when they lie between CloudFront's first year and a day from now."""
    digits = text.replace(".", "", 1)
    if len(text) == _USUAL_CHARACTERS and text[10] == "." and digits.isdecimal() and digits.isascii():
        received_ms = int(digits)  # as CloudFront writes it, with three decimals: half the time
    elif _TIMESTAMP.fullmatch(text):
        seconds, _, fraction = text.partition(".")
        received_ms = int(seconds) * 1000 + int((fraction + "000")[:3])
    else:
        return None
    return received_ms if _EARLIEST_S * 1000 <= received_ms <= now_ms + 86_400_000 else None


def read_headers(headers: str, names: str, count: str) -> Headers:
    """Take the allow-listed headers out of `cs-headers`, and drop the rest unread.

    Headers are `name:value%0A` pairs, split before decoding. CloudFront cuts long lists, and leaves a cookie's value out. Where
    `cs-headers-count` says that the list is cut, `cs-header-names` still tells whether a signal was sent, unless it is cut too:
    that signal is unknown (None).

    >>> read_headers("host:x%0ASec-GPC:1%0A", "host%0ASec-GPC%0A", "2").gpc
    True
    >>> read_headers("host:x%0A", "host%0Aaccept%0A", "3").gpc is None
    True
    """
    lower = headers.lower()
    missing = _missing(lower, names, count)
    language = _raw_value(lower, "accept-language")
    if missing is None and not ("sec-gpc" in lower or "dnt" in lower or "purpose" in lower or "x-moz" in lower):
        return _only_language(language)
    purposes = (_value(lower, name) for name in ("sec-purpose", "purpose", "x-purpose", "x-moz"))
    return Headers(
        gpc=_signal(lower, "sec-gpc", missing),
        dnt=_signal(lower, "dnt", missing),
        language=_first_language(language),
        purpose=next((purpose for purpose in purposes if purpose), ""),
        is_cut=missing is not None,
    )


@lru_cache(maxsize=1024)
def _only_language(language: str) -> Headers:
    return Headers(language=_first_language(language))


def _missing(headers: str, names: str, count: str) -> tuple[list[str], bool] | None:
    """None when the list of headers is whole; else the names that were sent, and whether those are cut too."""
    sent = _COUNTS.get(count, sys.maxsize)
    pairs = headers.count("%0a")
    if pairs >= sent:
        return None
    listed = names.lower().split("%0a")[:-1]
    return None if pairs + listed.count("cookie") >= sent else (listed, len(listed) < sent)


def _value(headers: str, name: str) -> str:
    """The decoded value of a header, "" when absent; `headers` in lower case."""
    return unquote(_raw_value(headers, name)).lower().strip()


def _raw_value(headers: str, name: str) -> str:
    if name not in headers:
        return ""
    if headers.startswith(name + ":"):
        start = len(name) + 1
    else:
        found = headers.find("%0a" + name + ":")
        if found < 0:
            return ""
        start = found + len(name) + 4
    end = headers.find("%0a", start)
    return headers[start : end if end >= 0 else None]


def _signal(headers: str, name: str, missing: tuple[list[str], bool] | None) -> bool | None:
    """Whether a signal is on; `missing` holds the names, and whether those are cut too, when the list of headers is cut."""
    value = _value(headers, name)
    if value or missing is None:
        return value == "1"
    names, names_cut = missing
    if name in names:
        return True if name == "sec-gpc" else None  # Sec-GPC has no other value than 1; DNT may be 0
    return None if names_cut else False


def _first_language(value: str) -> str:
    """The first tag of an Accept-Language as it is in the log, at most 20 characters, as Matomo keeps.

    >>> _first_language("de-de,%20de;q=0.8")
    'de-de'
    """
    return unquote(value).lower().partition(",")[0].partition(";")[0].strip()[:20]
