"""What an answer of Matomo's bulk Tracking API really means: pure, one row of the measured table after the other.

Measured: a real Matomo 5.1.2. Only HTTP 200 with JSON, `success` and `tracked + invalid == sent` is an acknowledgement.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson

from footfall.destinations.delivery import Answer, Meaning
from footfall.errors import UnavailableError
from footfall.transport import NotSentError, Response

LONGEST_WAIT_S: Final = 3_600.0

_OK: Final = 200
_REDIRECTS: Final = range(300, 400)
_CLIENT_ERRORS: Final = range(400, 500)
_TOO_LARGE: Final = 413
_LATER: Final = frozenset({408, 429, 503})
_FAILED: Final = 500
_NOT_IMPLEMENTED: Final = 501


def read_failure(failed: UnavailableError) -> Answer:
    """What it means that there is no answer."""
    meaning = Meaning.UNAVAILABLE if isinstance(failed, NotSentError) else Meaning.UNKNOWN
    return Answer(meaning, str(failed))


def read_answer(response: Response, *, sent: int, is_transactional: bool) -> Answer:
    """What an answer to a bulk of `sent` hits means.

    >>> read_answer(Response(200, {}, b'{"status":"success","tracked":2,"invalid":0}'), sent=2, is_transactional=True).meaning.name
    'ACKNOWLEDGED'
    >>> read_answer(Response(500, {}, b'{"status":"error","tracked":1,"invalid":0}'), sent=2, is_transactional=True).meaning.name
    'ROLLED_BACK'
    """
    status = response.status
    if status == _OK:
        return _read_success(response, sent)
    if status in _LATER:
        return Answer(Meaning.UNAVAILABLE, f"HTTP {status}", retry_after_s=_retry_after_s(response.headers))
    if status == _TOO_LARGE:
        return Answer(Meaning.TOO_LARGE, f"HTTP {status}")
    if status in _REDIRECTS or status in _CLIENT_ERRORS or status == _NOT_IMPLEMENTED:
        return Answer(Meaning.MISCONFIGURED, f"HTTP {status}")
    if status == _FAILED and is_transactional:
        return Answer(Meaning.ROLLED_BACK, f"HTTP {status}")
    return Answer(Meaning.UNKNOWN, f"HTTP {status}")


def _read_success(response: Response, sent: int) -> Answer:
    if response.body[:3] == b"GIF" or response.headers.get("content-type", "").startswith("image/"):
        return Answer(Meaning.UNKNOWN, "HTTP 200 with an image: QueuedTracking took the bulk in spite of queuedtracking=0")
    document = _read_json(response.body)
    tracked, invalid = _count(document.get("tracked")), _count(document.get("invalid"))
    if document.get("status") != "success" or tracked is None or invalid is None:
        return Answer(Meaning.UNKNOWN, "HTTP 200 without the counts of a bulk")
    refused = _positions(document.get("invalid_indices"), invalid, sent)
    if tracked + invalid == sent:
        return Answer(Meaning.ACKNOWLEDGED, "", tracked, invalid, refused)
    if tracked == invalid == 0:
        return Answer(Meaning.NOTHING_STORED, "HTTP 200, tracked 0, invalid 0")
    return Answer(Meaning.UNKNOWN, f"HTTP 200, tracked {tracked} and invalid {invalid} of {sent}", tracked, invalid, refused)


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _positions(value: Any, invalid: int, sent: int) -> frozenset[int] | None:
    """Positions of the refused hits: told to a super user's token only; what does not add up is as if not told."""
    if not isinstance(value, list) or not all(_count(each) is not None and each < sent for each in value):
        return None
    positions = frozenset(value)
    return positions if len(positions) == invalid else None


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants to be asked again: a number, or a date less the answer's own; at most an hour."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT_S)
    then, now = _moment(text), _moment(headers.get("date", ""))
    if then is None or now is None:
        return None
    return min(max((then - now).total_seconds(), 0.0), LONGEST_WAIT_S)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
