"""Which hits Matomo counts as tracked and does not store: core/Tracker/VisitExcluded.php of 5.1.2, as far as t45 shows it."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from local.matomo.parameters import integer
from local.matomo.settings import Site

BOT_WORDS: Final = ("bot", "crawl", "spider")
"""In a user agent, any case. Matomo asks a device database; python-requests and "Amazon CloudFront" are no bots to it (t46, t46c)."""

SEARCH_ENGINE: Final = ipaddress.ip_network("66.249.64.0/19")
"""Of Google's own ranges, the one that t45 shows."""

REMEMBERED: Final = 1_024
"""Senders whose verdict is kept: asking anew took a tenth of a bulk."""

SPAM_REFERRERS: Final = frozenset({"semalt.com"})
"""Of Matomo's list, the one that t45 shows."""


def is_excluded(parameters: Mapping[str, str], *, site: Site, ip: str, user_agent: str) -> bool:
    """Tell whether a valid hit is tracked and not stored."""
    return (
        integer(parameters, "rec", 0) == 0
        or (integer(parameters, "bots", 0) == 0 and _is_bot(ip, user_agent))
        or ip in site.excluded_addresses
        or url_host(parameters.get("urlref", "")) in SPAM_REFERRERS
        or (site.is_strict and url_host(parameters.get("url", "")) not in site.hosts)
    )


def url_host(url: str) -> str:
    """Give a URL's host without www., empty where it has none or is no URL."""
    if not url:
        return ""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:  # http://[::1
        return ""


@lru_cache(maxsize=REMEMBERED)
def _is_bot(ip: str, user_agent: str) -> bool:
    agent = user_agent.lower()
    return any(word in agent for word in BOT_WORDS) or ipaddress.ip_address(ip) in SEARCH_ENGINE
