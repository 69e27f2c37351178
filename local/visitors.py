"""The visitors of the demo: what each kind sends, from which address, and what Footfall promises to make of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final
from urllib.parse import urlencode

MATOMO = "/matomo.php"

ADDRESSES: Final = (
    "203.0.113.7",
    "198.51.100.23",
    "192.0.2.146",
    "2001:db8:85a3:8d3:1319:8a2e:370:7348",
    "::ffff:203.0.113.99",
)
"""Documentation addresses (RFC 5737, RFC 3849): IPv4, IPv6 and IPv4-mapped; only the local edge believes them."""

FIREFOX: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
SAFARI: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
CHROME: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
THUNDERBIRD: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.13.0"
GMAIL: Final = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
APPLE_MAIL: Final = "Mozilla/5.0"
CRAWLERS: Final = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
)
AI_BOTS: Final = (
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "Mozilla/5.0 (compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of request: `target` is path and query, `expected` what it must become (`row`, `reject`, `suppressed`, `refused`)."""

    name: str
    target: str
    expected: str = "row"
    reason: str = ""
    method: str = "GET"
    user_agents: tuple[str, ...] = (FIREFOX, SAFARI, CHROME)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    number: int = 4
    is_same_order: bool = False


VISITOR: Final = "af344a398df8387"
"""All but the last digit of the visitor id that a tracker sends; the address decides the last."""

PAGE_VIEW: Final = "GYV5HA"
"""The page view id that a tracker sends; each request of the demo has one of its own."""


ORDER: Final = "T-1001"
"""The order that a tracker reports; each request of the demo has one of its own, but for the thank-you page that is opened again."""


def _tracker(**parameters: str) -> str:
    """A query as matomo.js sends it."""
    page = {"url": "https://www.example.org/boots?utm_source=news&utm_medium=email", "urlref": "https://www.google.com/"}
    clock = {"h": "10", "m": "20", "s": "30", "r": "277578", "send_image": "0"}
    client = {"_id": VISITOR, "pv_id": PAGE_VIEW, "res": "1680x1050", "cookie": "1", "pf_net": "12", "pf_srv": "40"}
    return MATOMO + "?" + urlencode({"idsite": "1", "rec": "1", "action_name": "Boots / Red", **page, **clock, **client, **parameters})


def _mail(**parameters: str) -> str:
    return "/1x1.gif?" + urlencode(
        {"utm_source": "crm", "utm_medium": "email", "utm_campaign": "spring", "mailing": "2026-11", **parameters}
    )


DEMO_TOKEN: Final = "demo-token-of-a-backend"  # noqa: S105 - demo.toml accepts its hash; it opens nothing else
EMPTY_POST: Final = {"Content-Length": "0"}

KINDS: Final = (
    Kind(
        name="plain pixel (the CloudFront sample's)",
        target="/1x1.png?userid=aws_user&thirdpartyname=example.hightrafficwebsite.com",
        number=6,
    ),
    Kind(name="page view, GET", target=_tracker(), number=8),
    Kind(name="page view, beacon (empty POST)", target=_tracker(dimension1="gold"), method="POST", headers=EMPTY_POST, number=8),
    Kind(
        name="event, beacon",
        target=_tracker(ca="1", e_c="Video", e_a="Play", e_n="Trailer", e_v="12.5"),
        method="POST",
        headers=EMPTY_POST,
        number=6,
    ),
    Kind(
        name="order",
        target=_tracker(idsite="2", idgoal="0", ec_id=ORDER, revenue="129.90", ec_items='[["SKU1","Boots","Shoes",129.9,1]]'),
        number=4,
    ),
    Kind(
        name="order page opened again",
        target=_tracker(idsite="2", idgoal="0", ec_id=ORDER, revenue="129.90"),
        number=3,
        is_same_order=True,
    ),
    Kind(name="conversion of a goal Matomo does not have", target=_tracker(idgoal="99", revenue="5"), number=2),
    Kind(
        name="Piwik PRO page view",
        target="/ppms.php?" + urlencode({"idsite": "bb338e1a-12f8-5353-ac63-9fd8b1f928a1", "rec": "1", "action_name": "App"}),
    ),
    Kind(name="backend with a token", target=_tracker(token_auth=DEMO_TOKEN, cip="198.51.100.200", country="fr")),
    Kind(name="e-mail open, a person", target=_mail(), user_agents=(THUNDERBIRD,), number=5),
    Kind(name="e-mail open, Gmail's proxy", target=_mail(), user_agents=(GMAIL,), number=5),
    Kind(name="e-mail open, Apple's proxy", target=_mail(), user_agents=(APPLE_MAIL,)),
    Kind(name="search crawler", target=_tracker(), user_agents=CRAWLERS),
    Kind(name="AI bot", target=_tracker(), user_agents=AI_BOTS, number=6),
    Kind(name="browser prefetch", target=_tracker(), headers={"Sec-Purpose": "prefetch;prerender"}, number=3),
    Kind(name="Do Not Track", target=_tracker(uid="jane"), headers={"DNT": "1"}),
    Kind(name="Global Privacy Control", target=_tracker(), expected="suppressed", reason="gpc", headers={"Sec-GPC": "1"}, number=6),
    Kind(name="CORS preflight", target=_tracker(), expected="suppressed", reason="preflight", method="OPTIONS", number=2),
    Kind(name="broken escapes", target="/1x1.png?note=%E9%zz%&note=twice&ok=1", number=3),
    Kind(name="unknown site", target=_tracker(idsite="4711"), expected="reject", reason="unknown_site"),
    Kind(
        name="POST with a body",
        target=MATOMO,
        expected="reject",
        reason="body_not_collected",
        method="POST",
        body=b'{"requests":["?idsite=1&rec=1"]}',
        number=3,
    ),
    Kind(
        name="line with a column too few",
        target="/1x1.png?x=1",
        expected="reject",
        reason="column_count",
        headers={"x-footfall-demo-line": "drop-column"},
        number=3,
    ),
    Kind(name="URL over 8,192 bytes", target="/1x1.png?x=" + "x" * 8200, expected="refused", reason="413, not logged", number=2),
)

REPEATS_EVERY: Final = 12
"""One request in so many has its log line twice in the stream, as an at-least-once stream may: at least 5 % of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request of the demo, ready to send."""

    kind: Kind
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None


def requests() -> Iterator[Request]:
    """Every request of the demo, the kinds mixed as traffic is."""
    visitors = cycle(enumerate(ADDRESSES))
    sent = 0
    for turn in range(max(kind.number for kind in KINDS)):
        for kind in KINDS:
            if turn < kind.number:
                sent += 1
                number, address = next(visitors)
                yield _request(kind, turn, number, address, page_view=f"{sent:06}", is_repeated=sent % REPEATS_EVERY == 0)


def _request(kind: Kind, turn: int, visitor: int, address: str, *, page_view: str, is_repeated: bool) -> Request:
    headers = {
        "User-Agent": kind.user_agents[turn % len(kind.user_agents)],
        "Accept-Language": "de-DE,de;q=0.8",
        "x-footfall-demo-address": address,
        **({"x-footfall-demo-line": "repeat"} if is_repeated else {}),
        **kind.headers,
    }
    target = kind.target.replace(f"_id={VISITOR}", f"_id={VISITOR}{visitor}").replace(f"pv_id={PAGE_VIEW}", f"pv_id={page_view}")
    if not kind.is_same_order:
        target = target.replace(ORDER, f"{ORDER}-{page_view}")
    return Request(kind=kind, method=kind.method, target=target, headers=headers, body=kind.body)
