"""One request as the page knows it: how far it has come, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from local.up.passage import Delivery, Message

SHOWN: Final = 100
HOPS: Final = ("edge", "stream", "transform", "lake")
BRANCH: Final = ("queue", "destination")
"""The other way behind the stream: into the tracking queue, and from there to its destination."""
OUTCOMES: Final = ("row", "reject", "suppressed", "refused", "failed")
"""What becomes of a request: `refused` at the edge and not logged, `failed` under Firehose's error prefix; before that `waiting`."""


@dataclass(slots=True, kw_only=True)
class Seen:
    """One request: its line, when it reached each hop (Unix seconds), and what became of it."""

    request_id: str
    line: bytes = b""
    asked: str = ""  # method and path, for what has no row
    at: dict[str, float] = field(default_factory=dict)
    outcome: str = "waiting"
    reasons: tuple[str, ...] = ()
    row: Mapping[str, Any] = field(default_factory=dict)  # as the transform answered
    key: str = ""  # of the object that holds its row
    copies: int = 0
    is_replayed: bool = False  # its line was brought back
    is_restored: bool = False  # its row was there before this start; its line is gone
    message: Message | None = None  # in the tracking queue
    deliveries: dict[str, Delivery] = field(default_factory=dict)  # by destination
    version: int = 0
