"""Who sends what to the pixel, and how often: trackers, plain pixels, e-mails, crawlers, browsers that signal, and what is no hit."""

from collections.abc import Callable
from typing import Final

from bench.trackers import (
    Columns,
    beacon,
    broken,
    event,
    order,
    other_action,
    own_address_in_url,
    page_view,
    piwik_pro,
    query_of,
    repeated,
    tracker,
    with_token,
)
from bench.visitors import AI_CRAWLERS, CRAWLERS, MAIL_PROXIES, WORDS, Visitors


def _pixel(visitors: Visitors) -> Columns:
    user, number = f"u{visitors.random.randrange(10**6)}", str(visitors.random.randrange(10**4))
    parameters = {"userid": user, "thirdpartyname": "example.hightrafficwebsite.com"}
    if visitors.random.random() < 0.3:
        extra = {
            "address": visitors.choice(("2001:db8::7", "203.0.113.9", "2001:db8:0:1:2:3:4:5", "1.2.3", "12:30")),
            "ua": "own",
            "site": "shop",
        }
        parameters |= {**extra, "n": number, "country": "fr", "cip": "198.51.100.9", "password": "hunter2"}
    return {
        "cs-uri-stem": visitors.choice(("/1x1.png", "/1x1.gif")),
        "cs-uri-query": query_of(parameters),
        "cs-referer": visitors.pages.draw(),
    }


def _bare_pixel(visitors: Visitors) -> Columns:
    return {"cs-referer": visitors.referrers.draw()}


def _email_open(visitors: Visitors) -> Columns:
    medium = visitors.choice(("email", "E-Mail", "newsletter", "banner"))
    parameters = {"utm_source": "november", "utm_medium": medium, "utm_campaign": visitors.word(), "userid": visitors.hexadecimal(8)}
    return {"cs-uri-stem": "/1x1.gif", "cs-uri-query": query_of(parameters)}


def _mail_proxy(visitors: Visitors) -> Columns:
    return _email_open(visitors) | {"agent": visitors.choice(MAIL_PROXIES)}


def _crawler(visitors: Visitors) -> Columns:
    return tracker(visitors, bots="1") | {"agent": visitors.choice(CRAWLERS)}


def _ai_crawler(visitors: Visitors) -> Columns:
    return _pixel(visitors) | {"agent": visitors.choice(AI_CRAWLERS)}


def _signalling(visitors: Visitors) -> Columns:
    headers = visitors.choice(
        ("sec-gpc:1", "sec-gpc:1", "dnt:1", "DNT:0", "dnt:1\nsec-gpc:1", "sec-purpose:prefetch;prerender", "X-moz:prefetch")
    )
    return visitors.choice((page_view, _pixel))(visitors) | {"headers": headers}


def _cut_headers(visitors: Visitors) -> Columns:
    where = visitors.choice(("x-long:{long}\nsec-gpc:1", "sec-gpc:0\ndnt:1\nx-long:{long}", "x-long:{long}"))
    return page_view(visitors) | {"headers": where.format(long="a" * visitors.random.randrange(300, 900))}


def _no_hit(visitors: Visitors) -> Columns:
    choices: tuple[Columns, ...] = (
        tracker(visitors, idsite="77"),
        tracker(visitors, rec="0"),
        {"cs-uri-query": query_of({"site": "elsewhere", "mail": "jane@example.org"})},
        {"cs-method": "OPTIONS"},
        {"cs-method": "HEAD"},
        tracker(visitors) | {"cs-method": "POST", "sc-status": "501"},
        tracker(visitors) | {"sc-status": "403"},
        {"cs-uri-stem": f"/{visitors.word()}.png", "cs-uri-query": "a=1"},
    )
    return visitors.choice(choices)


def _other_hosts(visitors: Visitors) -> Columns:
    return {
        "cs-host": visitors.choice(("shop.example.org", "PIXEL.example.net")),
        "cs-referer": f"https://{visitors.choice(('blog.example.net', 'x.example'))}/{WORDS[0]}",
    }


KINDS: Final[dict[Callable[[Visitors], Columns], int]] = {
    page_view: 500,
    event: 140,
    other_action: 60,
    beacon: 60,
    _pixel: 50,
    _bare_pixel: 10,
    order: 30,
    _email_open: 25,
    _mail_proxy: 15,
    _crawler: 30,
    _ai_crawler: 10,
    _signalling: 20,
    _cut_headers: 5,
    piwik_pro: 15,
    with_token: 6,
    own_address_in_url: 4,
    repeated: 4,
    broken: 4,
    _no_hit: 8,
    _other_hosts: 4,
}
"""Kinds of requests and how many of 1,000 are of each."""
