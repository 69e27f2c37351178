"""Decide which registered site a request belongs to."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from footfall import configuration, reasons

NAMED_BY: Final = {"matomo": "idsite", "piwik_pro": "idsite", "pixel": "site"}
"""Which parameter names the site, by dialect."""


class Unresolved(NamedTuple):
    """No registered site: why, and what the request named."""

    reason: reasons.Reason
    named: str | None


class SiteRegistry:
    """Looks sites up by what trackers call them and by host."""

    def __init__(self, sites: configuration.Sites) -> None:
        self._by_id = {name: site.key for site in sites.registered for name in (site.key, *site.ids)}
        self._by_host = {host: site.key for site in sites.registered for host in site.hosts}
        self._default = sites.default
        self.hosts = {site.key: frozenset(site.hosts) for site in sites.registered}

    def resolve(self, dialect: str, parameters: Mapping[str, str], host: str, referrer_host: str | None) -> str | Unresolved:
        """The site's key: by the parameter, else the request's host, else the referrer's host, else the default.

        Only a site that is named and not registered is `unknown_site`.
        """
        named = parameters.get(NAMED_BY[dialect])
        if named:
            return self._by_id.get(named) or Unresolved(reasons.UNKNOWN_SITE, named)
        by_host = self._by_host.get(host) or (self._by_host.get(referrer_host) if referrer_host else None)
        return by_host or self._default or Unresolved(reasons.NO_SITE, None)
