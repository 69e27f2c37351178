"""The three things a request can become, and what it is before that."""

from dataclasses import dataclass
from typing import NamedTuple

from footfall.hits.agents import Agent, Classification
from footfall.hits.identity import Identity
from footfall.hits.sources import Page, Source
from footfall.reasons import Reason


@dataclass(slots=True, kw_only=True)
class Request:
    """One request as any input describes it (log line, body, import, message), decoded but not yet judged.

    Not frozen: a frozen dataclass of 20 fields takes 2.4 us to make, this 0.7 us (bench transform).
    """

    request_id: str
    received_ms: int  # Unix milliseconds, UTC: when the edge finished answering
    address: str  # the client's address as the edge saw it; never leaves memory
    method: str
    host: str
    path: str
    status: int
    result_type: str
    query: str  # as received: still percent-encoded
    user_agent: str
    referer: str
    edge_location: str | None
    country: str | None
    headers: "Headers"
    line: str = ""  # for the shape of a reject; never leaves memory


class Headers(NamedTuple):
    """The allow-listed headers; a signal is None when CloudFront cut the list and it cannot be known."""

    gpc: bool | None = False
    dnt: bool | None = False
    language: str = ""
    purpose: str = ""  # Sec-Purpose, Purpose or X-Moz: says that a machine prefetches
    is_cut: bool = False


@dataclass(slots=True, kw_only=True)
class Hit:
    """A request that was understood; `row.hit_row` writes it.

    Not frozen, for the reason given at `Request`.
    """

    request: Request
    site: str
    dialect: str
    action: str
    parameters: dict[str, str]  # the last value of each name
    pairs: list[tuple[str, str]] | None  # all of them in order, when a name repeats
    authenticated: bool
    event_ms: int  # Unix milliseconds, UTC: when it happened
    identity: Identity
    agent: Agent
    classification: Classification
    page: Page
    source: Source
    country: str | None
    is_email_open: bool
    is_stripped: bool
    damaged: tuple[str, ...]
    user_agent: str  # that counts: the tracker's ua, else the header
    address_texts: tuple[str, ...]  # must not appear in the row: the forms of the visitor's address, unless policy is keep
    hidden: tuple[str, ...]  # must not appear either: tokens, accepted or not


class Reject(NamedTuple):
    """A request that could not be understood: a row in `rejects`, with shapes and never values."""

    reason: Reason
    request: Request | None  # None: the line's columns cannot be trusted, only its shape is kept
    line: str = ""
    dialect: str | None = None
    named_site: str | None = None
    crash: str | None = None  # the type of the error, where our own code failed
    parameters: tuple[tuple[str, str], ...] = ()


class Suppressed(NamedTuple):
    """A request that was understood and on purpose is not written; counted by reason."""

    reason: Reason
    site: str | None
