"""Decide in one place which parameters count: tokens are removed, auth-only parameters need an accepted one."""

from collections.abc import Iterable
from typing import Final

from footfall.dialects.parameters import PIWIK_PRO, Use
from footfall.privacy import is_accepted_token

TokenHashes = tuple[tuple[bytes, bytes], ...]
"""Accepted tokens as (key, HMAC-SHA256 digest) pairs."""

SECRETS: Final = frozenset(name for name, parameter in PIWIK_PRO.items() if parameter.use is Use.SECRET)
_SECRETS_AND_AUTH_ONLY: Final = SECRETS | {name for name, parameter in PIWIK_PRO.items() if parameter.is_auth_only}


def read_token_hashes(entries: Iterable[str]) -> TokenHashes:
    """Read the `<key hex>:<digest hex>` lines of `privacy.accepted_tokens`."""
    return tuple((bytes.fromhex(key), bytes.fromhex(digest)) for key, _, digest in (entry.partition(":") for entry in entries))


def tokens_in(values: dict[str, str]) -> tuple[str, ...]:
    """The tokens a request carries, wherever they count or not: texts that must not be written."""
    return () if SECRETS.isdisjoint(values) else tuple(values[name] for name in SECRETS if values.get(name))


def allow_parameters(
    values: dict[str, str], tokens: tuple[str, ...], accepted: TokenHashes, *, has_grammar: bool
) -> tuple[dict[str, str], bool]:
    """The parameters that count, and whether the request is authenticated.

    Auth-only parameters (`cip`, `cdt`, `country` …) count only with an accepted token. A plain pixel has no grammar, so none
    of its parameters is auth-only; only tokens are removed from it.
    """
    authenticated = bool(tokens) and any(is_accepted_token(token, accepted) for token in tokens)
    refused = SECRETS if authenticated or not has_grammar else _SECRETS_AND_AUTH_ONLY
    if refused.isdisjoint(values):
        return values, authenticated
    return {name: value for name, value in values.items() if name not in refused}, authenticated
