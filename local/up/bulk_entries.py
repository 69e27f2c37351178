"""Find the hits of the tracking queue in a bulk that a destination was sent: an entry has no id, so it is told by what it says."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from local.matomo.exchange import Request
from local.up.passage import Message

ADDED: Final = frozenset({"idsite", "rec", "ua", "cip", "cdt", "lang", "cid", "url"})
"""What the drain writes into an entry by itself, or may."""

_OTHERWISE: Final = frozenset({"idsite", "rec", "cdt", "cip", "uadata", "e_v"})
"""What it may write in another form than the message has it, or mend."""

_SERVER: Final = {"ua": "HTTP_USER_AGENT", "lang": "HTTP_ACCEPT_LANGUAGE", "cip": "REMOTE_ADDR"}


def entries_of(request: Request) -> list[dict[str, str]]:
    """The hits of a bulk request; probes, which are not to be stored, and what is no bulk, have none."""
    if b'"requests"' not in request.body:
        return []
    return [entry for entry in json.loads(request.body)["requests"] if isinstance(entry, dict) and entry.get("rec") != "0"]


def pair(entries: Sequence[Mapping[str, str]], waiting: Sequence[tuple[Message, str]]) -> Iterator[tuple[int, Message]]:
    """Each entry's position with its hit, of those that wait with the number of their site; equal hits in their order."""
    left = list(waiting)
    for position, entry in enumerate(entries):
        candidates = [one for one in left if one[1] == entry["idsite"] and _agree(values_of(one[0]), entry)]
        if candidates:
            found = min(candidates, key=lambda one: values_of(one[0]).get("cdt", entry["cdt"]) != entry["cdt"])
            left.remove(found)
            yield position, found[0]


def values_of(message: Message) -> dict[str, Any]:
    """What a message says of a hit by the names of the Tracking API, wherever it stands in it."""
    server = {name: message.server[key] for name, key in _SERVER.items() if message.server.get(key)}
    return {**message.request, **server}


def _agree(values: Mapping[str, Any], entry: Mapping[str, str]) -> bool:
    is_same = all(values[name] == entry[name] for name in values.keys() & entry.keys() - _OTHERWISE)
    return is_same and entry.keys() - values.keys() <= ADDED
