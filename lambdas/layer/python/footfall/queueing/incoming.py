"""Read a message of the tracking queue, whoever wrote it and whatever it travelled through; tokens and cookies go no further."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import orjson

from footfall.dialects import matomo
from footfall.dialects.query import decode_query
from footfall.errors import RejectedError
from footfall.privacy import parse_address
from footfall.queueing.envelope import LATEST_S, parameters_of, server_in, shape_of, text_of, unwrap, way_here
from footfall.queueing.message import NO_ADDRESS, VERSION, QueuedHit
from footfall.queueing.own import read_own
from footfall.queueing.trust import Trust, may_hold_tokens, tokens_of, without_secrets

_SAME_MOMENT_S: Final = 60
"""The plugin notes `time` when it has read the request, PHP `REQUEST_TIME` when it came; further apart, somebody set `time`."""


class Message(NamedTuple):
    """What a message holds; `unreadable` counts elements that are no request; `shard` is (number, of how many), when Footfall wrote it."""

    hits: tuple[QueuedHit, ...]
    unreadable: int
    shard: tuple[int, int] | None


def read_message(body: str | bytes, *, sent_ms: int, is_accepted: Callable[[str], bool], trusts_all: bool = False) -> Message:
    """Read the plain form, the AwsSqsTracking plugin's triple-encoded SNS form, SNS (raw or not) and EventBridge.

    A hit of another writer gets an id made of the message's content, so that the same message gives the same ids. `is_accepted` says
    whether a token that a request carried counts; `trusts_all` (`queue.trust`) that all count as if they had one. `sent_ms` (Unix
    milliseconds) is when the message was sent; it stands in where the message tells no time.

    Raises:
        RejectedError: it is none of these; the text tells the shape and never the content.
    """
    document = unwrap(body)
    content, trust = document["content"], Trust(is_accepted, trusts_all)
    requests = content.get("requests")
    if not isinstance(requests, list):
        raise RejectedError(f"content.requests is {shape_of(requests)}, not a list")
    own = document.get("footfall")
    described = own.get("hits") if isinstance(own, dict) and own.get("version") == VERSION else None
    if isinstance(described, list) and len(described) == len(requests):
        hits, shard = read_own(requests, content, own, trust, may_hold_tokens=may_hold_tokens(body))
        return Message(hits, 0, shard)
    return _read_foreign(requests, content, sent_ms, trust)  # also what somebody edited so far that the two no longer match


def _read_foreign(requests: list[Any], content: Mapping[str, Any], sent_ms: int, trust: Trust) -> Message:
    server, bulk_token = server_in(content), text_of(content.get("tokenAuth"))
    received_s, time_s = _times(content, server, sent_ms)
    told = _seconds(content.get("time")) or _seconds(server.get("REQUEST_TIME"))
    identity = content if told else {"sent": sent_ms, "content": content}  # without a time, two equal messages are two hits
    content_id = hashlib.blake2b(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
    hits, unreadable = [], 0
    for number, request in enumerate(requests):
        read = decode_query(request.partition("?")[2]).values if isinstance(request, str) else request
        if not isinstance(read, dict) or not read:
            unreadable += 1
            continue
        values = parameters_of(read)
        hit = QueuedHit(
            event_id=f"{content_id}#{number}",
            received_ms=int(received_s * 1000),
            event_ms=int((received_s if abs(time_s - received_s) <= _SAME_MOMENT_S else time_s) * 1000),
            time_s=int(time_s),
            parameters=values,
            address=text_of(server.get("REMOTE_ADDR")) or NO_ADDRESS,
            user_agent=values.get("ua") or text_of(server.get("HTTP_USER_AGENT")),
            language=values.get("lang") or text_of(server.get("HTTP_ACCEPT_LANGUAGE")),
            has_gpc=server.get("HTTP_SEC_GPC") == "1",
            **way_here(server),
        )
        hits.append(_with_overrides(without_secrets(hit, tokens_of(values, bulk_token), trust)))
    return Message(tuple(hits), unreadable, None)


def _times(content: Mapping[str, Any], server: Mapping[str, Any], sent_ms: int) -> tuple[float, float]:
    """When the request came, and the envelope's `time`, in Unix seconds; each stands in for the other."""
    time_s = _seconds(content.get("time")) or _seconds(server.get("REQUEST_TIME")) or sent_ms // 1000
    return _seconds(server.get("REQUEST_TIME_FLOAT")) or _seconds(server.get("REQUEST_TIME")) or time_s, time_s


def _with_overrides(hit: QueuedHit) -> QueuedHit:
    """Let `cip` and `cdt` count where the request may say such things, as Matomo does."""
    if not hit.authenticated:
        return hit
    address = hit.parameters.get("cip", "")
    event_ms = matomo.custom_time_ms(hit.parameters, hit.received_ms)
    return replace(
        hit,
        address=address if parse_address(address) is not None else hit.address,
        event_ms=hit.event_ms if event_ms is None else event_ms,
    )


def _seconds(value: Any) -> float | None:
    """A plausible time in Unix seconds, from a number or its text; else None."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 < seconds <= LATEST_S else None
