"""The deployment's privacy policies on hits of other writers: what `hits.accept` and `translate` do to our own, done to theirs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from footfall.configuration import Privacy
from footfall.dialects.parameters import MATOMO, Parameter, Use, is_dimension
from footfall.hits.hit import Headers
from footfall.hits.identity import ADDRESSES_BY_POLICY, may_keep_user_id, read_address
from footfall.hits.signals import judge_signals
from footfall.hits.sources import IDENTIFIERS
from footfall.hits.urls import clean_url, is_removed_parameter
from footfall.privacy import NO_ADDRESS, event_visitor_id
from footfall.queueing.message import QueuedHit
from footfall.queueing.scrubbing import holds_any, removed_parameters, scrub_queued
from footfall.reasons import Reason

_UNKNOWN: Final = Parameter(name="", use=Use.KEPT)
_IDENTITY: Final = frozenset({"_id", "cid", "uid"})
_AGENT: Final = frozenset({"ua", "uadata"})


def signals_in(server: Mapping[str, Any]) -> Headers:
    """Global Privacy Control and Do Not Track of `env.server`. A writer that tells of none had none: it may have no browser at all."""
    return Headers(gpc=server.get("HTTP_SEC_GPC") == "1", dnt=server.get("HTTP_DNT") == "1")


class Policy:
    """What one deployment's privacy settings leave of a queued hit. Pure."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy
        self._removed = removed_parameters(privacy)

    def limit_address(self, hit: QueuedHit) -> QueuedHit:
        """A hit that Footfall wrote: its address is as policy has it, but where somebody edited `cip` in between."""
        address = ADDRESSES_BY_POLICY[hit.address, self._privacy.ip]
        return hit if address == hit.address else replace(hit, address=address)

    def judge(self, hit: QueuedHit, signals: Headers) -> QueuedHit | Reason:
        """What policy leaves of a hit that another wrote, or the reason why it is suppressed. Tokens are out of it already."""
        judged = judge_signals(signals, self._privacy)
        if judged.drop is not None:
            return judged.drop
        addresses = self._hidden_addresses(hit)
        limited = replace(
            hit,
            parameters=self._parameters(hit, is_stripped=judged.strip),
            address=NO_ADDRESS if judged.strip else ADDRESSES_BY_POLICY[hit.address, self._privacy.ip],
            user_agent="" if self._privacy.user_agent == "drop" else hit.user_agent,
            visitor_id=event_visitor_id(hit.event_id) if judged.strip else hit.visitor_id,
            referer=clean_url(hit.referer, self._removed_from_urls(is_stripped=judged.strip)),
        )
        return scrub_queued(limited, addresses) if holds_any(limited, addresses) else limited

    def _parameters(self, hit: QueuedHit, *, is_stripped: bool) -> dict[str, str]:
        """Those that policy keeps, without what names a person or a token in the URLs among them."""
        removed = self._removed_from_urls(is_stripped=is_stripped)
        return {
            name: clean_url(value, removed)
            for name, value in hit.parameters.items()
            if self._is_kept(name, is_stripped=is_stripped, authenticated=hit.authenticated)
        }

    def _is_kept(self, name: str, *, is_stripped: bool, authenticated: bool) -> bool:
        if name == "cip":
            return self._privacy.ip == "keep" and not is_stripped  # `address` is what counts of it
        if name == "uid" and not may_keep_user_id(self._privacy, authenticated=authenticated):
            return False
        if name in _AGENT and self._privacy.user_agent == "drop":
            return False
        if is_stripped and name in _IDENTITY:
            return False
        if MATOMO.get(name, _UNKNOWN).use is not Use.KEPT or is_dimension(name):
            return True
        return not is_stripped and not is_removed_parameter(name, self._removed)

    def _removed_from_urls(self, *, is_stripped: bool) -> frozenset[str]:
        return self._removed | IDENTIFIERS if is_stripped else self._removed

    def _hidden_addresses(self, hit: QueuedHit) -> tuple[str, ...]:
        """The texts of the visitor's addresses, which must stand nowhere in the hit."""
        if self._privacy.ip == "keep":
            return ()
        found = [read_address(text) for text in (hit.address, hit.parameters.get("cip", "")) if text != NO_ADDRESS]
        return tuple(text for address in found if address is not None for text in address.texts)
