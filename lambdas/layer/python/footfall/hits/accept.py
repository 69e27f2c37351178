"""Judge any request, whatever input it came by: Hit, Reject or Suppressed; every privacy decision is made here, once."""

from collections.abc import Mapping
from typing import Final

from footfall import reasons
from footfall.configuration import PIXEL_PATHS, Configuration
from footfall.dialects import detect, matomo, piwik_pro
from footfall.dialects.query import Parameters, decode_query
from footfall.hits import agents, sources
from footfall.hits.authentication import SECRETS, allow_parameters, read_token_hashes
from footfall.hits.hit import Hit, Reject, Request, Suppressed
from footfall.hits.identity import STRIPPED, Address, identify, read_address
from footfall.hits.log_line import is_answered_at_edge
from footfall.hits.memo import Memo
from footfall.hits.signals import judge_signals
from footfall.hits.sites import SiteRegistry, Unresolved
from footfall.hits.visitor import day_of

EMAIL_MEDIUMS: Final = frozenset({"email", "e-mail", "e_mail", "mail", "newsletter"})

_NOT_IMPLEMENTED: Final = 501
_SHOWN_TO_NOBODY: Final = {"OPTIONS": reasons.PREFLIGHT, "HEAD": reasons.HEAD}
_FIRST_REDIRECT: Final = 300
_FIRST_ERROR: Final = 400


class Acceptor:
    """`accept` for one configuration; remembers what comes again, bounded, and forgets it when the salts rotate."""

    def __init__(self, configuration: Configuration, *, has_collector: bool = False, limit: int = 20_000) -> None:
        self._privacy = configuration.privacy
        self._registry = SiteRegistry(configuration.sites)
        self._has_collector = has_collector
        self._tokens = read_token_hashes(self._privacy.accepted_tokens)
        self._removed = frozenset(self._privacy.url_parameters_removed) | SECRETS
        self._salts: Mapping[str, bytes] = {}
        self._addresses: Memo[str, Address | None] = Memo(read_address, limit=limit)
        self._agents: Memo[str, tuple[agents.Agent, agents.Classification]] = Memo(_describe, limit=limit)
        self._pages: Memo[str, sources.Page] = Memo(lambda url: sources.read_page(url, self._removed), limit=limit)
        self._referrers: Memo[str, sources.Referrer] = Memo(lambda url: sources.read_referrer(url, self._removed), limit=limit)

    def use_salts(self, salts: Mapping[str, bytes]) -> bool:
        """Take the salts by UTC day (YYYY-MM-DD); when they differ from before, forget what holds identifiers and say True."""
        if salts == self._salts:
            return False
        self._salts = dict(salts)
        for memo in (self._addresses, self._agents, self._pages, self._referrers):
            memo.clear()
        return True

    def accept(self, request: Request) -> Hit | Reject | Suppressed:
        """Judge one request. Pure but for the memos: the same request, configuration and salts give the same answer."""
        address = self._addresses[request.address]
        if address is None:
            return Reject(reasons.BAD_COLUMNS, None, request.line)
        not_a_hit = self._judge_answer(request)
        if not_a_hit is not None:
            return not_a_hit
        query = decode_query(request.query)
        return self._judge_content(request, address, query, detect.detect_dialect(request.path, query.values))

    def _judge_answer(self, request: Request) -> Reject | Suppressed | None:
        """Requests that are no hit, whatever they say: by method, owner, status and path."""
        if request.method in _SHOWN_TO_NOBODY:
            return Suppressed(_SHOWN_TO_NOBODY[request.method], None)
        if _FIRST_REDIRECT <= request.status < _FIRST_ERROR:
            return Suppressed(reasons.REDIRECT, None)
        if request.method == "POST" and self._has_collector and not is_answered_at_edge(request.result_type):
            return Suppressed(reasons.COLLECTOR_OWNS, None)
        if request.method == "POST" and request.status == _NOT_IMPLEMENTED:
            return Reject(reasons.BODY_NOT_COLLECTED, request)
        if request.status >= _FIRST_ERROR:
            return Reject(reasons.EDGE_ERROR, request)
        return None if request.path in _PATHS else Reject(reasons.UNKNOWN_PATH, request)

    def _judge_content(self, request: Request, address: Address, query: Parameters, dialect: str) -> Hit | Reject | Suppressed:
        """Requests that are no hit because of what they say: signals, site, and a tracker that does not record."""
        page = self._pages[_page_url(request, query.values, dialect)]
        referrer_host = page.host or self._pages[request.referer].host
        site = self._registry.resolve(dialect, query.values, request.host, referrer_host)
        signals = judge_signals(request.headers, self._privacy)
        if signals.drop is not None:
            return Suppressed(signals.drop, None if isinstance(site, Unresolved) else site)
        if isinstance(site, Unresolved):
            return _reject(site.reason, request, query, dialect, site.named)
        if dialect != detect.PIXEL and query.values.get("rec") != "1":
            return _reject(reasons.NOT_RECORDING, request, query, dialect, None)
        return self._hit(request, address, query, dialect, site, page, is_stripped=signals.strip)

    def _hit(
        self, request: Request, address: Address, query: Parameters, dialect: str, site: str, page: sources.Page, *, is_stripped: bool
    ) -> Hit:
        has_grammar = dialect != detect.PIXEL
        values, authenticated, tokens = allow_parameters(query, self._tokens, dialect=dialect)
        overrides = authenticated and has_grammar  # a plain pixel has no auth-only parameters
        address_texts = address.texts
        forced = self._addresses[values["cip"]] if overrides and "cip" in values else None
        if forced is not None:
            address, address_texts = forced, (*address_texts, *forced.texts)
        user_agent = (values.get("ua") if has_grammar else None) or request.user_agent
        agent, classification = self._agents[user_agent]
        if request.headers.purpose:
            classification = agents.with_purpose(classification, request.headers.purpose)
        identity = STRIPPED
        if not is_stripped:
            identity = identify(
                values,
                dialect=dialect,
                site=site,
                address=address,
                user_agent=user_agent,
                salt=self._salts.get(day_of(request.received_ms)),
                privacy=self._privacy,
                authenticated=authenticated,
            )
        own_campaign = own_campaign_of(values)
        if own_campaign:
            page = page._replace(**own_campaign)
        is_email_open = is_opened_mail(own_campaign, classification)
        event_ms = matomo.custom_time_ms(values, request.received_ms) if overrides else None
        return Hit(
            request=request,
            site=site,
            dialect=dialect,
            action=_action_of(values, dialect, is_email_open=is_email_open),
            parameters=values,
            pairs=query.pairs,
            authenticated=authenticated,
            event_ms=request.received_ms if event_ms is None else event_ms,
            identity=identity,
            agent=agent,
            classification=classification,
            page=page,
            source=sources.judge_source(self._referrers[values.get("urlref", "") if has_grammar else ""], page, self._registry.hosts[site]),
            country=(values.get("country") if overrides else None) or request.country,
            is_email_open=is_email_open,
            is_stripped=is_stripped,
            damaged=(*query.damaged, "headers_cut") if request.headers.is_cut else query.damaged,
            user_agent=user_agent,
            address_texts=() if self._privacy.ip == "keep" else address_texts,
            hidden=tokens,
        )


_PATHS: Final = frozenset(PIXEL_PATHS)
_CAMPAIGN_PARAMETERS: Final = frozenset(sources.CAMPAIGN_PARAMETERS)


def _describe(user_agent: str) -> tuple[agents.Agent, agents.Classification]:
    return agents.describe(user_agent), agents.classify(user_agent)


def _page_url(request: Request, values: Mapping[str, str], dialect: str) -> str:
    """The page: a tracker names it; a plain pixel is shown on the page that its Referer header names."""
    return request.referer if dialect == detect.PIXEL else values.get("url") or request.referer


def _action_of(values: Mapping[str, str], dialect: str, *, is_email_open: bool) -> str:
    if dialect == detect.PIXEL:
        return "email_open" if is_email_open else "pixel"
    return matomo.action_of(values) if dialect == detect.MATOMO else piwik_pro.action_of(values)


def own_campaign_of(values: Mapping[str, str]) -> dict[str, str]:
    """Campaign columns from the request's own parameters, as an e-mail's pixel carries them (not those of the page's URL)."""
    if values.keys().isdisjoint(_CAMPAIGN_PARAMETERS):
        return {}
    return {column: values[name] for name, column in sources.CAMPAIGN_PARAMETERS.items() if values.get(name)}


def is_opened_mail(own_campaign: Mapping[str, str], classification: agents.Classification) -> bool:
    """An e-mail open is a pixel whose own parameters name an e-mail medium, or a fetch by a known mail proxy."""
    return classification.agent_class == "email_proxy" or own_campaign.get("campaign_medium", "").lower() in EMAIL_MEDIUMS


def _reject(reason: reasons.Reason, request: Request, query: Parameters, dialect: str, named: str | None) -> Reject:
    pairs = query.pairs if query.pairs is not None else query.values.items()
    return Reject(reason, request, dialect=dialect, named_site=named, parameters=tuple(pairs))
