"""What clients send to the pixel: one function per kind of request, each giving the columns in which it differs from a plain GET."""

import json
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from bench.visitors import AI_CRAWLERS, CRAWLERS, MAIL_PROXIES, WORDS, Visitors

ACCEPTED_TOKEN: Final = "5eca9bd3eb07c006cd43ae48dfde7fd3"
REFUSED_TOKEN: Final = "0badc0de0badc0de0badc0de0badc0de"
PIWIK_PRO_SITE: Final = "0b5b8f2e-4a3c-4f0e-9a51-6f2d7c1b9e10"

_UNRESERVED: Final = "!'()*-._~"

Columns = dict[str, str]
"""Columns by name, as the client sent them: headers and addresses not yet escaped by CloudFront; `agent`, `headers` among them."""


def query_of(parameters: dict[str, str]) -> str:
    """Encode parameters as encodeURIComponent does."""
    return "&".join(f"{name}={quote(value, safe=_UNRESERVED)}" for name, value in parameters.items())


def tracker(visitors: Visitors, **parameters: str) -> Columns:
    """A matomo.js request: its 27 parameters, changed or extended by `parameters`."""
    number, page = visitors.random.randrange, visitors.pages.draw()
    sent = {
        "action_name": f"{visitors.word().title()}{visitors.choice((' – ', ' - '))}{visitors.word()} | Example",
        "idsite": visitors.choice(("1", "1", "1", "2")),
        "rec": "1",
        "r": str(number(100_000, 999_999)),
        "h": str(number(24)),
        "m": str(number(60)),
        "s": str(number(60)),
        "url": page,
        "urlref": visitors.referrers.draw(),
        "_id": visitors.hexadecimal(16),
        "_idn": visitors.choice("01"),
        "send_image": "0",
        "_refts": str(1_790_000_000 + number(5_000_000)),
        "pv_id": visitors.hexadecimal(6),
        "pf_net": str(number(40)),
        "pf_srv": str(number(900)),
        "pf_tfr": str(number(60)),
        "pf_dm1": str(number(2000)),
        "pf_dm2": str(number(900)),
        "pf_onl": str(number(9)),
        "uadata": '{"fullVersionList":[{"brand":"Chromium","version":"142.0.7444.59"}],"mobile":false,"model":"","platform":"Windows"}',
        "pdf": "1",
        "java": "0",
        "wma": "0",
        "cookie": "1",
        "res": visitors.choice(("1920x1080", "2560x1440", "390x844", "412x915")),
        "dimension1": visitors.choice(("gold", "silver", "")),
    }
    return {"cs-uri-stem": "/matomo.php", "cs-uri-query": query_of(sent | parameters), "cs-referer": page}


def _page_view(visitors: Visitors) -> Columns:
    return tracker(visitors)


def _beacon(visitors: Visitors) -> Columns:
    return {"cs-method": "POST"} | (_event(visitors) if visitors.random.random() < 0.5 else tracker(visitors, ping="1", ca="1"))


def _event(visitors: Visitors) -> Columns:
    value = str(visitors.random.randrange(9000) / 100)
    return tracker(visitors, ca="1", e_c="Videos", e_a=visitors.choice(("Play", "Pause")), e_n=visitors.word(), e_v=value)


def _other_action(visitors: Visitors) -> Columns:
    target = f"https://partner.example.com/{visitors.word()}?sid=1"
    choices: tuple[dict[str, str], ...] = (
        {"link": target},
        {"download": target + ".pdf"},
        {"search": visitors.word(), "search_cat": "all", "search_count": visitors.choice(("3", "0", "", "many"))},
        {"c_n": "banner", "c_p": "spring.png", "c_t": target},
        {"c_n": "banner", "c_p": "spring.png", "c_t": target, "c_i": "click"},
        {"idgoal": "3", "revenue": "12.5"},
        {"_pks": "SKU-1", "_pkn": "Schuh größer", "_pkc": '["Schuhe"]', "_pkp": "59.90"},
        {"cvar": '{"1":["plan","pro"]}', "_rcn": "spring", "_ref": target, "new_visit": "1", "uid": visitors.word()},
        {"ma_id": "a1b2", "ma_ti": "Film", "ma_mt": "video", "lang": "DE-ch", "ua": visitors.agents.draw()},
        {
            "source": "ai",
            "http_status": "200",
            "bw_bytes": "1e3",
            "cra": "TypeError",
            "cra_tp": "js",
            "dimension12": "x",
            "dimensionx": "y",
        },
    )
    return tracker(visitors, **visitors.choice(choices))


def _order(visitors: Visitors) -> Columns:
    items = json.dumps([[f"SKU-{n}", visitors.word(), ["Schuhe", "Winter"], 59.9, n] for n in range(1, 4)], ensure_ascii=False)
    order = {"idgoal": "0", "revenue": "179.70", "ec_st": "170", "ec_tx": "9.7", "ec_sh": "0", "ec_dt": "false", "ec_items": items}
    return tracker(visitors, **order, **({"ec_id": f"T-{visitors.random.randrange(10**6)}"} if visitors.random.random() < 0.7 else {}))


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
    return visitors.choice((_page_view, _pixel))(visitors) | {"headers": headers}


def _cut_headers(visitors: Visitors) -> Columns:
    where = visitors.choice(("x-long:{long}\nsec-gpc:1", "sec-gpc:0\ndnt:1\nx-long:{long}", "x-long:{long}"))
    return _page_view(visitors) | {"headers": where.format(long="a" * visitors.random.randrange(300, 900))}


def _piwik_pro(visitors: Visitors) -> Columns:
    extra = visitors.choice(({}, {"uia": "1"}, {"e_t": "add-to-cart", "ec_products": "[]"}, {"rmip": "1", "search_cats": "a", "sh": "1"}))
    return tracker(visitors, idsite=PIWIK_PRO_SITE, **extra) | {"cs-uri-stem": "/ppms.php"}


def _with_token(visitors: Visitors) -> Columns:
    token = ACCEPTED_TOKEN if visitors.random.random() < 0.6 else REFUSED_TOKEN
    place = {"country": "fr", "region": "idf", "city": "Paris", "lat": "48.86", "long": "2.35"}
    when = visitors.choice(({"cdt": "1794990000"}, {"cdt": "2026-11-18 08:00:00", "cdo": "60"}, {"cdo": "30"}, {"cdt": "yesterday"}))
    forced = {"cip": visitors.choice(("198.51.100.77", "2001:db8::77", "none")), "cid": visitors.hexadecimal(16), "uid": "jane"}
    return tracker(visitors, token_auth=token, action_name=f"with {token}", **place, **when, **forced)


def _own_address_in_url(visitors: Visitors) -> Columns:
    address = visitors.addresses.draw()
    page = f"https://www.example.org/?from={address}&token_auth={REFUSED_TOKEN}"
    return tracker(visitors, url=page, action_name=f"hello {address}") | {"c-ip": address}


def _repeated(visitors: Visitors) -> Columns:
    request = tracker(visitors)
    again = visitors.choice(
        ("&e_c=a&e_c=b", "&url=https%3A%2F%2Fx.example%2F&x=1&x=2", "&search_count=4&search_count=many", "&=&a&a=&a==b", "&dimension1=b")
    )
    return request | {"cs-uri-query": request["cs-uri-query"] + again}


def _broken(visitors: Visitors) -> Columns:
    request = tracker(visitors)
    broken = visitors.choice(
        ("&a=%zz", "&a=%", "&a=%E9", "&%C3%A9=%C3%A9", "&a=é", '&a="quoted"', "&a=back\\slash", "&a=%00%0A%22", "&a=%u00e9&b=%D8%00")
    )
    return request | {"cs-uri-query": request["cs-uri-query"] + broken}


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
    _page_view: 500,
    _event: 140,
    _other_action: 60,
    _beacon: 60,
    _pixel: 50,
    _bare_pixel: 10,
    _order: 30,
    _email_open: 25,
    _mail_proxy: 15,
    _crawler: 30,
    _ai_crawler: 10,
    _signalling: 20,
    _cut_headers: 5,
    _piwik_pro: 15,
    _with_token: 6,
    _own_address_in_url: 4,
    _repeated: 4,
    _broken: 4,
    _no_hit: 8,
    _other_hosts: 4,
}
"""Kinds of requests and how many of 1,000 are of each."""
