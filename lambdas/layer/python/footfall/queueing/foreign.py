"""Read a message that another writer put into the tracking queue: an id from its content, and the policies that our own went through."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from footfall.dialects import matomo
from footfall.dialects.query import decode_query
from footfall.privacy import NO_ADDRESS, parse_address
from footfall.queueing.envelope import LATEST_S, parameters_of, server_in, text_of, way_here
from footfall.queueing.message import Message, QueuedHit, Suppressed
from footfall.queueing.policy import Policy, signals_in
from footfall.queueing.trust import Trust, tokens_of, without_secrets

_SAME_MOMENT_S: Final = 60
"""The plugin notes `time` when it has read the request, PHP `REQUEST_TIME` when it came; further apart, somebody set `time`."""


def read_foreign(requests: Sequence[Any], content: Mapping[str, Any], *, sent_ms: int, trust: Trust, policy: Policy | None) -> Message:
    """Read the requests of a message's content, as `read_message` says; without a policy everything is kept."""
    server, bulk_token = server_in(content), text_of(content.get("tokenAuth"))
    signals = signals_in(server)
    received_s, time_s = _times(content, server, sent_ms)
    content_id = _content_id(content, server, sent_ms)
    hits: list[QueuedHit] = []
    suppressed: list[Suppressed] = []
    unreadable = 0
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
            has_gpc=signals.gpc is True,
            **way_here(server),
        )
        hit = _with_overrides(without_secrets(hit, tokens_of(values, bulk_token), trust))
        judged = policy.judge(hit, signals) if policy else hit
        if isinstance(judged, QueuedHit):
            hits.append(judged)
        else:
            suppressed.append(Suppressed(judged.code, hit))
    return Message(tuple(hits), unreadable, None, tuple(suppressed))


def _content_id(content: Mapping[str, Any], server: Mapping[str, Any], sent_ms: int) -> str:
    told = _seconds(content.get("time")) or _seconds(server.get("REQUEST_TIME"))
    identity = content if told else {"sent": sent_ms, "content": content}  # without a time, two equal messages are two hits
    return hashlib.blake2b(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


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
