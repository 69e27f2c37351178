"""What trackers send: Matomo's and Piwik PRO's requests of every kind, each as the columns in which it differs from a plain GET."""

import json
from typing import Final

from bench.escape import quote
from bench.visitors import Visitors

ACCEPTED_TOKEN: Final = "5eca9bd3eb07c006cd43ae48dfde7fd3"
REFUSED_TOKEN: Final = "0badc0de0badc0de0badc0de0badc0de"
PIWIK_PRO_SITE: Final = "0b5b8f2e-4a3c-4f0e-9a51-6f2d7c1b9e10"

_UNRESERVED: Final = "!'()*-._~"

Columns = dict[str, str]
"""Columns by name, as the client sent them: not yet escaped by CloudFront; `agent` and `headers` stand for what becomes several columns."""


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


def page_view(visitors: Visitors) -> Columns:
    """A page view, as matomo.js sends it."""
    return tracker(visitors)


def beacon(visitors: Visitors) -> Columns:
    """An event or a heartbeat in an empty POST, as navigator.sendBeacon is made to send it."""
    return {"cs-method": "POST"} | (event(visitors) if visitors.random.random() < 0.5 else tracker(visitors, ping="1", ca="1"))


def event(visitors: Visitors) -> Columns:
    """An event."""
    value = str(visitors.random.randrange(9000) / 100)
    return tracker(visitors, ca="1", e_c="Videos", e_a=visitors.choice(("Play", "Pause")), e_n=visitors.word(), e_v=value)


def other_action(visitors: Visitors) -> Columns:
    """Any of the rarer actions."""
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


def order(visitors: Visitors) -> Columns:
    """An order, or a cart when it has no id."""
    items = json.dumps([[f"SKU-{n}", visitors.word(), ["Schuhe", "Winter"], 59.9, n] for n in range(1, 4)], ensure_ascii=False)
    order = {"idgoal": "0", "revenue": "179.70", "ec_st": "170", "ec_tx": "9.7", "ec_sh": "0", "ec_dt": "false", "ec_items": items}
    return tracker(visitors, **order, **({"ec_id": f"T-{visitors.random.randrange(10**6)}"} if visitors.random.random() < 0.7 else {}))


def piwik_pro(visitors: Visitors) -> Columns:
    """What Piwik PRO's tracker sends."""
    extra = visitors.choice(({}, {"uia": "1"}, {"e_t": "add-to-cart", "ec_products": "[]"}, {"rmip": "1", "search_cats": "a", "sh": "1"}))
    return tracker(visitors, idsite=PIWIK_PRO_SITE, **extra) | {"cs-uri-stem": "/ppms.php"}


def with_token(visitors: Visitors) -> Columns:
    """A server-side request with a token, accepted or not, and all that only a token allows."""
    token = ACCEPTED_TOKEN if visitors.random.random() < 0.6 else REFUSED_TOKEN
    place = {"country": "fr", "region": "idf", "city": "Paris", "lat": "48.86", "long": "2.35"}
    when = visitors.choice(({"cdt": "1794990000"}, {"cdt": "2026-11-18 08:00:00", "cdo": "60"}, {"cdo": "30"}, {"cdt": "yesterday"}))
    forced = {"cip": visitors.choice(("198.51.100.77", "2001:db8::77", "none")), "cid": visitors.hexadecimal(16), "uid": "jane"}
    return tracker(visitors, token_auth=token, action_name=f"with {token}", **place, **when, **forced)


def own_address_in_url(visitors: Visitors) -> Columns:
    """A page that shows its visitor's address, and a token, in its URL."""
    address = visitors.addresses.draw()
    page = f"https://www.example.org/?from={address}&token_auth={REFUSED_TOKEN}"
    return tracker(visitors, url=page, action_name=f"hello {address}") | {"c-ip": address}


def repeated(visitors: Visitors) -> Columns:
    """Parameters more than once."""
    request = tracker(visitors)
    again = visitors.choice(
        ("&e_c=a&e_c=b", "&url=https%3A%2F%2Fx.example%2F&x=1&x=2", "&search_count=4&search_count=many", "&=&a&a=&a==b", "&dimension1=b")
    )
    return request | {"cs-uri-query": request["cs-uri-query"] + again}


def broken(visitors: Visitors) -> Columns:
    """Escapes and quotes as only broken or hostile clients send them."""
    request = tracker(visitors)
    broken = visitors.choice(
        ("&a=%zz", "&a=%", "&a=%E9", "&%C3%A9=%C3%A9", "&a=é", '&a="quoted"', "&a=back\\slash", "&a=%00%0A%22", "&a=%u00e9&b=%D8%00")
    )
    return request | {"cs-uri-query": request["cs-uri-query"] + broken}
