"""Write a judged hit as the tracking queue carries it: what policy leaves of it, in the words of Matomo's Tracking API."""

from typing import Final, NamedTuple
from urllib.parse import urlencode

from footfall.configuration import Configuration
from footfall.dialects import detect
from footfall.dialects.parameters import BY_DIALECT, Parameter, Use, is_dimension
from footfall.hits.convert import shown
from footfall.hits.hit import Hit
from footfall.hits.memo import Memo
from footfall.hits.sources import IDENTIFIERS
from footfall.hits.urls import clean_url, is_removed_parameter
from footfall.privacy import NO_ADDRESS, event_visitor_id
from footfall.queueing.message import QueuedHit
from footfall.queueing.piwik_pro import as_matomo
from footfall.queueing.scrubbing import holds_any, removed_parameters, scrub_queued

_CARRIED_APART: Final = frozenset({"idsite", "_id", "cid", "uid", "ua", "lang", "cip", "cdt", "cdo", "url", "urlref"})
"""Parameters of which a hit carries what they came to, and not what was sent."""
_SHOWS_ADDRESS: Final = frozenset({"truncate", "keep"})
_UNKNOWN: Final = Parameter(name="", use=Use.KEPT)


class Plan(NamedTuple):
    """What becomes of a tracker's parameters, by their names alone: 5 us for 27 of them, where to look each up takes 40."""

    as_sent: tuple[str, ...]
    urls: tuple[str, ...]
    kept: tuple[str, ...]


class HitTranslator:
    """Translates hits of one configuration; remembers URLs that come again, bounded: `forget` when the salts rotate."""

    def __init__(self, configuration: Configuration, *, limit: int = 20_000) -> None:
        privacy = configuration.privacy
        self._removed = removed_parameters(privacy)
        self._numbers = {site.key: site.deliver[0][1] for site in configuration.sites.registered if site.deliver}
        self._drops_agent = privacy.user_agent == "drop"
        self._shows_address = privacy.ip in _SHOWS_ADDRESS
        self._clean: Memo[str, str] = Memo(lambda url: clean_url(url, self._removed), limit=limit)
        self._plans: Memo[tuple[str, bool, tuple[str, ...]], Plan] = Memo(self._plan, limit=limit // 10)

    def forget(self) -> None:
        """Forget what clients sent."""
        self._clean.clear()
        self._plans.clear()

    def is_routed(self, site: str) -> bool:
        """Whether hits of a site are delivered anywhere."""
        return site in self._numbers

    def translate(self, hit: Hit) -> QueuedHit:
        """Write a hit of a routed site; its `idsite` is the number at the first of its destinations.

        Every hit has a visitor id, so that no destination makes one up from address and agent: the client's, the daily one, or
        one of the hit's own where the visitor did not want to be known.
        """
        request = hit.request
        queued = QueuedHit(
            event_id=request.request_id,
            received_ms=request.received_ms,
            event_ms=hit.event_ms,
            time_s=hit.event_ms // 1000,
            parameters=self._pixel(hit) if hit.dialect == detect.PIXEL else self._tracker(hit),
            site=hit.site,
            authenticated=hit.authenticated,
            address=(hit.identity.address if self._shows_address else None) or NO_ADDRESS,
            user_agent="" if self._drops_agent else hit.user_agent,
            language=self._language(hit),
            visitor_id=hit.identity.visitor_id or event_visitor_id(request.request_id),
            method=request.method,
            host=request.host,
            path=request.path,
            referer=self._url(request.referer, hit),
            has_gpc=request.headers.gpc is True,
        )
        if hit.hidden or holds_any(queued, hit.address_texts):
            return scrub_queued(queued, (*hit.address_texts, *hit.hidden))
        return queued

    def _tracker(self, hit: Hit) -> dict[str, str]:
        """The parameters of a tracker, as far as they say what happened and policy keeps them."""
        values, request = hit.parameters, hit.request
        plan = self._plans[hit.dialect, hit.is_stripped, tuple(values)]
        parameters = {"idsite": self._numbers[hit.site], "rec": "1"}
        for name in plan.as_sent:
            parameters[name] = values[name]
        for name in plan.urls:
            parameters[name] = self._url(values[name], hit)
        for name in plan.kept:
            parameters[name] = self._shown(values[name], hit)
        url, referrer = values.get("url") or request.referer, values.get("urlref")
        if url:
            parameters["url"] = self._url(url, hit)
        if referrer:
            parameters["urlref"] = self._url(referrer, hit)
        if hit.identity.user_id:
            parameters["uid"] = hit.identity.user_id
        return as_matomo(parameters) if hit.dialect == detect.PIWIK_PRO else parameters

    def _pixel(self, hit: Hit) -> dict[str, str]:
        """A plain pixel as a page view of the page it is on; an e-mail is on none, so the pixel's own URL and campaign stand for it."""
        page = None if hit.is_email_open else hit.page.url
        return {"idsite": self._numbers[hit.site], "rec": "1", "action_name": hit.action, "url": page or self._own_url(hit)}

    def _own_url(self, hit: Hit) -> str:
        place = f"https://{hit.request.host}{hit.request.path}"
        query = "" if hit.is_stripped else urlencode({name: shown(value, is_masked=False) for name, value in hit.parameters.items()})
        return self._url(f"{place}?{query}" if query else place, hit)

    def _plan(self, key: tuple[str, bool, tuple[str, ...]]) -> Plan:
        """Sort names as the row does; what only says how to send is in none of the lists."""
        dialect, is_stripped, names = key
        as_sent, urls, kept = [], [], []
        for name in names:
            parameter = BY_DIALECT[dialect].get(name, _UNKNOWN)
            if name in _CARRIED_APART or parameter.use in (Use.TRANSPORT, Use.SECRET) or (self._drops_agent and name == "uadata"):
                continue
            if parameter.use is Use.URL:
                urls.append(name)
            elif parameter.use is not Use.KEPT or is_dimension(name):
                as_sent.append(name)
            elif not is_stripped and not is_removed_parameter(name, self._removed):
                kept.append(name)
        return Plan(tuple(as_sent), tuple(urls), tuple(kept))

    def _shown(self, value: str, hit: Hit) -> str:
        """A value that has no column, as the row shows it; nearly all are alphanumeric, neither a URL nor an address."""
        if value.isalnum():
            return value
        return shown(self._url(value, hit) if "=" in value or "%" in value or "@" in value else value, is_masked=False)

    def _url(self, url: str, hit: Hit) -> str:
        """A URL without secrets and what names a person; where the visitor did not want to be known, without click ids as well."""
        if not url:
            return ""
        return clean_url(url, self._removed | IDENTIFIERS) if hit.is_stripped else self._clean[url]

    def _language(self, hit: Hit) -> str:
        tracked = hit.parameters.get("lang", "") if hit.dialect != detect.PIXEL else ""
        return tracked or hit.request.headers.language
