"""User agents: what they are, and that no text whatever confuses the two ways in which the rules can be read."""

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.hits import agents
from footfall.hits.agent_rules import DEVICE_TYPES, GENERAL, NAMED, RULES
from footfall.hits.agents import Agent, Classification, classify, describe, with_purpose

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
IPHONE_APP = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
WEB_VIEW = "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
LIKE_GECKO = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; {}) Chrome/140.0.0.0 Safari/537.36"

PEOPLE = {
    "Chrome on Windows": CHROME,
    "Edge": CHROME + " Edg/142.0.0.0",
    "Opera": CHROME + " OPR/124.0.0.0",
    "Vivaldi": CHROME + " Vivaldi/7.6.3797.63",
    "Chrome on Android": ANDROID,
    "Samsung Internet": ANDROID.replace("Chrome/", "SamsungBrowser/29.0 Chrome/"),
    "Safari on iPhone": IPHONE,
    "Safari on a Mac": MAC + " Version/18.6 Safari/605.1.15",
    "Firefox": "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Firefox on a tablet": "Mozilla/5.0 (Android 15; Tablet; rv:145.0) Gecko/145.0 Firefox/145.0",
    "DuckDuckGo's browser": MAC + " Version/18.6 Safari/605.1.15 Ddg/18.6",
    "DuckDuckGo's app": ANDROID + " DuckDuckGo/5",
    "a Cubot phone": ANDROID.replace("K)", "CUBOT X19)"),
    "a Cubot phone with a build": WEB_VIEW.replace("SM-S918B Build", "CUBOT_NOTE_S Build") + " Chrome/120.0.0.0 Mobile Safari/537.36",
    "a Cubot at the end": "Mozilla/5.0 (Linux; Android 11) Chrome/120.0 Mobile Safari/537.36 Cubot",
    "CamScanner's web view": WEB_VIEW + " Chrome/124.0.6367.123 Mobile Safari/537.36 CamScanner/4.8.5.2310271827",
    "a customer of Orange Botswana": IPHONE_APP + " [FBAN/FBIOS;FBAV/530.0.0.38.99;FBCR/OrangeBotswana;FBID/phone;FBLC/en_US]",
    "Facebook's browser": WEB_VIEW + " Chrome/142.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/530.0.0.60.81;]",
    "Instagram's browser": IPHONE_APP + " Instagram 401.0.0.30.109 (iPhone14,5; iOS 18_6_2; de_DE; de; scale=3.00; 1170x2532; 785361524)",
    "Pinterest's app": IPHONE_APP + " [Pinterest/iOS]",
    "LinkedIn's app": IPHONE_APP + " [LinkedInApp]/9.31.2538",
    "Snapchat's app": IPHONE_APP + " Snapchat/13.58.0.45 (like Safari/8621.3.11.10.3, panda)",
    "TikTok's app": IPHONE_APP + " musical_ly_41.9.0 BytedanceWebview/d8a21c6",
    "X's app": IPHONE_APP + " Twitter for iPhone/11.20",
    "WeChat's app": IPHONE_APP + " MicroMessenger/8.0.62(0x18003e2f) NetType/WIFI Language/de",
    "Google's app": IPHONE_APP.replace("Mobile", "GSA/388.0.811331708 Mobile") + " Safari/604.1",
    "Slack's desktop app": CHROME.replace("Safari", "Electron/38.2.2 Safari") + " Slack_SSB/4.46.101",
    "an Android app": "ExampleApp/1.4 (Linux; Android 15; Pixel 9) okhttp/4.12.0",
    "an iPhone app": "ExampleApp/214 CFNetwork/3826.600.41 Darwin/24.6.0",
    "Dalvik": "Dalvik/2.1.0 (Linux; U; Android 15; Pixel 9 Build/BP1A.250505.005)",
    "Outlook on Windows": (
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E; Microsoft Outlook 16.0.5134; ms-office; "
        "MSOffice 16)"
    ),
    "Outlook, by itself": "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.18925; Pro)",
    "Outlook on a Mac": "MacOutlook/16.103.25110922 (Intelx64 Mac OS X Version 15.7 (Build 24G222))",
    "Outlook on an iPhone": "Outlook-iOS/2.0",
    "Outlook on Android": "Outlook-Android/2.0",
    "Thunderbird": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.4.0",
    "eM Client": "emclient/10.3.2619.0",
    "Apple Mail on a Mac": MAC,
    "Apple Mail on an iPhone": IPHONE_APP,
    "a television": "Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) 94.0.4606.31/7.0 TV Safari/537.36",
    "a PlayStation": "Mozilla/5.0 (PlayStation; PlayStation 5/9.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",
    "an old phone": "Nokia6300/2.0 (07.21) Profile/MIDP-2.0 Configuration/CLDC-1.1",
    "Internet Explorer": "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Konqueror": "Mozilla/5.0 (compatible; Konqueror/4.14; Linux) KHTML/4.14.10 (like Gecko)",
}

GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_AHEAD = CHROME.replace("142.0.0.0", "42.0.2311.135") + " Edge/12.246 Mozilla/5.0"

MAIL = (
    (GMAIL, "email_proxy", "Gmail image proxy", "proxy"),
    ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "email_proxy", "Yahoo Mail proxy", "proxy"),
    ("YahooCacheSystem; YahooWebServiceClient", "email_proxy", "Yahoo Mail proxy", "proxy"),
    ("Mozilla/5.0 SeznamEmailProxy/2.0.174", "email_proxy", "Seznam Email proxy", "proxy"),
    ("RamblerMail/6.0 (incompatible; ImageProxy/6.0)", "email_proxy", "Rambler Mail proxy", "proxy"),
    (CHROME + " (via secureurl.fwdcdn.com - mail.ukr.net proxy)", "email_proxy", "UKR.NET Mail proxy", "proxy"),
    ("FastmailUA/1.0", "email_proxy", "Fastmail image proxy", "proxy"),
    ("Mozilla/5.0", "prefetch", "Apple Mail Privacy Protection", "prefetch"),
    (" Mozilla/5.0\n", "prefetch", "Apple Mail Privacy Protection", "prefetch"),
    (GMAIL_AHEAD, "prefetch", "Gmail prefetch", "prefetch"),
    ("Chrome Privacy Preserving Prefetch Proxy", "prefetch", "Chrome private prefetch proxy", None),
    ("Microsoft Office Existence Discovery", "prefetch", "Microsoft Office link discovery", None),
    ("Barracuda Sentinel (EE)", "scanner", "Barracuda", None),
    ("Mozilla/5.0 (compatible; ProofPoint URL Defense)", "scanner", "Proofpoint", None),
    ("Mimecast Link Protection", "scanner", "Mimecast", None),
    ("BitDefender link scanner 1.0", "scanner", "Bitdefender", None),
    ("Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)", "scanner", "Censys", None),
    ("Mozilla/5.0 zgrab/0.x", "scanner", "ZGrab", None),
    ("${jndi:ldap://198.51.100.7/a}", "scanner", "Attack probe", None),
    ("Wheregoes.com Redirect Checker/1.0", "scanner", None, None),
)

BOTS = (
    (LIKE_GECKO.format("GPTBot/1.3; +https://openai.com/gptbot"), "ai_training", "GPTBot"),
    (LIKE_GECKO.format("ClaudeBot/1.0; +claudebot@anthropic.com"), "ai_training", "ClaudeBot"),
    ("anthropic-ai", "ai_training", "anthropic-ai"),
    ("meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)", "ai_training", "meta-externalagent"),
    ("CCBot/2.0 (https://commoncrawl.org/faq/)", "ai_training", "CCBot"),
    ("Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com) AppleWebKit/537.36", "ai_training", "Bytespider"),
    (LIKE_GECKO.format("Amazonbot/0.1; +https://developer.amazon.com/support/amazonbot"), "ai_training", "Amazonbot"),
    (MAC + " Version/17.4 Safari/605.1.15 (Applebot-Extended/0.1)", "ai_training", "Applebot-Extended"),
    ("GoogleOther", "ai_training", "GoogleOther"),
    ("Mozilla/5.0 (compatible; ImagesiftBot; +imagesift.com)", "ai_training", "ImagesiftBot"),
    ("Mozilla/5.0 (compatible; Diffbot/3.0; +http://www.diffbot.com)", "ai_training", "Diffbot"),
    (LIKE_GECKO.format("OAI-SearchBot/1.3; +https://openai.com/searchbot"), "ai_search", "OAI-SearchBot"),
    (LIKE_GECKO.format("PerplexityBot/1.0; +https://perplexity.ai/perplexitybot"), "ai_search", "PerplexityBot"),
    (LIKE_GECKO.format("Claude-SearchBot/1.0; +searchbot@anthropic.com"), "ai_search", "Claude-SearchBot"),
    ("Mozilla/5.0 (compatible; YouBot/1.0; +https://about.you.com/youbot/)", "ai_search", "YouBot"),
    (LIKE_GECKO.format("ChatGPT-User/1.0; +https://openai.com/bot"), "ai_assistant", "ChatGPT-User"),
    (LIKE_GECKO.format("Claude-User/1.0; +Claude-User@anthropic.com"), "ai_assistant", "Claude-User"),
    (LIKE_GECKO.format("Perplexity-User/1.0; +https://perplexity.ai/perplexity-user"), "ai_assistant", "Perplexity-User"),
    (LIKE_GECKO.format("MistralAI-User/1.0; +https://docs.mistral.ai/robots"), "ai_assistant", "MistralAI-User"),
    ("DuckAssistBot/1.2; (+http://duckduckgo.com/duckassistbot.html)", "ai_assistant", "DuckAssistBot"),
    ("meta-externalfetcher/1.1", "ai_assistant", "meta-externalfetcher"),
    ("cohere-ai", "ai_assistant", "cohere-ai"),
    (LIKE_GECKO.format("Google-Agent"), "ai_assistant", "Google-Agent"),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "search", "Googlebot"),
    (ANDROID + " (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "search", "Googlebot"),
    ("Googlebot-Image/1.0", "search", "Googlebot"),
    ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "search", "bingbot"),
    ("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", "search", "YandexBot"),
    ("Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)", "search", "YandexBot"),
    ("Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)", "search", "Baiduspider"),
    ("DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)", "search", "DuckDuckBot"),
    (MAC + " Version/17.4 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)", "search", "Applebot"),
    ("Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)", "search", "Sogou"),
    ("Mozilla/5.0 (compatible; SeznamBot/4.0; +https://o-seznam.cz/napoveda/vyhledavani/en/seznambot-crawler/)", "search", "SeznamBot"),
    (ANDROID + " (compatible;PetalBot;+https://webmaster.petalsearch.com/site/petalbot)", "search", "PetalBot"),
    ("Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)", "search", "Yahoo! Slurp"),
    ("AdsBot-Google (+http://www.google.com/adsbot.html)", "seo", "AdsBot-Google"),
    ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "seo", "AhrefsBot"),
    ("Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)", "seo", "SemrushBot"),
    ("Screaming Frog SEO Spider/22.2", "seo", "Screaming Frog"),
    ("Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", "monitor", "Pingdom"),
    ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "monitor", "UptimeRobot"),
    (ANDROID + " Chrome-Lighthouse", "monitor", "Lighthouse"),
    ("ELB-HealthChecker/2.0", "monitor", "AWS health check"),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "social_preview", "facebookexternalhit"),
    (MAC + " facebookexternalhit/1.1 Facebot Twitterbot/1.0", "social_preview", "facebookexternalhit"),
    ("Twitterbot/1.0", "social_preview", "Twitterbot"),
    ("TelegramBot (like TwitterBot)", "social_preview", "TelegramBot"),
    ("LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", "social_preview", "LinkedInBot"),
    ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "social_preview", "Slackbot"),
    ("Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", "social_preview", "Discordbot"),
    ("WhatsApp/2.23.20.0", "social_preview", "WhatsApp"),
    ("Mozilla/5.0 (compatible; Pinterestbot/1.0; +http://www.pinterest.com/bot.html)", "social_preview", "Pinterestbot"),
    ("Mastodon/4.4.8 (http.rb/5.3.1; +https://social.example.org/)", "social_preview", "Mastodon"),
    ("Feedly/1.0 (+http://www.feedly.com/fetcher.html; 12 subscribers)", "feed", "Feedly"),
    ("FeedFetcher-Google; (+http://www.google.com/feedfetcher.html)", "feed", "FeedFetcher-Google"),
    ("Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)", "archive", "Internet Archive"),
    ("python-requests/2.32.5", "library", "python-requests"),
    ("Python/3.13 aiohttp/3.12.15", "library", "aiohttp"),
    ("curl/8.14.1", "library", "curl"),
    ("Wget/1.25.0", "library", "Wget"),
    ("Go-http-client/2.0", "library", "Go-http-client"),
    ("axios/1.12.2", "library", "axios"),
    ("okhttp/5.1.0", "library", "okhttp"),
    ("Java/21.0.8", "library", "Java"),
    ("libwww-perl/6.79", "library", "libwww-perl"),
    ("GuzzleHttp/7", "library", "GuzzleHttp"),
    ("node", "library", "Node.js"),
    (CHROME.replace("Chrome", "HeadlessChrome"), "library", "HeadlessChrome"),
    ("Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1", "library", "PhantomJS"),
    ("Scrapy/2.13.3 (+https://scrapy.org)", "library", "Scrapy"),
    ("Amazon CloudFront", "other", "Amazon CloudFront"),
    ("", "library", None),
    ("-", "library", None),
    ("Hello World", "library", None),
    ("Mozilla/5.0 (compatible; ExampleBot/1.0)", "other", None),
    ("examplebot", "other", None),
    ("example-crawler 2", "other", None),
    ("Mozilla/5.0 (Example 1.0; +https://www.example.org/)", "other", None),
    ("Example 1.0 (postmaster@example.org)", "other", None),
)


@pytest.mark.parametrize("user_agent", PEOPLE.values(), ids=PEOPLE)
def test_a_browser_an_app_and_a_mail_client_are_people(user_agent: str) -> None:
    assert Classification("human", None, None, None, ()) == classify(user_agent)


@pytest.mark.parametrize(("user_agent", "agent_class", "name", "open_class"), MAIL)
def test_what_fetches_mail_or_checks_links_is_no_bot(user_agent: str, agent_class: str, name: str | None, open_class: str | None) -> None:
    judged = classify(user_agent)

    assert (agent_class, None, name, open_class) == judged[:4]


@pytest.mark.parametrize(("user_agent", "kind", "name"), BOTS)
def test_a_program_is_a_bot_of_its_kind(user_agent: str, kind: str, name: str | None) -> None:
    judged = classify(user_agent)

    assert ("bot", kind, name, None) == judged[:4]


def test_the_evidence_names_the_rule_and_not_the_user_agent() -> None:
    assert ("user_agent:GPTBot",) == classify("GPTBot/1.3 for jane").evidence
    assert ("user_agent:bot",) == classify("janes-private-bot/1").evidence


@pytest.mark.parametrize("purpose", ["prefetch", "prefetch;prerender", "Prefetch; anonymous-client-ip", "preview", "prerender"])
def test_what_a_browser_fetches_ahead_is_a_prefetch(purpose: str) -> None:
    judged = with_purpose(classify(CHROME), purpose)

    assert Classification("prefetch", None, None, "prefetch", ("purpose:prefetch",)) == judged


def test_a_mail_proxy_that_says_it_prefetches_keeps_its_name() -> None:
    judged = with_purpose(classify(GMAIL), "prefetch")

    assert ("prefetch", "Gmail image proxy", "prefetch") == (judged.agent_class, judged.agent_name, judged.open_class)
    assert ("user_agent:Gmail image proxy", "purpose:prefetch") == judged.evidence


@pytest.mark.parametrize("purpose", ["", "navigate", "prefetching", "not-prefetch"])
def test_any_other_purpose_changes_nothing(purpose: str) -> None:
    assert classify(CHROME) == with_purpose(classify(CHROME), purpose)


@pytest.mark.parametrize("user_agent", ["Googlebot/2.1", "Mimecast Link Protection"])
def test_a_bot_stays_a_bot_and_a_scanner_a_scanner(user_agent: str) -> None:
    assert classify(user_agent) == with_purpose(classify(user_agent), "prefetch")


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (CHROME, Agent("Chrome", "142", "Windows", "10", None, "desktop")),
        (IPHONE, Agent("Mobile Safari", "18", "iOS", "18", "iPhone", "smartphone")),
        (ANDROID, Agent("Chrome Mobile", "142", "Android", "10", "K", "smartphone")),
        (PEOPLE["Firefox"], Agent("Firefox", "145", "Ubuntu", None, None, "desktop")),
        (PEOPLE["Firefox on a tablet"], Agent("Firefox Mobile", "145", "Android", "15", "Generic Tablet", "tablet")),
        (PEOPLE["Thunderbird"], Agent("Thunderbird", "140", "Linux", None, None, "desktop")),
        ("", Agent(None, None, None, None, None, None)),
    ],
)
def test_an_agent_is_described_with_major_versions(user_agent: str, expected: Agent) -> None:
    assert expected == describe(user_agent)


@pytest.mark.parametrize(
    ("user_agent", "device_type"),
    [
        ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1", "tablet"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X906B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "tablet"),
        (
            "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/140.1 like Chrome/140.0 Safari/537.36",
            "tablet",
        ),
        ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Tablet PC 2.0)", "desktop"),
        (PEOPLE["a television"], "tv"),
        (
            "Mozilla/5.0 (Linux; Android 9; AFTSSS Build/PS7285) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0 Mobile Safari/537.36",
            "tv",
        ),
        (PEOPLE["a PlayStation"], "console"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edge/44.18",
            "console",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; Quest 3) AppleWebKit/537.36 (KHTML, like Gecko) OculusBrowser/38.0 Chrome/136.0 VR Safari/537.36",
            "other",
        ),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "desktop"),
        (PEOPLE["Outlook on an iPhone"], "smartphone"),
        (PEOPLE["Dalvik"], "smartphone"),
        (PEOPLE["Internet Explorer"], "desktop"),
        (ANDROID + " (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", None),
    ],
)
def test_the_device_type_is_told_from_the_agent(user_agent: str, device_type: str | None) -> None:
    assert device_type == describe(user_agent).device_type


def test_a_program_has_no_device() -> None:
    assert None is describe("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)").device


def test_rules_have_a_kind_for_bots_only() -> None:
    kinds = {
        "search",
        "ai_training",
        "ai_search",
        "ai_assistant",
        "seo",
        "monitor",
        "social_preview",
        "feed",
        "library",
        "archive",
        "other",
    }

    assert kinds == {rule.kind for rule in RULES if rule.agent_class == "bot"}
    assert {None} == {rule.kind for rule in RULES if rule.agent_class != "bot"}
    assert {"bot", "email_proxy", "prefetch", "scanner"} == {rule.agent_class for rule in RULES}
    assert {"email_proxy", "prefetch"} == {rule.agent_class for rule in RULES if rule.open_class}


def test_device_types_are_the_documented_ones() -> None:
    assert {"desktop", "smartphone", "tablet", "tv", "console", "other"} == {device_type for _, device_type in DEVICE_TYPES}


PLAIN = [(rule, word) for rule in NAMED if re.fullmatch(r"[a-z0-9 !/_-]+", word := rule.pattern.split("|")[0].replace(r"\.", "."))]


@pytest.mark.parametrize(("rule", "word"), PLAIN, ids=[word for _, word in PLAIN])
def test_no_row_stands_in_the_shadow_of_another(rule, word: str) -> None:
    judged = classify(f"Mozilla/5.0 (compatible; {word}1.0)")

    assert (rule.agent_class, rule.kind, rule.name) == judged[:3]


def test_general_rules_name_nobody() -> None:
    assert {None} == {classify(word).agent_name for word in ("some-crawler", "some-spider", "headless thing 1", "url preview 1", "")}
    assert [] == [rule.name for rule in GENERAL if rule.open_class]


WORDS = [word for rule in RULES for word in re.split(r"[^a-z0-9/ .-]+", rule.pattern) if word]
TEXT_LIKE_AN_AGENT = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.sampled_from(
            ["Mozilla/5.0", "(compatible; ", ")", " ", "; ", "Cubot", "CUBOT", "u", "c", "bot", "BOT", "s", "/1.0", "-", "+", "@", "\n"]
        ),
        st.sampled_from(list(PEOPLE.values())),
        st.text(max_size=3),
    ),
    max_size=8,
).map("".join)
PYTHON_RULES = [re.compile(rule.pattern.encode()) for rule in RULES]
PYTHON_DEVICES = [re.compile(pattern.encode()) for pattern, _ in DEVICE_TYPES]


@given(TEXT_LIKE_AN_AGENT)
def test_one_pass_over_all_rules_agrees_with_reading_the_table_row_by_row(user_agent: str) -> None:
    folded = agents._folded(user_agent)
    matching = [row for row, pattern in enumerate(PYTHON_RULES) if pattern.search(folded)]
    devices = [row for row, pattern in enumerate(PYTHON_DEVICES) if pattern.search(folded)]

    assert matching == sorted(agents._judge()[0](folded) or [])
    assert devices == sorted(agents._device_rows()(folded) or [])
    expected = agents._judge()[1][matching[0]] if matching else Classification("human", None, None, None, ())
    assert expected == classify(user_agent)


ANYTHING = st.one_of(st.text(st.characters()), st.text(st.characters(codec=None, categories=["Cs", "Cc", "Lu"])), TEXT_LIKE_AN_AGENT)
NAMES = {rule.name for rule in RULES}


@given(ANYTHING, st.text(max_size=30))
def test_no_text_raises_or_comes_out_long(user_agent: str, purpose: str) -> None:
    judged = with_purpose(classify(user_agent), purpose)

    assert set(judged.evidence) <= {f"user_agent:{name}" for name in NAMES} | {"purpose:prefetch"}
    assert all(len(value) <= agents.MAX_NAME_CHARACTERS for value in describe(user_agent) if value is not None)


@pytest.mark.parametrize("piece", ["a", "Android ", "x;", "(((", "Build/", "\ud800", "1", " ", "HbbTV/1.", "\x00", "SM-"])
def test_a_very_long_agent_is_read_in_part(piece: str) -> None:
    long = (piece * 20_000)[:20_000]

    assert describe(long[: agents.MAX_AGENT_CHARACTERS]) == describe(long)
    assert classify(long[: agents.MAX_AGENT_CHARACTERS]) == classify(long)


def test_a_device_rule_that_captures_only_blanks_leaves_the_rest_of_the_description() -> None:
    """ua-parser raises ValueError then."""

    rules = SimpleNamespace(Match=lambda _: [0])

    def nothing(text: str) -> None:
        raise ValueError(text)

    assert None is agents._first(rules, [nothing], "Mozilla/5.0")


def test_importing_the_sources_does_not_load_the_agent_rules() -> None:
    code = "import sys, footfall.hits.sources; print('ua_parser' in sys.modules, 're2' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)})

    assert "False False" == done.stdout.strip()
