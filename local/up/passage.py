"""What is known of a hit behind the stream: the message that carries it, each delivery, and what a destination keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

WAITING: Final = "waiting"
DELIVERED: Final = "delivered"
REJECTED: Final = "rejected"
UNCERTAIN: Final = "uncertain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One hit's part of a message: its `request`, `own` as only Footfall reads it, `server` as the envelope says; `others` beside it."""

    id: str
    layout: str
    shard: int
    shards: int
    others: int
    request: Mapping[str, str]
    server: Mapping[str, Any]
    own: Mapping[str, Any]
    time_s: int

    @property
    def event_id(self) -> str:
        """The hit's id."""
        return str(self.own.get("id", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One hit at one destination: its `entry` in the last bulk, the `position`-th of `size`, the answer to that, and the verdict.

    `reason` is a code of footfall.reasons; `stored` is what the destination keeps, by the names a person reads; `at` (Unix seconds)
    is when the verdict was known.
    """

    destination: str
    verdict: str = WAITING
    reason: str = ""
    detail: str = ""
    entry: Mapping[str, str] = field(default_factory=dict)
    position: int = 0
    size: int = 0
    attempts: int = 0
    status: int = 0
    answer: str = ""
    stored: Mapping[str, str] = field(default_factory=dict)
    at: float = 0.0


def messages_of(message_id: str, document: Mapping[str, Any]) -> list[Message]:
    """Take a message of the tracking queue apart into its hits, in its order."""
    content, own = document["content"], document["footfall"]
    return [
        Message(
            id=message_id,
            layout=own["layout"],
            shard=own["shard"],
            shards=own["shards"],
            others=len(own["hits"]) - 1,
            request=request,
            server=content["env"]["server"],
            own=described,
            time_s=content["time"],
        )
        for request, described in zip(content["requests"], own["hits"], strict=True)
    ]
