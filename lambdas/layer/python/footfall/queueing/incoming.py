"""Read a message of the tracking queue, whoever wrote it and whatever it travelled through; tokens and cookies go no further."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import orjson

from footfall.dialects import matomo
from footfall.dialects.query import decode_query
from footfall.errors import RejectedError
from footfall.hits.authentication import SECRETS
from footfall.hits.scrub import scrub_row
from footfall.hits.urls import clean_url
from footfall.privacy import parse_address
from footfall.queueing.envelope import parameters_of, shape_of, text_of, unwrap
from footfall.queueing.message import NO_ADDRESS, PACKED, VERSION, QueuedHit

_LATEST_S: Final = 253_402_300_799  # the year 9999, as far as a datetime goes
_MOST_SHARDS: Final = 1_000_000
_SAME_MOMENT_S: Final = 60
"""The plugin notes `time` when it has read the request, PHP `REQUEST_TIME` when it came; further apart, somebody set `time`."""


class Message(NamedTuple):
    """What a message holds; `unreadable` counts elements that are no request; `shard` is (number, of how many), when Footfall wrote it."""

    hits: tuple[QueuedHit, ...]
    unreadable: int
    shard: tuple[int, int] | None


class Trust(NamedTuple):
    """Whose auth-only parameters count: requests with a token that is accepted, those marked `authenticated`, or all of them."""

    is_accepted: Callable[[str], bool]
    everyone: bool

    def extends_to(self, tokens: Sequence[str]) -> bool:
        """Whether what a request with these tokens says counts."""
        return self.everyone or any([self.is_accepted(token) for token in tokens])  # noqa: C419 - a list compares each of them


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
        return _read_own(requests, content, own, trust, may_hold_tokens=_may_hold_tokens(body))
    return _read_foreign(requests, content, sent_ms, trust)  # also what somebody edited so far that the two no longer match


def _read_own(requests: list[Any], content: Mapping[str, Any], own: Any, trust: Trust, *, may_hold_tokens: bool) -> Message:
    """Read what Footfall wrote: who edits messages in between may change parameters, and must leave `footfall` as it is.

    Footfall writes no token, so what holds none of their names needs no second look: 4 us for each hit.
    """
    read = _packed_hit if own.get("layout") == PACKED else _compatible_hit
    server, bulk_token = _server(content), text_of(content.get("tokenAuth"))
    hits: list[QueuedHit] = []
    edited = ""
    try:
        for request, one in zip(requests, own["hits"], strict=True):
            values = parameters_of(request)
            hit = read(values, one, server, trust)
            hits.append(_without_secrets(hit, _tokens(values, bulk_token), trust) if may_hold_tokens or bulk_token else hit)
        return Message(tuple(hits), 0, (_whole(own["shard"], _MOST_SHARDS), _whole(own["shards"], _MOST_SHARDS)))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        edited = type(error).__name__
    raise RejectedError(f"footfall.hits is not what was written: {edited}")  # outside: the error may carry what it met


def _packed_hit(values: dict[str, str], own: Mapping[str, Any], _server: Mapping[str, Any], trust: Trust) -> QueuedHit:
    """A hit whose agent, language, address, time and visitor stand among its parameters."""
    described = _described(own, trust)
    described["event_ms"] = _edited_time_ms(values, described, str(described["event_ms"] // 1000))
    values.pop("cdt", None)
    carried: dict[str, Any] = {
        "user_agent": values.pop("ua", ""),
        "language": values.pop("lang", ""),
        "address": values.pop("cip", NO_ADDRESS),
        "visitor_id": values.pop("cid", ""),
    }
    if "sent" in own:
        values |= parameters_of(own["sent"])
    return QueuedHit(**described, **carried, parameters=values)


def _compatible_hit(values: dict[str, str], own: Mapping[str, Any], server: Mapping[str, Any], trust: Trust) -> QueuedHit:
    """A hit whose agent, language, address and way here stand in `env.server`."""
    described, sent = _described(own, trust), parameters_of(own.get("sent", {}))
    if described.get("visitor_id"):
        described["visitor_id"] = values.pop("cid", "")
        values |= {name: value for name, value in sent.items() if name == "cid"}
    described["event_ms"] = _edited_time_ms(values, described, sent.get("cdt", ""))
    edited = {name: values[name] for name in ("ua", "lang", "cip") if name in values and values[name] != sent.get(name)}
    return QueuedHit(
        **described | _way_here(server),
        parameters=values,
        user_agent=edited.get("ua", text_of(server.get("HTTP_USER_AGENT"))),
        language=edited.get("lang", text_of(server.get("HTTP_ACCEPT_LANGUAGE"))),
        address=edited.get("cip") or text_of(server.get("REMOTE_ADDR")) or NO_ADDRESS,
    )


def _edited_time_ms(values: Mapping[str, str], described: Mapping[str, Any], written: str) -> int:
    """When the hit happened: as Footfall wrote it, unless somebody changed `cdt` in between."""
    edited = values.get("cdt", written) != written
    edited_ms = matomo.custom_time_ms({"cdt": values["cdt"]}, described["received_ms"]) if edited else None
    return int(described["event_ms"] if edited_ms is None else edited_ms)


def _described(own: Mapping[str, Any], trust: Trust) -> dict[str, Any]:
    """What `footfall.hits` tells of a hit."""
    received_ms = _whole(own["received_ms"], _LATEST_S * 1000)
    event_ms = _whole(own.get("event_ms", received_ms), _LATEST_S * 1000)
    described: dict[str, Any] = {name: text_of(own[name]) for name in _TEXTS if name in own}
    if "only" in own:
        described["only"] = tuple(text_of(name) for name in own["only"])
    return described | {
        "event_id": text_of(own["id"]),
        "received_ms": received_ms,
        "event_ms": event_ms,
        "time_s": _whole(own.get("time", event_ms // 1000), _LATEST_S),
        "authenticated": own.get("authenticated") is True or trust.everyone,
        "has_gpc": own.get("has_gpc") is True,
        "generation": _whole(own.get("generation", 0), _LATEST_S),
    }


def _whole(value: Any, most: int) -> int:
    """A whole number from 0 to `most`; raises ValueError for anything else."""
    if not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError("not such a number")
    return value


_TEXTS: Final = ("site", "visitor_id", "method", "scheme", "host", "path", "referer")


def _read_foreign(requests: list[Any], content: Mapping[str, Any], sent_ms: int, trust: Trust) -> Message:
    server, bulk_token = _server(content), text_of(content.get("tokenAuth"))
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
            **_way_here(server),
        )
        hits.append(_with_overrides(_without_secrets(hit, _tokens(values, bulk_token), trust)))
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


def _server(content: Mapping[str, Any]) -> Mapping[str, Any]:
    environment = content.get("env")
    server = environment.get("server") if isinstance(environment, dict) else None
    return server if isinstance(server, dict) else {}


def _way_here(server: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "method": text_of(server.get("REQUEST_METHOD")) or "GET",
        "scheme": text_of(server.get("REQUEST_SCHEME")) or "https",
        "host": text_of(server.get("HTTP_HOST")),
        "path": text_of(server.get("SCRIPT_NAME")) or "/matomo.php",
        "referer": text_of(server.get("HTTP_REFERER")),
    }


def _seconds(value: Any) -> float | None:
    """A plausible time in Unix seconds, from a number or its text; else None."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 < seconds <= _LATEST_S else None


def _may_hold_tokens(body: str | bytes) -> bool:
    """Whether the name of a token stands anywhere, as who edits messages would write it."""
    return any(name in body if isinstance(body, str) else name.encode() in body for name in SECRETS)


def _tokens(values: Mapping[str, str], bulk_token: str) -> tuple[str, ...]:
    return tuple(token for token in (bulk_token, *(values.get(name, "") for name in sorted(SECRETS))) if token)


def _without_secrets(hit: QueuedHit, tokens: Sequence[str], trust: Trust) -> QueuedHit:
    """Take tokens out of a hit, wherever they stand, and note whether one of them counts."""
    parameters = {name: clean_url(value, SECRETS) for name, value in hit.parameters.items() if name not in SECRETS}
    row: dict[str, Any] = {
        "parameters": parameters,
        "agent": hit.user_agent,
        "tongue": hit.language,
        "referer": clean_url(hit.referer, SECRETS),
    }
    if tokens:
        row = scrub_row(row, tokens)
    return replace(
        hit,
        parameters=row["parameters"],
        user_agent=row["agent"],
        language=row["tongue"],
        referer=row["referer"],
        authenticated=hit.authenticated or trust.extends_to(tokens),
    )
