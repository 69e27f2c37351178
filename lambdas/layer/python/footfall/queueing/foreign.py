"""Read a message that another writer put into the tracking queue: an id from its content, and the policies that our own went through."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from footfall.dialects import matomo
from footfall.dialects.query import decode_query
from footfall.privacy import NO_ADDRESS, parse_address
from footfall.queueing.envelope import LATEST_S, parameters_of, server_in, shallow, text_of, way_here
from footfall.queueing.message import Message, QueuedHit, Suppressed
from footfall.queueing.policy import Policy, signals_in
from footfall.queueing.trust import Trust, tokens_of, without_secrets

_SAME_MOMENT_S: Final = 60
"""The plugin notes `time` when it has read the request, PHP `REQUEST_TIME` when it came; further apart, somebody set `time`."""


Numbered = Sequence[tuple[int, Any]]
"""The requests of a message, each with its place."""


def read_foreign(requests: Numbered, content: Mapping[str, Any], *, sent_ms: int, trust: Trust, policy: Policy | None) -> Message:
    """Read the requests of a message's content, as `read_message` says; without a policy everything is kept."""
    server, bulk_token = server_in(content), text_of(shallow(content.get("tokenAuth")))
    signals = signals_in(server)
    about = _about(content, server, sent_ms)
    content_id = _content_id(content, server, sent_ms)
    hits: list[QueuedHit] = []
    suppressed: list[Suppressed] = []
    unreadable = 0
    for number, request in requests:
        values = _values_of(request)
        if not values:
            unreadable += 1
            continue
        hit = QueuedHit(
            event_id=f"{content_id}#{number}",
            parameters=values,
            user_agent=values.get("ua") or about["user_agent"],
            language=values.get("lang") or about["language"],
            has_gpc=signals.gpc is True,
            **{name: value for name, value in about.items() if name not in ("user_agent", "language")},
        )
        hit = _with_overrides(without_secrets(hit, tokens_of(values, bulk_token), trust))
        judged = policy.judge(hit, signals) if policy else hit
        if isinstance(judged, QueuedHit):
            hits.append(judged)
        else:
            suppressed.append(Suppressed(judged.code, hit))
    return Message(tuple(hits), unreadable, None, tuple(suppressed))


def _about(content: Mapping[str, Any], server: Mapping[str, Any], sent_ms: int) -> dict[str, Any]:
    """The fields that the hits of a message share: times, and what `env.server` tells."""
    received_s, time_s = _times(content, server, sent_ms)
    event_s = received_s if abs(time_s - received_s) <= _SAME_MOMENT_S else time_s
    return {
        "received_ms": int(received_s * 1000),
        "event_ms": int(event_s * 1000),
        "time_s": int(time_s),
        "address": text_of(server.get("REMOTE_ADDR")) or NO_ADDRESS,
        "user_agent": text_of(server.get("HTTP_USER_AGENT")),
        "language": text_of(server.get("HTTP_ACCEPT_LANGUAGE")),
        **way_here(server),
    }


def _values_of(request: Any) -> dict[str, str] | None:
    """The parameters of a request, given as a query string or an object; None when it is neither, or nested too deeply."""
    read = decode_query(request.partition("?")[2]).values if isinstance(request, str) else request
    try:
        return parameters_of(read) if isinstance(read, dict) else None
    except orjson.JSONEncodeError:
        return None


def _content_id(content: Mapping[str, Any], server: Mapping[str, Any], sent_ms: int) -> str:
    told = _seconds(content.get("time")) or _seconds(server.get("REQUEST_TIME"))
    identity = content if told else {"sent": sent_ms, "content": content}  # without a time, two equal messages are two hits
    try:
        written = orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # nested deeper than it writes
        written = orjson.dumps(shallow(identity), option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(written, digest_size=16).hexdigest()


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
