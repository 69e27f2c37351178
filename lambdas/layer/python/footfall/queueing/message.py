"""The hit as it travels in the tracking queue, and the AwsSqsTracking envelope in the two layouts that Footfall writes.

Format: README of the Piwik plugin AwsSqsTracking 0.8.3, "Event format"; `content` is the state of Matomo's `RequestSet` (matomo
`core/Tracker/RequestSet.php`, `getState`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import orjson

from footfall.privacy import NO_ADDRESS

VERSION: Final = 1

COMPATIBLE: Final = "compatible"
PACKED: Final = "packed"

OVERRIDDEN: Final = ("ua", "lang", "cip", "cdt", "cid")
"""Parameters that `packed_request` writes."""

_PROTOCOL: Final = "HTTP/1.1"
"""Real-time logs tell it only when asked; Matomo reads it for nothing but the status line of its answer."""


@dataclass(slots=True, kw_only=True)
class QueuedHit:
    """A hit on its way to destinations: what was sent, and what became of time, address, agent and visitor by policy.

    `parameters` are those that count, decoded, without tokens. `user_agent`, `language`, `address`, `visitor_id` and `event_ms`
    are what destinations shall use, whatever else `parameters` say. `generation` grows with each redrive, `only` then names
    the destinations it is for (empty: all that the site is routed to).

    Nobody changes one. Not frozen, because a frozen dataclass of 20 fields takes 4.3 us to make, this 1.0 us.
    """

    event_id: str
    received_ms: int  # Unix milliseconds, UTC
    event_ms: int  # when it happened: the same unless an accepted `cdt` says otherwise
    time_s: int  # Unix seconds: the envelope's `time`, which the plugin's reader takes for the time of the hit
    parameters: Mapping[str, str]
    site: str = ""  # a registered site's key; "" in messages that others write
    authenticated: bool = False
    address: str = NO_ADDRESS
    user_agent: str = ""
    language: str = ""
    visitor_id: str = ""  # 16 hexadecimal digits, or "" where only `parameters` tell
    method: str = "GET"
    scheme: str = "https"
    host: str = ""
    path: str = "/matomo.php"
    referer: str = ""
    has_gpc: bool = False
    generation: int = 0
    only: tuple[str, ...] = ()

    @property
    def delivery_id(self) -> str:
        """What deliveries are remembered by: the event id, and which redrive this is."""
        return f"{self.event_id}!{self.generation}" if self.generation else self.event_id


class Suppressed(NamedTuple):
    """A hit of another writer that policy does not let through, and the code of the reason."""

    reason: str
    hit: QueuedHit


class Message(NamedTuple):
    """What a message holds; `unreadable` counts elements that are no request; `shard` is (number, of how many), when Footfall wrote it."""

    hits: tuple[QueuedHit, ...]
    unreadable: int
    shard: tuple[int, int] | None
    suppressed: tuple[Suppressed, ...] = ()


class WrittenHit(NamedTuple):
    """A hit as the two pieces of JSON that stand for it in a message: what everybody reads, and what only Footfall reads."""

    request: bytes
    own: bytes

    def size_bytes(self) -> int:
        """Bytes that one more hit adds to a message: its two pieces, each with its comma."""
        return len(self.request) + len(self.own) + 2


def write_message(hits: Sequence[QueuedHit], *, layout: str, shard: int, shards: int) -> bytes:
    """Write one message: `compatible` has exactly one hit, `packed` any number of one visitor shard.

    `content` is what the AwsSqsTracking plugin reads; what only Footfall reads stands in `footfall`, beside it.
    """
    written = [write_hit(hit, layout=layout) for hit in hits]
    return join_hits(hits[0], written, layout=layout, shard=shard, shards=shards)


def write_hit(hit: QueuedHit, *, layout: str) -> WrittenHit:
    """Write what stands for a hit in a message of this layout."""
    packed = layout == PACKED
    request = packed_request(hit) if packed else _compatible_request(hit)
    return WrittenHit(_as_sqs_takes_it(orjson.dumps(request)), _as_sqs_takes_it(orjson.dumps(_own(hit, packed=packed))))


def join_hits(first: QueuedHit, written: Sequence[WrittenHit], *, layout: str, shard: int, shards: int) -> bytes:
    """Write a message of hits that are written already; `first` is the first of them, whose server and time the envelope has."""
    packed = layout == PACKED
    if not packed and len(written) != 1:
        raise ValueError(f"a compatible message has one hit, not {len(written)}")
    content = {
        "requests": [orjson.Fragment(each.request) for each in written],
        "env": {"server": {} if packed else server_of(first)},
        "tokenAuth": False,
        "time": first.time_s,
    }
    hits = [orjson.Fragment(each.own) for each in written]
    own = {"version": VERSION, "layout": layout, "shard": shard, "shards": shards, "hits": hits}
    return _as_sqs_takes_it(orjson.dumps({"piwik": True, "content": content, "footfall": own}))


def _as_sqs_takes_it(document: bytes) -> bytes:
    """Escape the two characters that JSON allows and SQS refuses in a message (API reference of SendMessage, *MessageBody*)."""
    if b"\xef\xbf\xbe" in document or b"\xef\xbf\xbf" in document:
        return document.replace(b"\xef\xbf\xbe", b"\\ufffe").replace(b"\xef\xbf\xbf", b"\\uffff")
    return document


def overrides_of(hit: QueuedHit) -> dict[str, str]:
    """The five parameters that carry a hit's own agent, language, address, time and visitor to where `env.server` is not."""
    visitor = {"cid": hit.visitor_id} if hit.visitor_id else {}
    agent = {"ua": hit.user_agent, "lang": hit.language, "cip": hit.address, "cdt": str(hit.event_ms // 1000)}
    return {name: value for name, value in agent.items() if value} | visitor


def packed_request(hit: QueuedHit) -> dict[str, str]:
    """A hit's parameters, with its own agent, language, address, time and visitor in place of what the client sent by these names."""
    if hit.parameters.keys().isdisjoint(OVERRIDDEN):  # as enqueue_hits makes them: half the time
        return {**hit.parameters, **overrides_of(hit)}
    sent = {name: value for name, value in hit.parameters.items() if name not in OVERRIDDEN}
    return sent | overrides_of(hit)


def _compatible_request(hit: QueuedHit) -> dict[str, str]:
    """A hit's parameters, and its visitor: the one thing that `env.server` cannot tell."""
    return {**hit.parameters, **({"cid": hit.visitor_id} if hit.visitor_id else {})}


def server_of(hit: QueuedHit) -> dict[str, Any]:
    """`env.server` of a compatible message: an allow-list of PHP's `$_SERVER`; no cookie, no path of a machine, no token."""
    query = urlencode(dict(hit.parameters))
    server: dict[str, Any] = {
        "REQUEST_METHOD": hit.method,
        "REQUEST_URI": f"{hit.path}?{query}" if query else hit.path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": hit.path,
        "SERVER_PROTOCOL": _PROTOCOL,
        "REQUEST_SCHEME": hit.scheme,
        "HTTP_HOST": hit.host,
        "HTTP_USER_AGENT": hit.user_agent,
        "HTTP_ACCEPT_LANGUAGE": hit.language,
        "HTTP_REFERER": hit.referer,
        "REMOTE_ADDR": hit.address,
        "REQUEST_TIME": hit.received_ms // 1000,
        "REQUEST_TIME_FLOAT": hit.received_ms / 1000,
        "HTTP_SEC_GPC": "1" if hit.has_gpc else "",
    }
    return {name: value for name, value in server.items() if value != ""}


_DEFAULTS: Final = {
    name: QueuedHit.__dataclass_fields__[name].default
    for name in ("site", "authenticated", "visitor_id", "method", "scheme", "host", "path", "referer", "has_gpc", "generation", "only")
}
_IN_SERVER: Final = frozenset({"method", "scheme", "host", "path", "referer"})
"""What `env.server` of a compatible message tells as well, where who edits messages looks for it."""


def _own(hit: QueuedHit, *, packed: bool) -> dict[str, Any]:
    """What only Footfall reads of one hit; defaults, and what stands elsewhere in the message, are left out.

    `sent` keeps what a client sent by a name that is written over.
    """
    own: dict[str, Any] = {"id": hit.event_id, "received_ms": hit.received_ms}
    if hit.event_ms != hit.received_ms:
        own["event_ms"] = hit.event_ms
    if hit.time_s != hit.event_ms // 1000:
        own["time"] = hit.time_s
    elsewhere = {"visitor_id"} if packed else _IN_SERVER
    for name, default in _DEFAULTS.items():
        if name not in elsewhere and (value := getattr(hit, name)) != default:
            own[name] = value
    sent = {name: hit.parameters[name] for name in OVERRIDDEN if name in hit.parameters}
    return own | ({"sent": sent} if sent else {})
