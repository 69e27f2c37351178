"""Decide in one place which parameters count: tokens are removed, auth-only parameters need an accepted one."""

from collections.abc import Iterable
from typing import Final, NamedTuple

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


class Allowed(NamedTuple):
    """The parameters that count, whether the request is authenticated, and its tokens: texts that must not be written."""

    values: dict[str, str]
    authenticated: bool
    tokens: tuple[str, ...]


def allow_parameters(query: Parameters, accepted: TokenHashes, *, dialect: str) -> Allowed:
    """Decide which parameters count.

    Auth-only parameters (`cip`, `cdt`, `country` …) count only with an accepted token. A plain pixel has no grammar, so none
    of its parameters is auth-only; only tokens are removed from it.
    """
    values = query.values
    if values.keys().isdisjoint(_REFUSED[dialect]):
        return Allowed(values, authenticated=False, tokens=())
    authenticated = any(is_accepted_token(values[name], accepted) for name in SECRETS if values.get(name))
    refused = SECRETS if authenticated else _REFUSED[dialect]
    pairs = values.items() if query.pairs is None else query.pairs
    tokens = tuple(value for name, value in pairs if name in SECRETS and value)
    return Allowed({name: value for name, value in values.items() if name not in refused}, authenticated, tokens)
