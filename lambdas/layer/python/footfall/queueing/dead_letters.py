"""Dead letters: one for each hit that could not be delivered, with its reason, redacted evidence, and the hit itself to send again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from footfall.dialects.parameters import DIMENSION_PREFIX, PIWIK_PRO
from footfall.errors import RejectedError
from footfall.privacy import mask
from footfall.queueing.incoming import read_message
from footfall.queueing.message import PACKED, QueuedHit, write_message

VERSION: Final = 1
LARGEST_BYTES: Final = 1_000_000
"""SQS takes 1 MiB; a letter that would be larger goes without its hit, and says so."""

_MOST_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A letter: `hit` is None where there is none to send again; `count` hits are lost of those in `event_ids`. Unix milliseconds.

    `evidence` has the parameters' names with masked values.
    """

    destination: str
    reason: str
    detail: str
    site: str
    event_ids: tuple[str, ...]
    first_attempt_ms: int
    last_attempt_ms: int
    count: int = 1
    evidence: Mapping[str, str]
    hit: QueuedHit | None


def letter_of(hit: QueuedHit, *, destination: str, reason: str, detail: str, site: str, first_ms: int, now_ms: int) -> DeadLetter:
    """A letter for one hit."""
    return DeadLetter(
        destination=destination,
        reason=reason,
        detail=detail,
        site=site,
        event_ids=(hit.event_id,),
        first_attempt_ms=first_ms,
        last_attempt_ms=now_ms,
        evidence=_shown(hit.parameters),
        hit=hit,
    )


def write_letter(letter: DeadLetter) -> bytes:
    """Write a letter; `read_letter` reads it back equal."""
    document: dict[str, Any] = {
        "footfall_dead_letter": VERSION,
        "destination": letter.destination,
        "reason": letter.reason,
        "detail": letter.detail,
        "site": letter.site,
        "event_ids": letter.event_ids,
        "count": letter.count,
        "first_attempt": _time(letter.first_attempt_ms),
        "last_attempt": _time(letter.last_attempt_ms),
        "evidence": letter.evidence,
    }
    if letter.hit is None:
        return orjson.dumps(document)
    message = write_message([letter.hit], layout=PACKED, shard=0, shards=1).decode()
    body = orjson.dumps(document | {"message": message})
    return body if len(body) <= LARGEST_BYTES else orjson.dumps(document | {"left_out": f"the hit, of {len(message)} bytes"})


def read_letter(body: str) -> DeadLetter:
    """Read a letter.

    Raises:
        RejectedError: it is none; the text tells nothing of the content.
    """
    try:
        document = orjson.loads(body)
        message = document.get("message")
        return DeadLetter(
            destination=str(document["destination"]),
            reason=str(document["reason"]),
            detail=str(document["detail"]),
            site=str(document["site"]),
            event_ids=tuple(str(each) for each in document["event_ids"]),
            count=int(document["count"]),
            first_attempt_ms=_read_time(document["first_attempt"]),
            last_attempt_ms=_read_time(document["last_attempt"]),
            evidence={str(name): str(value) for name, value in document["evidence"].items()},
            hit=_read_hit(message) if message else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as broken:
        raise RejectedError(f"not a dead letter: {type(broken).__name__}") from None


def _read_hit(message: str) -> QueuedHit:
    (hit,) = read_message(message, sent_ms=0, is_accepted=lambda _token: False).hits
    return hit


def _shown(parameters: Mapping[str, str]) -> dict[str, str]:
    """Names and masked values; a name that is no word of a tracker's may be anything, so it is masked too."""
    return {_name(name): mask(value) for name, value in list(parameters.items())[:_MOST_SHOWN]}


def _name(name: str) -> str:
    return name if name in PIWIK_PRO or name.startswith(DIMENSION_PREFIX) else mask(name)


def _time(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _read_time(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
