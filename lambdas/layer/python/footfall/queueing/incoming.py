"""Read a message of the tracking queue, whoever wrote it and whatever it travelled through; tokens and cookies go no further."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from footfall.dialects.query import decode_query
from footfall.errors import RejectedError
from footfall.hits.authentication import SECRETS
from footfall.queueing.message import NO_ADDRESS, OVERRIDDEN, PACKED, VERSION, QueuedHit

_LAYERS: Final = 6
"""Wrappings that are undone: a text that is JSON, SNS `Message`, the plugin's `MessageBody`, EventBridge `detail`."""

_LATEST_S: Final = 253_402_300_799  # the year 9999, as far as a datetime goes


class Message(NamedTuple):
    """What a message holds; `unreadable` counts elements that are no request; `shard` is (number, of how many), when Footfall wrote it."""

    hits: tuple[QueuedHit, ...]
    unreadable: int
    shard: tuple[int, int] | None


def read_message(body: str | bytes, *, sent_ms: int, is_accepted: Callable[[str], bool]) -> Message:
    """Read the plain form, the AwsSqsTracking plugin's triple-encoded SNS form, SNS (raw or not) and EventBridge.

    A hit of another writer gets an id made of the message's content, so that the same message gives the same ids. `is_accepted` says
    whether a token that a request carried counts. `sent_ms` (Unix milliseconds) stands in where a message tells no time.

    Raises:
        RejectedError: it is none of these; the text tells the shape and never the content.
    """
    document = _unwrap(body)
    content = document["content"]
    requests = content.get("requests")
    if not isinstance(requests, list):
        raise RejectedError(f"content.requests is {_shape(requests)}, not a list")
    own = document.get("footfall")
    described = own.get("hits") if isinstance(own, dict) and own.get("version") == VERSION else None
    if isinstance(described, list) and len(described) == len(requests):
        return _read_own(requests, content, own)
    return _read_foreign(requests, content, sent_ms, is_accepted)  # also what somebody edited so far that the two no longer match


def _unwrap(body: str | bytes) -> dict[str, Any]:
    """Undo what a message was wrapped in, down to the object that has `content`."""
    value: Any = body
    for _ in range(_LAYERS):
        if isinstance(value, str | bytes):
            try:
                value = orjson.loads(value)
            except orjson.JSONDecodeError as broken:
                raise RejectedError(f"not JSON: {_shape(value)}") from broken
            continue
        if not isinstance(value, dict):
            break
        if isinstance(value.get("content"), dict):
            return value
        wrapped = next((name for name in ("Message", "MessageBody", "detail") if isinstance(value.get(name), str | dict)), None)
        if wrapped is None:
            break
        value = value[wrapped]
    raise RejectedError(f"no tracking message: {_shape(value)}")


def _shape(value: object) -> str:
    """The type and size of a value, for an error message."""
    size = f" of {len(value)}" if isinstance(value, str | bytes | list | dict) else ""
    return f"{type(value).__name__}{size}"


def _read_own(requests: list[Any], content: Mapping[str, Any], own: Any) -> Message:
    """Read what Footfall wrote: who edits messages in between may change parameters, and must leave `footfall` as it is."""
    is_packed = own.get("layout") == PACKED
    server = {} if is_packed else _server(content)
    try:
        hits = tuple(_own_hit(request, one, server, is_packed=is_packed) for request, one in zip(requests, own["hits"], strict=True))
        return Message(hits, 0, (int(own["shard"]), int(own["shards"])))
    except (KeyError, TypeError, ValueError, AttributeError) as edited:
        raise RejectedError(f"footfall.hits is not what was written: {type(edited).__name__}") from edited


def _own_hit(request: Mapping[str, Any], own: Mapping[str, Any], server: Mapping[str, Any], *, is_packed: bool) -> QueuedHit:
    values = parameters_of(request)
    if is_packed:
        agent, language, address = values.get("ua", ""), values.get("lang", ""), values.get("cip", NO_ADDRESS)
        values = {name: value for name, value in values.items() if name not in OVERRIDDEN} | parameters_of(own.get("sent", {}))
    else:
        agent, language, address = (_text(server.get(name)) for name in ("HTTP_USER_AGENT", "HTTP_ACCEPT_LANGUAGE", "REMOTE_ADDR"))
    times: dict[str, Any] = {"received_ms": int(own["received_ms"]), "event_ms": int(own["event_ms"]), "time_s": int(own["time"])}
    written: dict[str, Any] = {name: _text(own[name]) for name in _TEXTS if name in own}
    return QueuedHit(
        event_id=_text(own["id"]),
        **times,
        parameters=_without_secrets(values),
        address=address,
        user_agent=agent,
        language=language,
        authenticated=own.get("authenticated") is True,
        has_gpc=own.get("has_gpc") is True,
        generation=int(own.get("generation", 0)),
        only=tuple(_text(name) for name in own.get("only", ())),
        **written,
    )


_TEXTS: Final = ("site", "visitor_id", "method", "scheme", "host", "path", "referer")


def _read_foreign(requests: list[Any], content: Mapping[str, Any], sent_ms: int, is_accepted: Callable[[str], bool]) -> Message:
    server = _server(content)
    time_s = _seconds(content.get("time")) or _seconds(server.get("REQUEST_TIME")) or sent_ms // 1000
    received = _seconds(server.get("REQUEST_TIME_FLOAT")) or _seconds(server.get("REQUEST_TIME")) or time_s
    content_id = hashlib.blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
    token = _text(content.get("tokenAuth") or "")
    hits, unreadable = [], 0
    for number, request in enumerate(requests):
        read = decode_query(request.partition("?")[2]).values if isinstance(request, str) else request
        if not isinstance(read, dict) or not read:
            unreadable += 1
            continue
        values = parameters_of(read)
        tokens = [value for value in (token, *(values.get(name, "") for name in SECRETS)) if value]
        hits.append(
            QueuedHit(
                event_id=f"{content_id}#{number}",
                received_ms=int(received * 1000),
                event_ms=int(received * 1000),
                time_s=int(time_s),
                parameters=_without_secrets(values),
                authenticated=any(is_accepted(each) for each in tokens),
                address=_text(server.get("REMOTE_ADDR")) or NO_ADDRESS,
                user_agent=_text(server.get("HTTP_USER_AGENT")),
                language=_text(server.get("HTTP_ACCEPT_LANGUAGE")),
                method=_text(server.get("REQUEST_METHOD")) or "GET",
                scheme=_text(server.get("REQUEST_SCHEME")) or "https",
                host=_text(server.get("HTTP_HOST")),
                path=_text(server.get("SCRIPT_NAME")) or "/matomo.php",
                referer=_text(server.get("HTTP_REFERER")),
                has_gpc=server.get("HTTP_SEC_GPC") == "1",
            )
        )
    return Message(tuple(hits), unreadable, None)


def _server(content: Mapping[str, Any]) -> Mapping[str, Any]:
    environment = content.get("env")
    server = environment.get("server") if isinstance(environment, dict) else None
    return server if isinstance(server, dict) else {}


def parameters_of(request: Mapping[str, Any]) -> dict[str, str]:
    """Every value as the text a form would carry; what is structured (`uadata` as PHP decodes it) is JSON again, as Matomo needs it.

    >>> parameters_of({"idsite": 1, "uadata": {"mobile": False}, "h": None})
    {'idsite': '1', 'uadata': '{"mobile":false}', 'h': ''}
    """
    return {str(name): _text(value) for name, value in request.items()}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return "1" if value else ""  # as PHP writes them
    return orjson.dumps(value).decode()


def _seconds(value: Any) -> float | None:
    """A plausible time in Unix seconds, from a number or its text; else None."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 < seconds <= _LATEST_S else None


def _without_secrets(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in SECRETS}
