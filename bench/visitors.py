"""Who visits what: seeded user agents, addresses, pages and referrers that come again as often as on real sites."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, Generic, TypeVar
from urllib.parse import quote

T = TypeVar("T")

WINDOW: Final = 5_000
"""How many values are remembered for reuse."""

AGENT_REPEATS: Final = 0.98
ADDRESS_REPEATS: Final = 0.60
PAGE_REPEATS: Final = 0.80
"""Draws from what was drawn before. As the documentation networks are small, fresh addresses repeat too: in the end 98 % of user agents,
88 % of addresses and 80 % of URLs were seen before."""

_POPULARITY: Final = 3
"""Half of the draws go to an eighth of the values, as some pages and browsers are what most people use."""

_BROWSERS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.{minor}.{patch} Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.{minor}.{patch} Safari/537.36",
    "Mozilla/5.0 (Linux; Android 15; Pixel {digit}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.{minor}.{patch} Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_{digit} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.{digit} Mobile/{patch}E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{digit}.{patch} Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{major}.0) Gecko/20100101 Firefox/{major}.{digit}",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36 Edg/{major}.0.{minor}.{patch}",
)
CRAWLERS: Final = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "curl/8.5.0",
    "python-requests/2.32.3",
)
AI_CRAWLERS: Final = (
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
    "CCBot/2.0 (https://commoncrawl.org/faq/)",
)
MAIL_PROXIES: Final = (
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
)

SITE_HOSTS: Final = ("www.example.org", "shop.example.org", "blog.example.net")

_REFERRERS: Final = (
    "https://www.google.com/",
    "https://www.google.de/search?q={word}+kaufen",
    "https://www.bing.com/search?q={word}&form=QBLH",
    "https://duckduckgo.com/",
    "https://search.yahoo.com/search?p={word}%20{word}",
    "https://www.facebook.com/",
    "https://l.facebook.com/l.php?u=https%3A%2F%2Fwww.example.org%2F",
    "https://t.co/{word}",
    "https://www.linkedin.com/feed/",
    "https://old.reddit.com/r/{word}/",
    "https://chatgpt.com/",
    "https://www.perplexity.ai/search/{word}",
    "https://mail.google.com/mail/u/0/",
    "https://outlook.live.com/",
    "https://partner.example.com/{word}?sessionid=0f3a&ref=1",
    "https://www.example.org/{word}",
    "android-app://com.google.android.gm/",
)
_CAMPAIGNS: Final = (
    "utm_source=newsletter&utm_medium=email&utm_campaign={word}",
    "utm_source=google&utm_medium=cpc&utm_campaign={word}&utm_term={word}+g%C3%BCnstig&utm_content=a&gclid=EAIaIQob{digit}",
    "mtm_campaign={word}&mtm_kwd={word}&mtm_cid={digit}",
    "pk_campaign={word}&pk_source=partner",
    "fbclid=IwAR{digit}{word}",
    "sid=8f{digit}&page={digit}",
    "q=%E2%82%AC{digit}&umlaut=%C3%A4",
)
WORDS: Final = (
    "schuhe",
    "winter",
    "angebot",
    "report",
    "preise",
    "über-uns",
    "kontakt",
    "日本語",
    "guide",
    "release",
    "data",
    "view",
    "café",
    "news",
)


class Recurring(Generic[T]):
    """Draws a value that was drawn before with a given probability, else a fresh one; some are far more popular than others."""

    def __init__(self, fresh: Callable[[], T], *, repeats: float, random: Random) -> None:
        self._fresh = fresh
        self._repeats = repeats
        self._random = random
        self._known: list[T] = []

    def draw(self) -> T:
        """The next value."""
        if self._known and self._random.random() < self._repeats:
            return self._known[int(len(self._known) * self._random.random() ** _POPULARITY)]
        value = self._fresh()
        if len(self._known) < WINDOW:
            self._known.append(value)
        else:
            self._known[self._random.randrange(WINDOW)] = value
        return value


class Visitors:
    """Everything that recurs, from one random source."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.agents = Recurring(self._browser, repeats=AGENT_REPEATS, random=random)
        self.addresses = Recurring(self._address, repeats=ADDRESS_REPEATS, random=random)
        self.pages = Recurring(self._page, repeats=PAGE_REPEATS, random=random)
        self.referrers = Recurring(self._referrer, repeats=PAGE_REPEATS, random=random)

    def word(self) -> str:
        """A word as it may stand in a path or a title."""
        return self.random.choice(WORDS)

    def hexadecimal(self, digits: int) -> str:
        """So many hexadecimal digits."""
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def choice(self, options: Sequence[T]) -> T:
        """One of them."""
        return self.random.choice(options)

    def _fill(self, template: str) -> str:
        number = self.random.randrange
        return template.format(major=number(110, 146), minor=number(1000, 9000), patch=number(300), digit=number(10), word=self.word())

    def _browser(self) -> str:
        return self._fill(self.choice(_BROWSERS))

    def _address(self) -> str:
        last, kind = self.random.randrange(256), self.random.random()
        ipv4 = f"{self.choice(('192.0.2', '198.51.100', '203.0.113'))}.{last}"
        if kind < 0.72:
            return ipv4
        if kind < 0.75:
            return f"::ffff:{ipv4}"
        return f"2001:db8:{self.hexadecimal(3)}:{self.hexadecimal(2)}:{self._interface() if kind < 0.97 else f':{last:x}'}"

    def _interface(self) -> str:
        """The half of an IPv6 address that a device makes up at random; no leading zeros."""
        return ":".join(f"{self.random.randrange(1, 65_536):x}" for _ in range(4))

    def _page(self) -> str:
        path = "/".join(quote(self.word()) for _ in range(self.random.randrange(1, 4)))
        query = "?" + self._fill(self.choice(_CAMPAIGNS)) if self.random.random() < 0.3 else ""
        return f"https://{self.choice(SITE_HOSTS)}/{path}/{self.random.randrange(10_000)}{query}"

    def _referrer(self) -> str:
        return "" if self.random.random() < 0.35 else self._fill(self.choice(_REFERRERS))
