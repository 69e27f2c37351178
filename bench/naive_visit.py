"""Who visits what, plainly: agent, page, source and campaign of one request, looked up anew for every record.

Not written a second time: the rules (`agents.classify`), whose a host is (`sources.classify_source`), and how secrets are removed from
URLs (`sources.clean_url`).
User agents are parsed by ua-parser with its own cache, as its documentation recommends.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from ua_parser import Parser, load_lazy_builtins

from bench.naive_request import Row
from footfall.configuration import Configuration
from footfall.hits import agents, sources
from footfall.hits.agent_rules import DEVICE_TYPES

EMAIL_MEDIUMS = ("email", "e-mail", "e_mail", "mail", "newsletter")


@dataclass
class Visit:
    """The columns that no tracker parameter fills, and what the judgement needs beside them."""

    columns: Row
    page: sources.Page
    page_host: str | None
    dialect: str
    user_agent: str
    own_campaign: Row
    is_email_open: bool


def read_visit(request: Row, values: Mapping[str, str], dialect: str, configuration: Configuration) -> Visit:
    """Describe the visitor's agent and the page of a request whose parameters are `values`."""
    removed = removed_parameters(configuration)
    url = request["cs-referer"] if dialect == "pixel" else values.get("url") or request["cs-referer"]
    page = read_page(url, removed)
    user_agent = request["cs-user-agent"] if dialect == "pixel" else values.get("ua") or request["cs-user-agent"]
    judged = agents.with_purpose(agents.classify(user_agent), request["headers"]["purpose"])
    own_campaign = {column: values[name] for name, column in sources.CAMPAIGN_PARAMETERS.items() if values.get(name)}
    is_email_open = judged.agent_class == "email_proxy" or own_campaign.get("campaign_medium", "").lower() in EMAIL_MEDIUMS
    columns = {
        "agent_class": judged.agent_class,
        "bot_kind": judged.bot_kind,
        "agent_name": judged.agent_name,
        "rules_version": agents.RULES_VERSION,
        "evidence": list(judged.evidence) or None,
        "open_class": (judged.open_class or "direct") if is_email_open else None,
        "is_email_open": is_email_open,
        "url": page.url,
        "url_host": page.host,
        "url_path": page.path,
    }
    if configuration.privacy.user_agent != "drop":
        columns |= describe(user_agent)
    return Visit(
        columns, page, page.host or read_page(request["cs-referer"], removed).host, dialect, user_agent, own_campaign, is_email_open
    )


def read_page(url: str, removed: frozenset[str]) -> sources.Page:
    """A page's URL without secrets and personal identifiers, its host and path, its campaign, and the first advertising click id."""
    url = url.strip()
    cleaned = sources.clean_url(url, removed | sources.IDENTIFIERS)
    if not cleaned:
        return sources.Page(None, None, None)
    before_fragment, _, fragment = sources.clean_url(url, removed).partition("#")
    values: dict[str, str] = {}
    for name, value in parse_qsl(before_fragment.partition("?")[2]) + parse_qsl(fragment.partition("?")[2] or fragment):
        if value.strip():
            values.setdefault(name.lower(), value.strip())
    columns = {column: values[name] for name, column in sources.CAMPAIGN_PARAMETERS.items() if name in values}
    click = next((name for name in sources.CLICK_IDS if name in values), None)
    host, path = host_and_path(cleaned)
    return sources.Page(cleaned, host, path, **columns, click_id_name=click, click_id=values[click] if click else None)


def host_and_path(url: str) -> tuple[str | None, str | None]:
    """As browsers read a URL: a backslash is a slash before the query, the scheme may be missing, the host is in lower case without port."""
    address = re.split("[?#]", url, maxsplit=1)[0]
    parts = re.fullmatch(r"(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}([^/\\]*)(.*)", address, re.IGNORECASE | re.DOTALL)
    if not parts or not parts[1]:
        rest = parts[2] if parts else re.sub("^[a-z][a-z0-9+.-]*:", "", address, flags=re.IGNORECASE)
        return None, rest if rest.startswith("/") else None
    host = parts[1].split("@")[-1]
    host = host.split("]")[0] + "]" if host.startswith("[") else host.split(":")[0]
    return host.lower().rstrip(".")[:253] or None, parts[2] or "/"


def removed_parameters(configuration: Configuration) -> frozenset[str]:
    """Names of parameters that no URL may keep."""
    return frozenset({*configuration.privacy.url_parameters_removed, "token_auth"})


def read_source(visit: Visit, referrer: str, site: str, configuration: Configuration) -> Row:
    """The columns about where the visit came from; the request's own campaign parameters go before those of the page's URL."""
    removed = removed_parameters(configuration)
    (hosts,) = (registered.hosts for registered in configuration.sites.registered if registered.key == site)
    page = visit.page._replace(**visit.own_campaign)
    source = sources.classify_source(referrer, page, frozenset(hosts), removed)
    columns = {name: value for name, value in page._asdict().items() if name.startswith(("campaign_", "click_"))}
    return columns | source._asdict()


@cache
def _parser() -> Parser:
    return Parser.from_matchers(load_lazy_builtins())


def describe(user_agent: str) -> Row:
    """Browser, system and device of the first 1,024 characters; a program has no device."""
    text = user_agent[:1024]
    browser, system, device = (_parse(part, text) for part in ("parse_user_agent", "parse_os", "parse_device"))
    is_program = device is not None and device.family == "Spider"
    folded = text.encode("ascii", "replace").lower().strip().decode()
    device_type = next((kind for pattern, kind in DEVICE_TYPES if re.search(pattern, folded)), None)
    return {
        "browser": browser and browser.family[:100],
        "browser_version": browser and browser.major and browser.major[:100],
        "os": system and system.family[:100],
        "os_version": system and system.major and system.major[:100],
        "device": None if is_program else device and device.family[:100],
        "device_type": None if is_program else device_type,
    }


def _parse(part: str, text: str) -> Any:
    try:
        return getattr(_parser(), part)(text)
    except ValueError:  # a rule of ua-parser's captured only blanks
        return None
