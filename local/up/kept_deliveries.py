"""Write down what is known of the last requests behind the stream, and give it back to those that come back after a restart."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from footfall.errors import ConfigurationError
from local.up.passage import Delivery, Message
from local.up.seen import BRANCH, Seen

Kept = Mapping[str, Mapping[str, Any]]
"""By request id: its message, deliveries and times."""


def to_json(requests: Iterable[Seen]) -> dict[str, dict[str, Any]]:
    """What there is to write of the requests that have a message."""
    return {
        seen.request_id: {
            "message": asdict(seen.message),
            "deliveries": [asdict(delivery) for delivery in seen.deliveries.values()],
            "at": {hop: seen.at[hop] for hop in BRANCH if hop in seen.at},
        }
        for seen in requests
        if seen.message is not None
    }


def give_back(requests: Iterable[Seen], kept: Kept, path: str) -> None:
    """Note what was written; a request of which nothing was is left as it is.

    Raises:
        ConfigurationError: it was not written by `to_json`.
    """
    try:
        for seen in requests:
            known = kept.get(seen.request_id)
            if known is not None:
                seen.message = Message(**known["message"])
                seen.deliveries = {delivery["destination"]: Delivery(**delivery) for delivery in known["deliveries"]}
                seen.at |= known["at"]
    except (AttributeError, KeyError, TypeError) as broken:
        raise ConfigurationError(path, ["is of another version: remove it, or choose another folder with --keep"]) from broken
