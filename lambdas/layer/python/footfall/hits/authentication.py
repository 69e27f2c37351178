"""Decide in one place which parameters count: tokens are removed, auth-only parameters need an accepted one."""

from collections.abc import Iterable
from typing import Final

from footfall.dialects.parameters import BY_DIALECT, PIWIK_PRO, Use
from footfall.dialects.query import Parameters
from footfall.privacy import is_accepted_token

TokenHashes = tuple[tuple[bytes, bytes], ...]
"""Accepted tokens as (key, HMAC-SHA256 digest) pairs."""

SECRETS: Final = frozenset(name for name, parameter in PIWIK_PRO.items() if parameter.use is Use.SECRET)
_REFUSED: Final = {
    dialect: SECRETS | {name for name, parameter in table.items() if parameter.is_auth_only} for dialect, table in BY_DIALECT.items()
}


def read_token_hashes(entries: Iterable[str]) -> TokenHashes:
    """Read the `<key hex>:<digest hex>` lines of `privacy.accepted_tokens`."""
    return tuple((bytes.fromhex(key), bytes.fromhex(digest)) for key, _, digest in (entry.partition(":") for entry in entries))


def tokens_in(query: Parameters) -> tuple[str, ...]:
    """The tokens a request carries, whether they count or not, repeats too: texts that must not be written."""
    if query.values.keys().isdisjoint(SECRETS):
        return ()
    pairs = query.values.items() if query.pairs is None else query.pairs
    return tuple(value for name, value in pairs if name in SECRETS and value)


def allow_parameters(values: dict[str, str], accepted: TokenHashes, *, dialect: str) -> tuple[dict[str, str], bool]:
    """The parameters that count, and whether the request is authenticated.

    Auth-only parameters (`cip`, `cdt`, `country` …) count only with an accepted token. A plain pixel has no grammar, so none
    of its parameters is auth-only; only tokens are removed from it.
    """
    authenticated = not values.keys().isdisjoint(SECRETS) and any(
        is_accepted_token(values[name], accepted) for name in SECRETS if values.get(name)
    )
    refused = SECRETS if authenticated else _REFUSED[dialect]
    if values.keys().isdisjoint(refused):
        return values, authenticated
    return {name: value for name, value in values.items() if name not in refused}, authenticated
