"""Answer a bulk as plugins/BulkTracking of 5.1.2: what counts, what is rolled back, and what the counts do not say."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from local.matomo.action import FatalHit, InvalidHit, PoisonHit
from local.matomo.exchange import HTML, JSON, Answer, Request
from local.matomo.parameters import read_object, read_query
from local.matomo.settings import Fault
from local.matomo.state import Changes
from local.matomo.tokens import Authentication, LockedOut
from local.matomo.track import track

FATAL: Final = Answer(status=500, content_type=HTML)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """A bulk as Matomo reads it: what it cannot read has no hits, no token and is no error (t30, t39c)."""

    hits: Sequence[Mapping[str, str]]
    token: str = ""
    has_answer: bool = True
    elements: Sequence[object] = ()


def is_bulk(body: bytes) -> bool:
    """Tell whether a body is a bulk: the word requests stands in it, in quotes, and not at its start."""
    return body.find(b'"requests"') > 0 or body.find(b"'requests'") > 0


def read_bulk(body: bytes) -> Bulk:
    """Read a bulk's JSON.

    >>> read_bulk(b'{"requests": ["no query", "?a=1", null], "token_auth": "x"}').hits
    [{'a': '1'}, {}]
    """
    try:
        document = json.loads(body.replace(b"\n", b"").replace(b"\r", b""), parse_constant=_refuse)
    except (ValueError, RecursionError):  # PHP reads 512 levels
        return Bulk(hits=[])
    if not isinstance(document, dict):
        return Bulk(hits=[])
    listed = document.get("requests")
    elements = list(listed.values()) if isinstance(listed, dict) else listed if isinstance(listed, list) else []
    token, image = document.get("token_auth"), document.get("send_image", "1")
    hits = [hit for hit in map(_read_element, elements) if hit is not None]
    return Bulk(
        hits=hits,
        token=token if isinstance(token, str) else "",
        has_answer=isinstance(image, (list, dict)) or image not in (0, "0", ""),
        elements=elements,
    )


def answer_bulk(request: Request, changes: Changes, fault: Fault | None) -> tuple[Answer, Changes]:
    """Track a bulk's hits; the changes that come back are those to commit."""
    behaviour, bulk = changes.state.behaviour, read_bulk(request.body)
    if behaviour.is_paused:
        return _counted(bulk, tracked=0, invalid=[], is_super=False), changes
    if behaviour.is_database_down:
        return _failed(tracked=0, invalid=[], is_super=False), changes
    if not bulk.hits:
        return _counted(bulk, tracked=0, invalid=[], is_super=False), changes
    authentication = Authentication(changes=changes, address=request.address, now_s=request.now_s)
    try:
        is_super = authentication.is_super_user(_bulk_token(request, bulk))
    except LockedOut:
        return _failed(tracked=0, invalid=[], is_super=False), changes
    return _track_all(bulk, request=request, authentication=authentication, changes=changes, is_super=is_super, fault=fault)


def _track_all(
    bulk: Bulk, *, request: Request, authentication: Authentication, changes: Changes, is_super: bool, fault: Fault | None
) -> tuple[Answer, Changes]:
    tracked, invalid = 0, list[int]()
    for index, hit in enumerate(bulk.hits):
        try:
            is_locked = _is_struck(fault, index)
            before = changes.mark() if is_locked else None
            track(hit, request=request, token=bulk.token, authentication=authentication, changes=changes)
            if before is None:
                tracked += 1
            else:
                changes.lose_lock(before)
        except InvalidHit:
            invalid.append(index)
        except PoisonHit:
            return _failed(tracked=tracked, invalid=[], is_super=is_super), _abort(changes)
        except FatalHit:
            return FATAL, _abort(changes)
    return _counted(bulk, tracked=tracked, invalid=invalid, is_super=is_super), changes


def _is_struck(fault: Fault | None, index: int) -> bool:
    """Meet the fault that a hit of this bulk is to meet: True where it waits for a lock in vain, and is counted nowhere."""
    if fault is None or index not in fault.hits:
        return False
    if fault.kind == "deadlock":
        raise PoisonHit("1213 Deadlock found")
    if fault.kind == "php_fatal":
        raise FatalHit
    return fault.kind == "lock_wait_timeout"


def _abort(changes: Changes) -> Changes:
    return changes.roll_back() if changes.state.behaviour.has_transactions else changes


def _bulk_token(request: Request, bulk: Bulk) -> str:
    """Choose the token that decides on `invalid_indices`: the URL's goes first, though no hit is authenticated by it (t19)."""
    return parse_qs(request.query).get("token_auth", [bulk.token])[0]


def _read_element(element: object) -> Mapping[str, str] | None:
    """Read one element; None for a string without a query, which is dropped before anything is counted (t04)."""
    if not isinstance(element, str):
        return read_object(element) if isinstance(element, dict) else {}
    query = element.partition("?")[2].partition("#")[0]
    return read_query(query) if query else None


def _counted(bulk: Bulk, *, tracked: int, invalid: list[int], is_super: bool) -> Answer:
    if not bulk.has_answer:
        return Answer(status=204, content_type=JSON)
    return Answer(status=200, content_type=JSON, body=_counts("success", tracked, invalid, is_super=is_super))


def _failed(*, tracked: int, invalid: list[int], is_super: bool) -> Answer:
    return Answer(status=500, content_type=JSON, body=_counts("error", tracked, invalid, is_super=is_super))


def _counts(status: str, tracked: int, invalid: list[int], *, is_super: bool) -> bytes:
    counts: dict[str, object] = {"status": status, "tracked": tracked, "invalid": len(invalid)}
    return json.dumps(counts | ({"invalid_indices": invalid} if is_super else {}), separators=(",", ":")).encode()


def _refuse(constant: str) -> float:
    raise ValueError(constant)
