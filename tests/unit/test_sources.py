"""Where visits come from, and that no secret stays in a URL however deep it is wrapped."""

import re
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from footfall.hits import sources, urls
from footfall.hits.source_rules import CLICK_ID_NETWORKS, KNOWN_HOSTS, PERSONAL_PARAMETERS
from footfall.hits.sources import CAMPAIGN_PARAMETERS, CLICK_IDS, Page, Source, classify_source, clean_url, read_page

REMOVED = frozenset({"token_auth", "sid", "phpsessid", "jsessionid", "access_token", "code"})
NOTHING: frozenset[str] = frozenset()
PLAIN_PAGE = read_page("https://www.example.org/", NOTHING)


@pytest.mark.parametrize(
    ("url", "cleaned"),
    [
        ("https://example.org/?token_auth=x", "https://example.org/"),
        ("https://example.org/?token_auth=x&a=1", "https://example.org/?a=1"),
        ("https://example.org/?a=1&token_auth=x", "https://example.org/?a=1"),
        ("https://example.org/?a=1&token_auth=x&b=2", "https://example.org/?a=1&b=2"),
        ("https://example.org/?a=1&token_auth=x&sid=y&b=2", "https://example.org/?a=1&b=2"),
        ("https://example.org/?token_auth=x&a=1&sid=y", "https://example.org/?a=1"),
        ("https://example.org/?token_auth=x&token_auth=y", "https://example.org/"),
        ("https://example.org/?token_auth=x#top", "https://example.org/#top"),
        ("https://example.org/?TOKEN_Auth=x&a=1", "https://example.org/?a=1"),
        ("https://example.org/?token%5Fauth=x%26y&a=1", "https://example.org/?a=1"),
        ("https://example.org/?token%255fauth=x&a=1", "https://example.org/?a=1"),
        ("https://example.org/?%74%6F%6ben_auth=x&a=1", "https://example.org/?a=1"),
        ("https://example.org/?token_auth[]=x&a=1", "https://example.org/?a=1"),
        ("https://example.org/?token_auth%5B0%5D=x&a=1", "https://example.org/?a=1"),
        ("https://example.org/?a=1;sid=x", "https://example.org/?a=1"),
        ("https://example.org/cart;jsessionid=1A2B?a=1", "https://example.org/cart?a=1"),
        ("https://example.org/cart;jsessionid=1A2B/next", "https://example.org/cart/next"),
        ("https://example.org/cb#access_token=x&state=1", "https://example.org/cb#state=1"),
        ("https://example.org/#/route?sid=x&a=1", "https://example.org/#/route?a=1"),
        ("https://example.org/#access_token=x", "https://example.org/"),
        ("https://jane:secret@example.org/a", "https://example.org/a"),
        ("https://jane@example.org/a", "https://example.org/a"),
        ("//jane:se@cret@example.org/a", "//example.org/a"),
        ("ftp://jane:secret@example.org/a", "ftp://example.org/a"),
        ("https:/jane:secret@example.org/a", "https:/example.org/a"),
        ("https://example.org/?to=https%3A%2F%2Fjane%3Asecret%40example.net%2F", "https://example.org/?to=https%3A%2F%2Fexample.net%2F"),
        ("https://example.org/?next=https%3A%2F%2Fx%2F%3Ftoken_auth%3Dabc", "https://example.org/?next=https%3A%2F%2Fx%2F"),
        ("https://example.org/?next=https%3a%2f%2fx%2f%3fa%3d1%26sid%3dabc%26b%3d2&c=%7e", "https://example.org/?next=https%3a%2f%2fx%2f%3fa%3d1%26b%3d2&c=%7e"),
        ("https://example.org/?next=https://x/?sid=abc&b=2", "https://example.org/?next=https://x/?b=2"),
        ("https://example.org/?q=token_auth=abc&b=2", "https://example.org/?q=&b=2"),
        ("token_auth=abc", ""),
    ],
)  # fmt: skip
def test_a_removed_parameter_goes_and_the_rest_stays_as_it_was(url: str, cleaned: str) -> None:
    assert cleaned == clean_url(url, REMOVED)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://example.org/",
        "https://example.org/?a=%7E&b=%7e&&c=+&d",
        "https://example.org/?mytoken_auth=1&x.sid=2&x-sid=3&sidney=4",
        "https://example.org/?filter[code]=DE",
        "https://medium.example/@jane/a-story?x=@jane",
        "https://example.org/?q=jane@example.org",
        "mailto:jane@example.org",
        "https://example.org/sid/token_auth?token_auth",
        "https://example.org/%zz?%=1&=&a=%",
        "about:blank",
        "\ud800?\x00=\udfff",
    ],
)
def test_a_url_with_nothing_to_remove_is_not_touched(url: str) -> None:
    assert url == clean_url(url, REMOVED)


def test_names_to_remove_count_in_any_case() -> None:
    assert "https://example.org/" == clean_url("https://example.org/?session=1", frozenset({"SESSION"}))


def test_secrets_on_every_layer_go_and_their_neighbours_stay() -> None:
    url, kept = "", ""
    for layer in range(urls.DEPTH + 1):
        url = f"https://example.org/?sid=x&page={layer}&to={quote(url, safe='')}"
        kept = f"https://example.org/?page={layer}&to={quote(kept, safe='')}"

    assert kept == clean_url(url, REMOVED)


@pytest.mark.parametrize(
    ("url", "cleaned"),
    [
        ("https://example.org/a?to=://" + "jane@/" * 20, "https://example.org/a"),
        ("https://" + "jane@/" * 20 + "?a=1", ""),
    ],
)
def test_of_a_url_made_to_outlast_the_passes_only_what_is_safe_remains(url: str, cleaned: str) -> None:
    """Each login that is removed brings the next one to light."""
    assert cleaned == clean_url(url, REMOVED)


WHOLE_NAME = re.compile(rf"(?<![A-Za-z0-9_.\-])(?:{'|'.join(REMOVED)})(?:\[[^\[\]=&#?/]*\])?=", re.IGNORECASE | re.ASCII)


def _reveals(url: str) -> bool:
    """Whether unquoting up to three times shows `name=` for a removed name."""
    for _ in range(urls.DEPTH + 1):
        if WHOLE_NAME.search(url):
            return True
        url = unquote(url)
    return False


SCRAPS = st.sampled_from(
    [
        *("?", "&", "=", "#", ";", "/", "%", "[", "]", "[]", "@", ":", "+", " ", "\n", "x", "a=1", "é", "\ud800", "https://", "user:pw@"),
        *("sid", "SID", "token_auth", "to", "ken", "_auth", "code", "s%69d", "%73", "id", "25", "3D", "%5F", "%C3%A9"),
        *("%3F", "%3D", "%253D", "%26", "%2526", "%25", "%2525", "%40", "%2F%2F", "%5B", "%5D"),
    ]
)
HOSTILE = st.lists(SCRAPS, max_size=14).map("".join)


@given(
    st.one_of(HOSTILE, HOSTILE.map("https://example.org/?".__add__), st.text(), st.text(st.characters(codec=None, categories=["Cs", "Po"])))
)
@example("https://example.org/?]%2525token_auth%253D1")
@example("https://example.org/?SID[%253D%C3%A9]=1")
@example("=3D[token_auth[]=1")
def test_no_layer_of_any_text_reveals_a_removed_name(url: str) -> None:
    cleaned = clean_url(url, REMOVED)

    assert not _reveals(cleaned)
    assert cleaned == clean_url(cleaned, REMOVED)
    rest = iter(url)
    assert all(character in rest for character in cleaned), "only removed from, never changed"


SECRET = "s3cretValue"
NAME = st.sampled_from(sorted(REMOVED))
HARMLESS = st.tuples(st.sampled_from(["a", "page", "utm_source", "q"]), st.text("abcXYZ09 /?&=#%é", max_size=6))


@st.composite
def _wrapped(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A URL with a secret up to three URLs deep, and the harmless values of its outermost query, escaped."""
    url, kept = "https://example.net/", []
    for layer in range(draw(st.integers(1, 4))):
        kept = [f"{name}={quote(value, safe='')}" for name, value in draw(st.lists(HARMLESS, max_size=3))]
        pairs = [*kept, f"{draw(NAME)}={SECRET}" if layer == 0 else f"next={quote(url, safe='')}"]
        url = "https://example.org/?" + "&".join(draw(st.permutations(pairs)))
    return url, kept


@given(_wrapped())
def test_a_secret_is_found_three_urls_deep_and_its_neighbours_stay(wrapped: tuple[str, list[str]]) -> None:
    url, kept = wrapped
    harmless = [pair for pair in kept if not _reveals("?" + pair)]

    cleaned = clean_url(url, REMOVED)

    assert SECRET not in cleaned
    assert all(pair in cleaned for pair in harmless)


@pytest.mark.parametrize(
    "text", ["sid=1&", "%25", "https:", "a", ".", "://", "a@", "%2525252573id%253D", "[", "s%69d=%26", "sid[", "?", ";sid=1"]
)
def test_a_long_text_ends_soon(text: str) -> None:
    url = "https://example.org/?" + (text * 8_192)[:8_192]

    assert len(clean_url(url, REMOVED)) <= len(url)
    assert not _reveals(clean_url(url, REMOVED))


def test_a_page_has_its_campaign_and_no_click_id_in_its_url() -> None:
    page = read_page(
        "https://Shop.Example.org:8443/a%20b?utm_source=News%20Letter&utm_medium=email&utm_campaign=spring+sale&utm_term=red%20shoes"
        "&utm_content=top&utm_id=42&gclid=Cj0KCQ&id=7#part",
        REMOVED,
    )

    assert (
        Page(
            url="https://Shop.Example.org:8443/a%20b?utm_source=News%20Letter&utm_medium=email&utm_campaign=spring+sale&utm_term=red%20shoes"
            "&utm_content=top&utm_id=42&id=7#part",
            host="shop.example.org",
            path="/a%20b",
            campaign_source="News Letter",
            campaign_medium="email",
            campaign_name="spring sale",
            campaign_term="red shoes",
            campaign_content="top",
            campaign_id="42",
            click_id_name="gclid",
            click_id="Cj0KCQ",
        )
        == page
    )


@pytest.mark.parametrize(("name", "column"), CAMPAIGN_PARAMETERS.items())
@pytest.mark.parametrize("place", ["?", "#", "?x=1&", "#/route?", "#?"])
def test_every_campaign_parameter_is_read_from_query_and_fragment(name: str, column: str, place: str) -> None:
    page = read_page(f"https://example.org/{place}{name.upper()}=value", NOTHING)

    assert "value" == page._asdict()[column]
    assert 1 == sum(value is not None for value in page[3:])


@pytest.mark.parametrize("name", CLICK_IDS)
def test_every_click_id_is_kept_beside_the_url_and_not_in_it(name: str) -> None:
    page = read_page(f"https://example.org/?a=1&{name}=Abc-1&b=2", NOTHING)

    assert ("https://example.org/?a=1&b=2", name, "Abc-1") == (page.url, page.click_id_name, page.click_id)


@pytest.mark.parametrize("name", sorted(PERSONAL_PARAMETERS))
def test_what_names_a_recipient_is_nowhere(name: str) -> None:
    page = read_page(f"https://example.org/?{name}=jane-1&a=1#{name}=jane-1", NOTHING)

    assert Page("https://example.org/?a=1", "example.org", "/") == page


def test_the_trackers_own_parameters_go_before_googles_and_the_first_that_is_not_empty_counts() -> None:
    page = read_page("https://example.org/?mtm_campaign=own&utm_campaign=theirs&utm_source=&utm_source=a&utm_source=b", NOTHING)

    assert ("own", "a") == (page.campaign_name, page.campaign_source)


def test_a_secret_inside_a_campaign_value_is_not_carried_over() -> None:
    page = read_page("https://example.org/?utm_content=https%3A%2F%2Fx%2F%3Ftoken_auth%3Dabc%26b%3D1", REMOVED)

    assert "https://x/?b=1" == page.campaign_content


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("", None, None),
        ("   ", None, None),
        ("https://example.org", "example.org", "/"),
        ("https://EXAMPLE.org.:443?a=1", "example.org", "/"),
        ("//example.org/a", "example.org", "/a"),
        ("https://[2001:db8::1]:8443/a", "[2001:db8::1]", "/a"),
        ("https://münchen.example/a", "münchen.example", "/a"),
        ("android-app://com.google.android.gm/", "com.google.android.gm", "/"),
        ("/relative?a=1", None, "/relative"),
        ("about:blank", None, None),
        ("not a url", None, None),
        ("https:///a", None, "/a"),
    ],
)
def test_host_and_path_are_read_or_absent(url: str, host: str | None, path: str | None) -> None:
    page = read_page(url, NOTHING)

    assert (host, path) == (page.host, page.path)


REFERRERS = (
    ("https://www.google.com/", "search", "Google"),
    ("https://www.google.de/search?q=x", "search", "Google"),
    ("https://www.google.co.uk/", "search", "Google"),
    ("https://google.com.br/", "search", "Google"),
    ("https://www.google.cat/", "search", "Google"),
    ("https://images.google.fr/", "search", "Google Images"),
    ("https://news.google.com/", "search", "Google News"),
    ("android-app://com.google.android.googlequicksearchbox/", "search", "Google"),
    ("https://www.bing.com/", "search", "Bing"),
    ("https://cn.bing.com/", "search", "Bing"),
    ("https://duckduckgo.com/", "search", "DuckDuckGo"),
    ("https://r.search.yahoo.com/", "search", "Yahoo!"),
    ("https://search.yahoo.co.jp/", "search", "Yahoo!"),
    ("https://yandex.ru/", "search", "Yandex"),
    ("https://yandex.com.tr/", "search", "Yandex"),
    ("https://ya.ru/", "search", "Yandex"),
    ("https://www.baidu.com/", "search", "Baidu"),
    ("https://www.ecosia.org/", "search", "Ecosia"),
    ("https://www.qwant.com/", "search", "Qwant"),
    ("https://search.brave.com/", "search", "Brave Search"),
    ("https://www.startpage.com/", "search", "Startpage"),
    ("https://kagi.com/", "search", "Kagi"),
    ("https://search.naver.com/", "search", "Naver"),
    ("https://m.search.naver.com/", "search", "Naver"),
    ("https://search.seznam.cz/", "search", "Seznam"),
    ("https://l.facebook.com/", "social", "Facebook"),
    ("https://lm.facebook.com/l.php", "social", "Facebook"),
    ("https://www.instagram.com/", "social", "Instagram"),
    ("https://t.co/Ab12", "social", "X"),
    ("https://x.com/", "social", "X"),
    ("https://lnkd.in/abc", "social", "LinkedIn"),
    ("https://old.reddit.com/r/python/", "social", "Reddit"),
    ("https://out.reddit.com/", "social", "Reddit"),
    ("https://www.youtube.com/", "social", "YouTube"),
    ("https://www.pinterest.com.au/", "social", "Pinterest"),
    ("https://at.pinterest.com/", "social", "Pinterest"),
    ("https://www.tiktok.com/", "social", "TikTok"),
    ("https://l.threads.com/", "social", "Threads"),
    ("https://go.bsky.app/", "social", "Bluesky"),
    ("https://mastodon.social/", "social", "Mastodon"),
    ("https://away.vk.com/", "social", "VK"),
    ("https://web.whatsapp.com/", "social", "WhatsApp"),
    ("https://web.telegram.org/", "social", "Telegram"),
    ("https://news.ycombinator.com/", "social", "Hacker News"),
    ("android-app://com.slack/", "social", "Slack"),
    ("android-app://com.linkedin.android/", "social", "LinkedIn"),
    ("https://chatgpt.com/", "ai_assistant", "ChatGPT"),
    ("https://chat.openai.com/", "ai_assistant", "ChatGPT"),
    ("https://www.perplexity.ai/", "ai_assistant", "Perplexity"),
    ("https://claude.ai/", "ai_assistant", "Claude"),
    ("https://gemini.google.com/", "ai_assistant", "Gemini"),
    ("https://notebooklm.google.com/", "ai_assistant", "NotebookLM"),
    ("https://copilot.microsoft.com/", "ai_assistant", "Copilot"),
    ("https://edgeservices.bing.com/", "ai_assistant", "Copilot"),
    ("https://you.com/", "ai_assistant", "You.com"),
    ("https://poe.com/", "ai_assistant", "Poe"),
    ("https://chat.mistral.ai/", "ai_assistant", "Le Chat"),
    ("https://chat.deepseek.com/", "ai_assistant", "DeepSeek"),
    ("https://grok.com/", "ai_assistant", "Grok"),
    ("https://www.meta.ai/", "ai_assistant", "Meta AI"),
    ("https://yiyan.baidu.com/", "ai_assistant", "ERNIE"),
    ("https://mail.google.com/", "mail", "Gmail"),
    ("android-app://com.google.android.gm/", "mail", "Gmail"),
    ("https://outlook.live.com/", "mail", "Outlook"),
    ("https://outlook.office.com/", "mail", "Outlook"),
    ("https://us-mg5.mail.yahoo.com/", "mail", "Yahoo Mail"),
    ("https://mail.proton.me/", "mail", "Proton Mail"),
    ("https://navigator-bs.gmx.net/", "mail", "GMX"),
    ("https://navigator-lxa.web.de/", "mail", "WEB.DE"),
    ("https://suche.web.de/", "search", "WEB.DE Suche"),
    ("https://e.mail.ru/", "mail", "Mail.ru"),
    ("https://go.mail.ru/", "search", "Mail.ru"),
    ("https://mail.yandex.ru/", "mail", "Yandex Mail"),
    ("https://webmail.example.net/", "mail", "Webmail"),
    ("https://docs.google.com/", "website", None),
    ("https://notgoogle.com/", "website", None),
    ("https://google.com.example.net/", "website", None),
    ("https://thankyou.com/", "website", None),
    ("https://example.net/", "website", None),
    ("android-app://org.example.reader/", "website", None),
    ("", "direct", None),
    ("  ", "direct", None),
    ("https://www.example.org/other", "internal", None),
    ("https://shop.example.org/", "internal", None),
    ("https://github.com/example", "internal", None),
)


@pytest.mark.parametrize(("referrer", "source_class", "name"), REFERRERS)
def test_a_referrer_has_a_class_and_a_name(referrer: str, source_class: str, name: str | None) -> None:
    own_hosts = frozenset({"shop.example.org", "github.com"})

    source = classify_source(referrer, PLAIN_PAGE, own_hosts, REMOVED)

    assert (source_class, name) == source[:2]


@pytest.mark.parametrize(
    ("referrer", "keyword"),
    [
        ("https://www.google.de/search?q=red+shoes&hl=de", "red shoes"),
        ("https://www.google.com/", None),
        ("https://www.google.com/search?q=", None),
        ("https://www.baidu.com/s?wd=%E9%9E%8B", "鞋"),
        ("https://search.yahoo.com/search?p=shoes", "shoes"),
        ("https://yandex.ru/search/?text=%ff", "�"),
        ("https://l.facebook.com/?q=no", None),
    ],
)
def test_search_words_are_read_where_they_are_still_told(referrer: str, keyword: str | None) -> None:
    assert keyword == classify_source(referrer, PLAIN_PAGE, NOTHING, REMOVED).source_keyword


def test_a_referrer_keeps_neither_secrets_nor_click_ids() -> None:
    referrer = "https://jane:pw@example.net/a?b=1&token_auth=x&fbclid=y&mc_eid=z"

    source = classify_source(referrer, PLAIN_PAGE, NOTHING, REMOVED)

    assert Source("website", None, None, "https://example.net/a?b=1", "example.net") == source


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("utm_source=news&utm_medium=email", ("campaign", "news")),
        ("utm_campaign=spring", ("campaign", "spring")),
        ("utm_medium=cpc", ("campaign", None)),
        ("gclid=x", ("campaign", "Google Ads")),
        ("utm_source=chatgpt.com", ("ai_assistant", "ChatGPT")),
        ("utm_source=chatgpt.com&utm_medium=cpc", ("campaign", "chatgpt.com")),
        ("utm_source=google.com", ("campaign", "google.com")),
        ("utm_term=red", ("search", "Google")),
    ],
)
def test_a_marked_link_is_a_campaign_whatever_the_referrer(query: str, expected: tuple[str, str | None]) -> None:
    page = read_page("https://www.example.org/?" + query, NOTHING)

    source = classify_source("https://www.google.com/search?q=shoes", page, NOTHING, NOTHING)

    assert (*expected, "shoes", "www.google.com") == (*source[:3], source.referrer_host)


@given(st.one_of(HOSTILE, st.text(), st.sampled_from([row[0] for row in REFERRERS])), st.one_of(HOSTILE, st.text()))
def test_no_text_raises_and_nothing_comes_out_longer_than_it_went_in(referrer: str, url: str) -> None:
    page = read_page(url, REMOVED)
    source = classify_source(referrer, page, NOTHING, REMOVED)

    assert all(len(value) <= max(len(url), 10) for value in page if value is not None)
    assert source.source_class in {"campaign", "search", "social", "ai_assistant", "mail", "website", "direct", "internal"}
    assert len(source.referrer or "") <= len(referrer)
    assert not _reveals(source.referrer or "")
    assert not _reveals(page.url or "")


def test_every_known_host_is_found_by_itself_and_below_itself() -> None:
    for host, known in KNOWN_HOSTS.items():
        plain = host.removeprefix(".").replace("*", "de")
        assert known == sources._look_up(plain), host
        if host.startswith("."):
            assert known == sources._look_up("below." + plain), host


def test_every_click_id_has_a_network() -> None:
    assert CLICK_IDS == tuple(CLICK_ID_NETWORKS)
    assert all(name == name.lower() for name in (*CLICK_IDS, *CAMPAIGN_PARAMETERS, *PERSONAL_PARAMETERS))
    assert sources.IDENTIFIERS.isdisjoint(CAMPAIGN_PARAMETERS)
