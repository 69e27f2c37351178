"""`make up` shows each request before and after, answers nobody but itself, and remembers what it was told to keep."""

import http.client
import json
from urllib.parse import quote

import pytest

from footfall.configuration import PAGE_CONTENT_SECURITY
from local.up.headers import content_security
from local.up.samples import SAMPLES
from local.up.server import FILES
from local.up.stand_ins import TOKEN
from local.visitors import FIREFOX, KINDS
from tests.up_client import an_up, columns_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    with an_up(tmp_path_factory.mktemp("up") / "kept") as up:
        yield up


def test_a_request_is_shown_as_line_and_row_with_what_is_dropped_struck_through(up):
    request_id = up.send("/1x1.png?userid=aws_user", **{"Accept-Language": "de-DE", "X-Secret": "hush"})
    detail = up.settled(request_id)
    line, row = columns_of(detail, "line"), columns_of(detail, "row")

    assert ("row", "[-127.0.0.1-]", "127.0.0.0") == (detail["outcome"], line["c-ip"], row["ip"])
    assert line["cs-user-agent"].startswith("[-Mozilla/5.0 (X11; Linux x86_64")
    assert "[-X-Secret: hush-]" in line["cs-headers"]
    assert "userid=aws_user" == line["cs-uri-query"]
    assert (request_id, "main", "Firefox", "pixel") == (row["event_id"], row["site"], row["browser"], row["action"])


PAGE_VIEW = "/matomo.php?idsite=1&rec=1&action_name=Boots&url=https://www.example.org/boots&_id=af344a398df83871"


def test_a_hit_is_shown_as_message_delivery_and_visit(up):
    detail = up.delivered(up.send(f"{PAGE_VIEW}&token_auth=nobodys-token", **{"Accept-Language": "de-DE"}))
    message, delivery, visit = (columns_of(detail, name) for name in ("message", "delivery", "visit"))

    assert ("packed", "none, it is alone in it", "127.0.0.0") == (message["layout"], message["beside it"], message["cip"])
    assert (FIREFOX, "Boots", "de-de") == (message["ua"], message["action_name"], message["lang"].lower())
    assert ("matomo", "delivered", "1 of 1") == (delivery["destination"], delivery["verdict"], delivery["position"])
    assert delivery["answer"].startswith('200 {"status":"success","tracked":1,')
    assert ("af344a398df83871", "pageview", "Boots") == (visit["visitor"], visit["action"], visit["title"])
    assert "example.org/boots" == visit["url"]
    assert ["queue", "destination"] == [hop["name"] for hop in detail["branch"]]


def test_neither_a_token_nor_an_address_is_shown_behind_the_line(up):
    detail = up.delivered(up.send(f"{PAGE_VIEW}&token_auth=nobodys-token"))
    shown = json.dumps(detail["sections"][1:])

    assert not any(secret in shown for secret in ("nobodys-token", TOKEN, "127.0.0.1"))
    assert '"token_auth": "********"' in detail["sections"][3]["raw"]


@pytest.mark.parametrize("sample", ["body", "gpc", "long"])
def test_what_is_no_hit_says_why_there_is_no_message_and_no_delivery(up, sample):
    detail = up.sample(sample)
    message, delivery, visit = detail["sections"][2:]

    assert message["empty"].startswith("There is none: ")
    assert {"There is none: there is no message."} == {delivery["empty"], visit["empty"]}
    assert [] == detail["branch"]


def test_what_the_destination_refuses_is_rejected_with_its_reason(up):
    detail = up.delivered(up.send(f"{PAGE_VIEW}&idgoal=99"))
    delivery = columns_of(detail, "delivery")

    assert ("rejected: a dead letter", "refused: counted as invalid") == (delivery["verdict"], delivery["reason"])
    assert "does not accept" in delivery["meaning"]
    assert '"invalid":1' in delivery["answer"]
    assert "There is none: the hit was not accepted." == detail["sections"][4]["empty"]


def test_a_bot_is_counted_and_not_stored(up):
    detail = up.delivered(up.sample("ai-bot")["id"])

    assert "keeps nothing of it, as of bots" in detail["sections"][4]["empty"]


def test_the_line_is_shown_as_cloudfront_writes_it_too(up):
    detail = up.settled(up.send("/1x1.png?note=a%20b"))

    assert "note=a%2520b" in detail["sections"][0]["raw"].split("\t")


def test_each_step_tells_its_time(up):
    detail = up.settled(up.send("/1x1.gif"))

    assert ["edge", "stream", "transform", "lake"] == [hop["name"] for hop in detail["hops"]]
    assert detail["took_ms"] == pytest.approx(sum(hop["took_ms"] or 0 for hop in detail["hops"]), abs=3)


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.sent_by == "server"], ids=lambda sample: sample.name)
def test_each_sample_of_this_machine_becomes_what_its_kind_promises(up, sample):
    kind = next(kind for kind in KINDS if kind.name == sample.kind)

    detail = up.sample(sample.name)

    assert kind.expected == detail["outcome"]
    assert [kind.reason] * (kind.expected in {"reject", "suppressed"}) == detail["reasons"]


def test_a_sample_from_this_machine_leaves_neither_its_address_nor_its_token_in_the_row(up):
    detail = up.sample("token")

    assert "198.51.100.0" == columns_of(detail, "row")["ip"]
    assert "demo-token-of-a-backend" not in json.dumps(detail["sections"][1])
    assert "[-token_auth=demo-token-of-a-backend-]" in columns_of(detail, "line")["cs-uri-query"]


def test_what_has_no_row_has_its_reason_and_what_to_do_about_it(up):
    suppressed, rejected, refused = up.sample("gpc"), up.sample("body"), up.sample("long")

    assert "only a count" in suppressed["sections"][1]["empty"]
    assert rejected["why"][0]["remedy"]
    assert "logs nothing" in refused["sections"][0]["empty"]
    assert ["Edge refused"] == [hop["label"] for hop in refused["hops"]]


def test_a_line_that_cannot_be_trusted_is_one_column(up):
    detail = up.sample("short-line")

    assert ["line"] == [column["name"] for column in detail["sections"][0]["columns"]]
    assert "Damaged line" == detail["asked"]


def test_the_totals_are_those_of_the_list(up):
    before = next(event["totals"] for name, event in up.events() if name == "hello")
    up.settled(up.send("/1x1.gif"))
    after = next(event["totals"] for name, event in up.events() if name == "hello")

    assert before["row"] + 1 == after["row"]
    assert 0 == after["waiting"]


def test_hostile_texts_reach_the_page_as_texts(up):
    hostile = '<img src=x onerror="alert(1)">'
    detail = up.settled(up.send(f"/1x1.gif?utm_source={quote(hostile)}", **{"User-Agent": f"Mozilla {hostile}"}))

    assert f"[-Mozilla {hostile}-]" == columns_of(detail, "line")["cs-user-agent"]


@pytest.mark.parametrize("path", ["/nothing", "/../up/run.py", "/up.css/..", "/requests/unknown", "/requests/%2e%2e"])
def test_there_is_nothing_but_its_files_and_requests(up, path):
    assert 404 == up.ask(path)[0]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1"])
def test_a_page_of_another_name_learns_nothing(up, host):
    """A name that is made to point at this machine (DNS rebinding) would let a foreign page read log lines."""
    assert 421 == up.ask("/events", Host=host)[0]


@pytest.mark.parametrize("origin", ["", "null", "https://evil.example"])
def test_no_foreign_page_sends_a_sample(up, origin):
    assert 403 == up.ask("/send/gpc", "POST", Origin=origin)[0]


def test_a_sample_is_sent_for_its_own_page_only_when_it_is_known(up):
    status, _, body = up.ask("/send/dnt", "POST", Origin=up.url)

    assert (200, "row") == (status, up.settled(json.loads(body)["id"])["outcome"])
    assert 404 == up.ask("/send/view", "POST", Origin=up.url)[0]


def test_its_policy_is_that_of_all_pages_with_the_edge_to_send_to(up):
    policy = up.ask("/")[1]["Content-Security-Policy"]

    assert content_security(up.edge_url) == policy
    assert PAGE_CONTENT_SECURITY == policy.replace(f" {up.edge_url}", "").replace("; require-trusted-types-for 'script'", "")


@pytest.mark.parametrize("path", FILES)
def test_its_files_need_nothing_from_elsewhere(up, path):
    status, headers, body = up.ask(path)
    text = body.decode().replace("http://www.w3.org/2000/svg", "")

    assert (200, "no-store", "nosniff") == (status, headers["Cache-Control"], headers["X-Content-Type-Options"])
    assert not any(foreign in text for foreign in ("http://", "https://", "@import", "style=", "onclick", "innerHTML"))


def test_a_page_that_comes_back_gets_what_it_missed(up):
    first = up.delivered(up.send("/1x1.gif?n=1"))
    hello = next(event for name, event in up.events() if name == "hello")
    second = up.settled(up.send("/1x1.gif?n=2"))
    connection = http.client.HTTPConnection("127.0.0.1", up.port, timeout=10)
    connection.request("GET", "/events", headers={"Host": f"localhost:{up.port}", "Last-Event-ID": f"{hello['epoch']}-{hello['newest']}"})
    answer = connection.getresponse()
    lines = [answer.readline().decode() for _ in range(9)]
    connection.close()
    missed = [request["id"] for line in lines if line.startswith("data: ") for request in json.loads(line[6:]).get("requests", ())]

    assert (True, False) == (second["id"] in missed, first["id"] in missed)
