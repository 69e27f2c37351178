"""Whom a message of the tracking queue may be believed, and how tokens are taken out of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from footfall.hits.authentication import SECRETS
from footfall.hits.scrub import scrub_row
from footfall.hits.urls import clean_url
from footfall.queueing.message import QueuedHit


class Trust(NamedTuple):
    """Whose auth-only parameters count: requests with a token that is accepted, those marked `authenticated`, or all of them."""

    is_accepted: Callable[[str], bool]
    everyone: bool

    def extends_to(self, tokens: Sequence[str]) -> bool:
        """Whether what a request with these tokens says counts."""
        return self.everyone or any([self.is_accepted(token) for token in tokens])  # noqa: C419 - a list compares each of them


def may_hold_tokens(body: str | bytes) -> bool:
    """Whether the name of a token stands anywhere, as who edits messages would write it."""
    return any(name in body if isinstance(body, str) else name.encode() in body for name in SECRETS)


def tokens_of(values: Mapping[str, str], bulk_token: str) -> tuple[str, ...]:
    """The tokens of a request, its own and that of its bulk."""
    return tuple(token for token in (bulk_token, *(values.get(name, "") for name in sorted(SECRETS))) if token)


def without_secrets(hit: QueuedHit, tokens: Sequence[str], trust: Trust) -> QueuedHit:
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
