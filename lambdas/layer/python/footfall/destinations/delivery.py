"""What delivering a hit comes to, and what a destination has to do for it: prepare, send, probe, and say what an answer means."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple, Protocol


class Deliverable(Protocol):
    """A hit as destinations see it; footfall.queueing.message.QueuedHit is one."""

    @property
    def received_ms(self) -> int:
        """When the edge received it, Unix milliseconds."""

    @property
    def event_ms(self) -> int:
        """When it happened, Unix milliseconds."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """Those that count, without tokens."""

    @property
    def authenticated(self) -> bool:
        """Whether the request carried an accepted token."""

    @property
    def address(self) -> str:
        """By IP policy; 0.0.0.0 where none is left."""

    @property
    def user_agent(self) -> str:
        """Its own, not the sender's."""

    @property
    def language(self) -> str:
        """Its own, not the sender's."""

    @property
    def visitor_id(self) -> str:
        """16 hexadecimal digits, or empty where only `parameters` tell."""

    @property
    def referer(self) -> str:
        """The Referer header, without secrets."""


class Kind(Enum):
    """What a delivery came to, for one hit."""

    DELIVERED = "delivered"
    REJECTED = "rejected"  # it can never succeed as it is: park it
    RETRY = "retry"  # it was not stored, and may be later
    UNCERTAIN = "uncertain"  # nobody can know


class Verdict(NamedTuple):
    """A kind, the code of its reason (footfall.reasons) when it is a loss, and a phrase for people that holds nothing of the hit."""

    kind: Kind
    reason: str = ""
    detail: str = ""


DELIVERED = Verdict(Kind.DELIVERED)
ALREADY_STORED = Verdict(Kind.DELIVERED, detail="already stored")
"""The destination has it, and says so by refusing it."""


class Prepared(NamedTuple):
    """A hit ready to be sent: `site` as the destination calls it, `request` its part of the body, `mended` what was made harmless."""

    site: str
    request: bytes
    is_order: bool = False
    was_sent: bool = False  # before, with an outcome that nobody knows
    mended: tuple[str, ...] = ()


class Meaning(Enum):
    """What an answer means for the bulk as a whole."""

    ACKNOWLEDGED = "acknowledged"  # every hit is either stored or refused for good
    NOTHING_STORED = "nothing stored"  # and nobody says why
    ROLLED_BACK = "rolled back"  # nothing stored: one hit's fault, or the server's
    TOO_LARGE = "too large"  # nothing stored: the bulk is more than the server takes
    UNAVAILABLE = "unavailable"  # nothing stored: the server cannot now
    MISCONFIGURED = "misconfigured"  # nothing stored: this is no such server, or it does not let us in
    UNKNOWN = "unknown"  # nobody can know what was stored


class Answer(NamedTuple):
    """What was answered: counts and, where the destination tells them, the positions of the refused hits."""

    meaning: Meaning
    detail: str = ""
    tracked: int = 0
    invalid: int = 0
    refused: frozenset[int] | None = None
    retry_after_s: float | None = None


class Access(NamedTuple):
    """What a probe found: which sites the destination takes hits for; `answer` when it says nothing of sites.

    `has_new_token`: it was found out with another token than what was sent before, so it says nothing of that.
    """

    accepted: frozenset[str]
    refused: frozenset[str]
    answer: Answer
    has_new_token: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the destination works, for some site at least."""
        return bool(self.accepted)


class Destination(Protocol):
    """One place hits are delivered to; used by several threads at once."""

    @property
    def name(self) -> str:
        """Its name in the configuration."""

    @property
    def hits_per_bulk(self) -> int:
        """At most so many hits at once."""

    @property
    def timeout_s(self) -> float:
        """A request takes no longer."""

    @property
    def resends_uncertain(self) -> bool:
        """Whether a hit of which nobody knows is sent once more (else it is parked)."""

    def prepare(self, hit: Deliverable, site: str, *, now_ms: int) -> Prepared | Verdict:
        """What is sent of a hit, or why it is not."""

    def send(self, bulk: Sequence[Prepared]) -> Answer:
        """Send hits, oldest first; what went wrong is an answer, never an exception."""

    def probe(self, sites: Sequence[str]) -> Access:
        """Find out for which sites hits are accepted, storing nothing. Every refusal may count towards a lock-out: never in a loop."""
