"""Read what Footfall wrote into the tracking queue, and what somebody changed of it in between."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from footfall.dialects import matomo
from footfall.privacy import NO_ADDRESS
from footfall.queueing.envelope import LATEST_S, parameters_of, server_in, shallow, text_of, way_here
from footfall.queueing.message import PACKED, VERSION, Message, QueuedHit
from footfall.queueing.trust import Trust, tokens_of, without_secrets

_MOST_SHARDS: Final = 1_000_000

Numbered = Sequence[tuple[int, Any]]
"""The requests of a message, each with its place."""


def matches(own: Mapping[str, Any], requests: Numbered, content: Mapping[str, Any]) -> bool:
    """Say whether `footfall` describes the requests of its message: each one, or where PHP left gaps each that is still there."""
    described = own.get("hits") if own.get("version") == VERSION else None
    if not isinstance(described, list):
        return False
    if isinstance(content.get("requests"), list):
        return len(described) == len(requests)
    return all(number < len(described) for number, _ in requests)


def read_own(requests: Numbered, content: Mapping[str, Any], own: Mapping[str, Any], trust: Trust, *, may_hold_tokens: bool) -> Message:
    """Read what Footfall wrote: who edits messages in between may change parameters, and must leave `footfall` as it is.

    A hit whose part of `footfall` was changed so that it cannot be what was written is unreadable; its neighbours are read. Footfall
    writes no token, so what holds none of their names needs no second look: 4 us for each hit.
    """
    read = _packed_hit if own.get("layout") == PACKED else _compatible_hit
    server, bulk_token = server_in(content), text_of(shallow(content.get("tokenAuth")))
    described = own["hits"]
    hits: list[QueuedHit] = []
    unreadable = 0
    for number, request in requests:
        try:
            values = parameters_of(request)
            hit = read(values, described[number], server, trust)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            unreadable += 1
            continue
        hits.append(without_secrets(hit, tokens_of(values, bulk_token), trust) if may_hold_tokens or bulk_token else hit)
    return Message(tuple(hits), unreadable, _shard(own))


def _shard(own: Mapping[str, Any]) -> tuple[int, int] | None:
    """The visitor shard that the message stands for; None where somebody changed it: hits then find their own."""
    number, of = own.get("shard"), own.get("shards")
    if isinstance(number, int) and isinstance(of, int) and 0 <= number < of <= _MOST_SHARDS:
        return number, of
    return None


def _packed_hit(values: dict[str, str], own: Mapping[str, Any], _server: Mapping[str, Any], trust: Trust) -> QueuedHit:
    """A hit whose agent, language, address, time and visitor stand among its parameters."""
    described = _described(own, trust)
    written = str(described["event_ms"] // 1000)
    if values.get("cdt", written) != written:
        described["event_ms"] = _edited_time_ms(values, described, written)
    values.pop("cdt", None)
    described["user_agent"] = values.pop("ua", "")
    described["language"] = values.pop("lang", "")
    described["address"] = values.pop("cip", NO_ADDRESS)
    described["visitor_id"] = values.pop("cid", "")
    if "sent" in own:
        values |= parameters_of(own["sent"])
    described["parameters"] = values
    return QueuedHit(**described)  # of one dictionary: to join two for each hit takes 0.5 us more


def _compatible_hit(values: dict[str, str], own: Mapping[str, Any], server: Mapping[str, Any], trust: Trust) -> QueuedHit:
    """A hit whose agent, language, address and way here stand in `env.server`."""
    described, sent = _described(own, trust), parameters_of(own.get("sent", {}))
    if described.get("visitor_id"):
        described["visitor_id"] = values.pop("cid", "")
        values |= {name: value for name, value in sent.items() if name == "cid"}
    described["event_ms"] = _edited_time_ms(values, described, sent.get("cdt", ""))
    edited = {name: values[name] for name in ("ua", "lang", "cip") if name in values and values[name] != sent.get(name)}
    return QueuedHit(
        **described | way_here(server),
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
    """What `footfall.hits` tells of a hit: only what is there is looked at, which takes 1.0 us instead of 1.8."""
    received_ms = _whole(own["received_ms"], LATEST_S * 1000)
    event_ms = _whole(own["event_ms"], LATEST_S * 1000) if "event_ms" in own else received_ms
    described: dict[str, Any] = {name: text_of(value) for name, value in own.items() if name in _TEXTS}
    described["event_id"] = text_of(own["id"])
    described["received_ms"] = received_ms
    described["event_ms"] = event_ms
    described["time_s"] = _whole(own["time"], LATEST_S) if "time" in own else event_ms // 1000
    described["authenticated"] = trust.everyone or own.get("authenticated") is True
    if "has_gpc" in own:
        described["has_gpc"] = own["has_gpc"] is True
    if "generation" in own:
        described["generation"] = _whole(own["generation"], LATEST_S)
    if "only" in own:
        described["only"] = tuple(text_of(name) for name in own["only"])
    return described


def _whole(value: Any, most: int) -> int:
    """A whole number from 0 to `most`; raises ValueError for anything else."""
    if not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError("not such a number")
    return value


_TEXTS: Final = frozenset({"site", "visitor_id", "method", "scheme", "host", "path", "referer"})
