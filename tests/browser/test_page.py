"""The example page and its tracker in a real browser, in front of the local edge: what is sent arrives, what must not is not."""

import functools
import json
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote

import pytest

from footfall.configuration import PIXEL_PATHS
from tests.edge_client import Stream, an_edge

pytestmark = pytest.mark.browser

OBJECTING = "Object.defineProperty(Navigator.prototype, '{name}', {{get: () => {value}}});"
GPC = OBJECTING.format(name="globalPrivacyControl", value="true")
DNT = OBJECTING.format(name="doNotTrack", value="'1'")


@pytest.fixture
def stream():
    return Stream()


@pytest.fixture
def edge(stream):
    with an_edge(stream) as edge:
        yield edge


@pytest.fixture
def site(tmp_path):
    """A site owner's own page, on an origin of its own; `site(html)` is its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    def publish(html):
        (tmp_path / "index.html").write_text(f"<!doctype html><title>Shop</title><link rel=icon href=data:,>{html}")
        return f"http://127.0.0.1:{server.server_address[1]}/index.html"

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield publish
    server.shutdown()
    thread.join()
    server.server_close()


def query_of(line):
    """The parameters of a log line, as the browser meant them."""
    return {name: value for name, (value, *_) in parse_qs(unquote(line["cs-uri-query"])).items()}


def path_of(line):
    return line["cs-uri-stem"].partition("?")[0]


def hit(stream, name, value):
    """The line of the hit that has a parameter, as soon as it is there."""
    return stream.line_where(lambda line: query_of(line).get(name) == value)


def hits_of(opened):
    return [request for request in opened.requests if any(f"{path}?" in request for path in PIXEL_PATHS)]


def test_opening_the_page_sends_the_plain_pixel_and_a_page_view(edge, stream, open_page):
    opened = open_page(edge.url)
    pixel, view = hit(stream, "userid", "aws_user"), hit(stream, "action_name", "Footfall: this page is being counted")

    assert ("/1x1.png", "GET", "200") == (path_of(pixel), pixel["cs-method"], pixel["sc-status"])
    assert {"userid": "aws_user", "thirdpartyname": "example.hightrafficwebsite.com"} == query_of(pixel)
    assert ("/matomo.php", "POST", "204") == (path_of(view), view["cs-method"], view["sc-status"])
    assert {"rec": "1", "apiv": "1", "url": f"{edge.url}/", "send_image": "0"}.items() <= query_of(view).items()
    assert "%0AContent-Length:0%0A" in view["cs-headers"]
    assert [] == opened.problems


def test_a_click_sends_an_event_of_the_same_page_view(edge, stream, open_page):
    opened = open_page(edge.url)
    opened.page.click("#send-event")
    event, view = hit(stream, "e_c", "demo"), hit(stream, "action_name", "Footfall: this page is being counted")

    assert {"e_c": "demo", "e_a": "press", "e_n": "Send an event", "e_v": "1"}.items() <= query_of(event).items()
    assert query_of(view)["pv_id"] == query_of(event)["pv_id"]
    assert [] == opened.problems


def test_the_page_shows_each_hit_it_sent(edge, open_page):
    page = open_page(edge.url).page
    page.focus("#send-event")
    page.keyboard.press("Enter")

    assert ["Event", "Page view", "Plain pixel"] == page.locator("#sent strong").all_inner_texts()
    assert "Send an event" in page.locator("#sent li").first.inner_text()


def test_a_download_and_an_outlink_are_followed(edge, stream, open_page):
    opened = open_page(edge.url)
    with opened.page.expect_download() as download:
        opened.page.click("#download")
    opened.page.evaluate("""() => {
        document.body.insertAdjacentHTML('beforeend', '<a id="out" href="https://www.example.org/a?b=c">out</a>');
        document.getElementById('out').addEventListener('click', (click) => click.preventDefault());
    }""")
    opened.page.click("#out")

    assert "footfall.js" == download.value.suggested_filename
    assert f"{edge.url}/footfall.js" == query_of(hit(stream, "download", f"{edge.url}/footfall.js"))["download"]
    assert "204" == hit(stream, "link", "https://www.example.org/a?b=c")["sc-status"]


def test_with_global_privacy_control_the_tracker_is_silent_and_the_plain_pixel_carries_the_signal(edge, stream, open_page):
    opened = open_page(edge.url, script=GPC, extra_http_headers={"Sec-GPC": "1"})
    opened.page.click("#send-event")
    pixel = hit(stream, "userid", "aws_user")

    assert [f"GET {edge.url}/1x1.png?userid=aws_user&thirdpartyname=example.hightrafficwebsite.com"] == hits_of(opened)
    assert "sec-gpc:1%0a" in pixel["cs-headers"].lower()
    assert "Global Privacy Control" in opened.page.locator("#signal").inner_text()
    assert [] == opened.problems


def test_with_do_not_track_the_tracker_is_silent_too(edge, open_page):
    opened = open_page(edge.url, script=DNT)
    opened.page.click("#send-event")

    assert ["/1x1.png"] == [request.partition(edge.url)[2].partition("?")[0] for request in hits_of(opened)]


def test_a_site_may_leave_the_decision_to_the_server(edge, stream, open_page, site):
    address = site(f'<script src="{edge.url}/footfall.js" data-site="7" data-signals="send" defer></script>')

    open_page(address, script=GPC)

    assert "7" == query_of(hit(stream, "url", address))["idsite"]


def test_another_site_s_hits_arrive_and_its_console_stays_empty(edge, stream, open_page, site):
    """The page is on another origin, so every beacon and every answer crosses one."""
    address = site(f'<script src="{edge.url}/footfall.js" data-site="7" defer></script><img src="{edge.url}/1x1.gif?idsite=7" alt="">')

    opened = open_page(f"{address}?utm_source=news#section")
    opened.page.evaluate("footfall.event('basket', 'add')")
    view, event, pixel = hit(stream, "action_name", "Shop"), hit(stream, "e_c", "basket"), hit(stream, "idsite", "7")

    assert [f"{address}?utm_source=news"] * 2 == [query_of(line)["url"] for line in (view, event)]
    assert {"7"} == {query_of(line)["idsite"] for line in (view, event, pixel)}
    assert [] == opened.problems


@pytest.mark.parametrize(("body", "status"), [("", 204), ("a=b", 501)])
def test_what_matomo_js_asks_with_credentials_can_be_read_by_it(edge, open_page, site, body, status):
    """Its XMLHttpRequest has withCredentials on; if the browser hid the answer, matomo.js would send the hit again."""
    page = open_page(site("")).page
    request = {"method": "POST", "credentials": "include", "body": body, "headers": {"Content-Type": "application/x-www-form-urlencoded"}}

    answered = page.evaluate(f"fetch('{edge.url}/matomo.php?send_image=0', {json.dumps(request)}).then((answer) => answer.status)")

    assert status == answered


def test_a_preflight_lets_a_json_beacon_through_to_its_refusal(edge, stream, open_page, site):
    opened = open_page(site(""))

    opened.page.evaluate(f"navigator.sendBeacon('{edge.url}/matomo.php?bulk', new Blob(['{{}}'], {{type: 'application/json'}}))")
    answers = [stream.line_where(lambda line, method=method: line["cs-method"] == method)["sc-status"] for method in ("OPTIONS", "POST")]

    assert ["204", "501"] == answers


def test_long_values_are_cut_until_cloudfront_logs_the_hit(edge, stream, open_page):
    page = open_page(edge.url).page
    page.evaluate("footfall.event('long', 'é😀'.repeat(9000), 'x'.repeat(3000) + '\\ud800', 5)")
    line = hit(stream, "e_c", "long")
    event = query_of(line)

    assert 7000 < len(unquote(line["cs-uri-stem"])) <= 7500
    assert "é😀" * 50 == event["e_a"][:100]
    assert "\ufffd" not in event["e_a"]
    assert "x" * 1000 == event["e_n"][:1000]
    assert ("5", f"{edge.url}/") == (event["e_v"], event["url"])


def test_the_tracker_keeps_nothing_in_the_browser(edge, stream, open_page):
    page = open_page(edge.url).page
    hit(stream, "rec", "1")

    assert ["", 0, 0] == page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]")
    assert [] == page.evaluate("indexedDB.databases()")
    assert [] == page.context.cookies()


def test_every_snippet_has_this_edge_s_address(edge, open_page):
    snippets = open_page(edge.url).page.locator("[data-snippet]").all_inner_texts()

    assert 5 == len(snippets)
    assert all(f"{edge.url}/" in snippet for snippet in snippets)


def test_the_page_fits_a_narrow_phone_in_the_dark(edge, open_page):
    opened = open_page(edge.url, viewport={"width": 360, "height": 740}, color_scheme="dark", is_mobile=True)
    opened.page.click("#send-event")

    width, colour = opened.page.evaluate("[document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]")

    assert (360, "rgb(18, 22, 21)") == (width, colour)
    assert [] == opened.problems
