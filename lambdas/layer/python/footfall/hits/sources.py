"""Where a visit came from: the page's campaign parameters and click ids, else its referrer; URLs leave here without secrets."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from footfall.hits.source_rules import (
    CAMPAIGN_PARAMETERS,
    CLICK_ID_NETWORKS,
    CLICK_IDS,
    KNOWN_HOSTS,
    PERSONAL_PARAMETERS,
    Known,
)
from footfall.hits.urls import clean_url

__all__ = [
    "CAMPAIGN_PARAMETERS",
    "CLICK_IDS",
    "IDENTIFIERS",
    "Page",
    "Referrer",
    "Source",
    "classify_source",
    "clean_url",
    "host_of",
    "judge_source",
    "read_page",
    "read_referrer",
]


class Page(NamedTuple):
    """A page's URL without secrets and personal identifiers, its parts, and what its parameters say about the campaign.

    `click_id` names one click of one person: the caller drops it where identity is stripped.
    """

    url: str | None
    host: str | None
    path: str | None
    campaign_source: str | None = None
    campaign_medium: str | None = None
    campaign_name: str | None = None
    campaign_term: str | None = None
    campaign_content: str | None = None
    campaign_id: str | None = None
    click_id_name: str | None = None
    click_id: str | None = None


class Source(NamedTuple):
    """Class and name of where a visit came from, the search words where they are still told, and the referrer, cleaned."""

    source_class: str
    source_name: str | None
    source_keyword: str | None
    referrer: str | None
    referrer_host: str | None


class Referrer(NamedTuple):
    """A referrer's URL, cleaned, its host, the host's owner when it is known, and the search words that the owner passes."""

    url: str | None
    host: str | None
    known: Known | None
    keyword: str | None


IDENTIFIERS: Final = PERSONAL_PARAMETERS | frozenset(CLICK_IDS)
"""Parameters that name a person, a device or a click; `read_page` and `classify_source` remove them, `clean_url` does as it is told."""

_NO_PAGE: Final = Page(None, None, None)
_NO_REFERRER: Final = Referrer(None, None, None, None)
_DIRECT: Final = Source("direct", None, None, None, None)
_MARKS: Final = frozenset(CAMPAIGN_PARAMETERS) | frozenset(CLICK_IDS)

_URL: Final = re.compile(r"(?:[a-z][a-z0-9+.\-]*:)?(?:[/\\]{2}([^/\\?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.IGNORECASE | re.DOTALL)
_COUNTRY_ENDING: Final = re.compile(r"\.(?:com|cat|[a-z]{2}|(?:com?|org|net)\.[a-z]{2})\Z")
_FRONT_LABELS: Final = frozenset({"www", "www2", "m", "mobile", "touch", "lite", "amp"})
_WEBMAIL: Final = re.compile(r"(?:webmail|roundcube|zimbra|owa)\d?\.")
_MAX_HOST_CHARACTERS: Final = 253  # RFC 1035; an address in brackets is shorter


def read_page(url: str, removed: frozenset[str]) -> Page:
    """Read a page's URL; `removed` are names of parameters that must not be kept (click ids and personal ones never are).

    >>> read_page("https://shop.example.org/a?utm_source=news&gclid=Cj0&id=7", frozenset())[:4]
    ('https://shop.example.org/a?utm_source=news&id=7', 'shop.example.org', '/a', 'news')
    """
    text = url.strip()
    cleaned = clean_url(text, _with_identifiers(removed))
    if not cleaned:
        return _NO_PAGE
    found = _values(text if cleaned == text else clean_url(text, removed), _MARKS)
    host, path = _host_and_path(cleaned)
    if not found:
        return Page(cleaned, host, path)
    campaign = {column: found[name] for name, column in CAMPAIGN_PARAMETERS.items() if name in found}
    click = next((name for name in CLICK_IDS if name in found), None)
    return Page(cleaned, host, path, **campaign, click_id_name=click, click_id=found[click] if click else None)


def classify_source(referrer: str, page: Page, own_hosts: frozenset[str], removed: frozenset[str]) -> Source:
    """Judge where a visit to `page` came from: its campaign first, then the referrer; `own_hosts` are the site's own.

    >>> page = read_page("https://www.example.org/", frozenset())
    >>> classify_source("https://www.google.de/search?q=red+shoes", page, frozenset(), frozenset())[:3]
    ('search', 'Google', 'red shoes')
    """
    return judge_source(read_referrer(referrer, removed), page, own_hosts)


def read_referrer(referrer: str, removed: frozenset[str]) -> Referrer:
    """Read a referrer's URL, whatever page it led to: 15 us, so remember the answer."""
    url = clean_url(referrer.strip(), _with_identifiers(removed))
    if not url:
        return _NO_REFERRER
    host = _host_and_path(url)[0]
    known = _look_up(host) if host else None
    return Referrer(url, host, known, _keyword(url, known) if known and known.keywords else None)


def judge_source(referrer: Referrer, page: Page, own_hosts: frozenset[str]) -> Source:
    """As `classify_source`, of a referrer that was read: 1 us."""
    url, host, known, keyword = referrer
    if page.campaign_source or page.campaign_medium or page.campaign_name or page.click_id_name:
        return Source(*_campaign(page), keyword, url, host)
    if not url:
        return _DIRECT
    if host and (host == page.host or host in own_hosts):
        return Source("internal", None, None, url, host)
    if known:
        return Source(known.source_class, known.name, keyword, url, host)
    return Source("website", None, None, url, host)


@lru_cache(maxsize=16)
def _with_identifiers(removed: frozenset[str]) -> frozenset[str]:
    return removed | IDENTIFIERS


def _campaign(page: Page) -> tuple[str, str | None]:
    """Class and name of a marked link. Assistants mark every link they give (utm_source=chatgpt.com): that is no campaign."""
    source = page.campaign_source
    if source and not (page.campaign_medium or page.campaign_name or page.click_id_name):
        known = _look_up(source.lower())
        if known and known.source_class == "ai_assistant":
            return known.source_class, known.name
    return "campaign", source or page.campaign_name or CLICK_ID_NETWORKS.get(page.click_id_name or "")


def _values(url: str, names: frozenset[str]) -> dict[str, str]:
    """The first value that is not empty of each named parameter, unescaped; from the query, then the fragment."""
    values: dict[str, str] = {}
    if "=" not in url:
        return values
    for name, value in _pairs(url):
        if value and name in names and name not in values:
            text = unquote_plus(value, errors="replace").strip()
            if text:
                values[name] = text
    return values


def _pairs(url: str) -> Iterator[tuple[str, str]]:
    before_fragment, _, fragment = url.partition("#")
    query = before_fragment.partition("?")[2]
    for part in (query, fragment.partition("?")[2] or fragment):
        if "=" not in part:
            continue
        for pair in part.split("&"):
            name, _, value = pair.partition("=")
            yield (unquote_plus(name) if "%" in name else name).lower(), value


def host_of(url: str) -> str | None:
    """Read the host of a URL that a client sent, in lower case; never raises, where `urllib.parse.urlsplit` refuses `http://[`.

    >>> host_of("https://jane@Shop.example.org:8443/a"), host_of("http://["), host_of("/a")
    ('shop.example.org', '[]', None)
    """
    return _host_and_path(url)[0]


def _host_and_path(url: str) -> tuple[str | None, str | None]:
    parts = _URL.match(url)
    if parts is None:
        return None, None
    authority, path = parts[1], parts[2]
    if not authority:
        return None, path if path.startswith("/") else None
    host = authority.rpartition("@")[2]
    host = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return host.lower().rstrip(".")[:_MAX_HOST_CHARACTERS] or None, path or "/"


def _look_up(host: str) -> Known | None:
    """Find the owner of a host: the most exact row wins. At most a few dozen dictionary look-ups, no search."""
    for form in (host, _COUNTRY_ENDING.sub(".*", host)):
        first, _, rest = form.partition(".")
        known = KNOWN_HOSTS.get(form) or (KNOWN_HOSTS.get(rest) if first in _FRONT_LABELS else None)
        suffix = form
        while known is None and suffix:
            known = KNOWN_HOSTS.get("." + suffix)
            suffix = suffix.partition(".")[2]
        if known:
            return known
    return Known("mail", "Webmail") if _WEBMAIL.match(host) else None


def _keyword(url: str, known: Known) -> str | None:
    values = _values(url, frozenset(known.keywords))
    return next((values[name] for name in known.keywords if name in values), None)
