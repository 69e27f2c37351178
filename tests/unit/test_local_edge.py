"""The local edge: what CloudFront answers, what it logs, and that a request can be followed by its id."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from footfall.configuration import PIXEL_PATHS
from footfall.hits.log_fields import DEFAULT, in_canonical_order
from tests.edge_client import WEBPAGE, Stream, an_edge, ask

GIF = (WEBPAGE / "1x1.gif").read_bytes()


@pytest.fixture(scope="module")
def served():
    stream = Stream()
    with an_edge(stream) as edge:
        yield edge, stream


@pytest.fixture
def edge(served):
    return served[0]


@pytest.fixture
def stream(served):
    return served[1]


@pytest.mark.parametrize("path", PIXEL_PATHS)
def test_a_pixel_request_is_answered_by_the_deployed_function_and_logged(edge, stream, path):
    asked = ask(edge, target=f"{path}?idsite=1&rec=1")
    line = stream.line_of(asked)

    assert (200, (WEBPAGE / "1x1.png").read_bytes() if path.endswith(".png") else GIF) == (asked.status, asked.body)
    assert "FunctionGeneratedResponse from cloudfront" == asked.headers["x-cache"]
    assert (f"{path}?idsite=1&rec=1", "idsite=1&rec=1") == (line["cs-uri-stem"], line["cs-uri-query"])
    assert ("200", "GET", path) == (line["sc-status"], line["cs-method"], line["cache-behavior-path-pattern"])


def test_the_line_says_who_asked_and_how(edge, stream):
    headers = {"User-Agent": "Test (1)", "Referer": "https://www.example.org/a b", "Sec-GPC": "1", "Cookie": "a=secret"}

    line = stream.line_of(ask(edge, target="/1x1.png", headers=headers))

    assert {
        "c-ip": "127.0.0.1",
        "c-ip-version": "IPv4",
        "cs-protocol": "https",
        "cs-host": edge.url.removeprefix("http://"),
        "cs-user-agent": "Test%20(1)",
        "cs-referer": "https://www.example.org/a%20b",
        "cs-uri-query": "-",
        "x-edge-result-type": "FunctionGeneratedResponse",
        "sc-content-type": "image/png",
        "sc-content-len": "68",
        "cs-header-names": "Host%0AAccept-Encoding%0AUser-Agent%0AReferer%0ASec-GPC%0ACookie%0A",
        "cs-headers-count": "6",
    }.items() <= line.items()
    assert line["cs-headers"].endswith("%0ASec-GPC:1%0A")
    assert float(line["timestamp"]) > 1_700_000_000


def test_a_line_has_the_deployed_fields_and_no_others():
    stream = Stream(in_canonical_order(DEFAULT))
    with an_edge(stream) as edge:
        asked = ask(edge)

    assert [asked.id] == [line["x-edge-request-id"] for line in stream.read()]


def test_a_query_is_logged_escaped_again_or_as_received():
    stream = Stream(["cs-uri-query"])
    for percent in ("escaped_again", "as_received"):
        with an_edge(stream, percent=percent) as edge:
            ask(edge, target="/1x1.gif?a=b%20c")

    assert [b"a=b%2520c\n", b"a=b%20c\n"] == stream.lines


def test_the_result_type_that_aws_does_not_document_can_be_another():
    stream = Stream(["x-edge-result-type"])
    with an_edge(stream, result_type="Miss") as edge:
        ask(edge)

    assert [b"Miss\n"] == stream.lines


def test_a_beacon_of_matomo_js_is_answered_and_logged(edge, stream):
    headers = {"Origin": "https://www.example.org", "Content-Length": "0"}

    asked = ask(edge, "POST", "/matomo.php?idsite=1&rec=1&send_image=0", headers)
    line = stream.line_of(asked)

    assert (204, b"") == (asked.status, asked.body)
    assert "https://www.example.org" == asked.headers["access-control-allow-origin"]
    assert "true" == asked.headers["access-control-allow-credentials"]
    assert ("POST", "204") == (line["cs-method"], line["sc-status"])


@pytest.mark.parametrize("body", [b"idsite=1&rec=1", [b"idsite=1", b"&rec=1"]], ids=["with a length", "in chunks"])
def test_a_post_with_a_body_is_answered_501_and_logged(edge, stream, body):
    asked = ask(edge, "POST", "/matomo.php", body=body)

    assert (501, "501") == (asked.status, stream.line_of(asked)["sc-status"])


def test_a_head_gets_the_headers_alone(edge, stream):
    asked = ask(edge, "HEAD", "/1x1.gif")

    assert (200, "image/gif", b"") == (asked.status, asked.headers["content-type"], asked.body)
    assert "HEAD" == stream.line_of(asked)["cs-method"]


def test_a_get_with_a_body_is_forbidden_as_at_cloudfront(edge, stream):
    asked = ask(edge, "GET", "/1x1.gif", body=b"x")
    line = stream.line_of(asked)

    assert (403, "403", "Error") == (asked.status, line["sc-status"], line["x-edge-result-type"])


def test_every_answer_of_every_kind_has_an_id_of_its_own(edge):
    targets = ["/", "/nothing", "/1x1.png", "/1x1.gif?" + "x" * 9000, "/1x1.png"]

    ids = [ask(edge, target=target).id for target in targets]

    assert len(targets) == len(set(ids))
    assert all(len(request_id) == 56 and request_id.endswith("==") for request_id in ids)


def test_a_request_is_seen_at_the_edge_and_then_in_the_stream(edge, stream):
    assert ["edge", "stream"] == stream.hops_of(ask(edge), until="stream")


def test_a_stream_that_fails_costs_the_line_and_not_the_pixel():
    stream, errors = Stream(), [OSError("throttled")]

    def put_line(line):
        if errors:
            raise errors.pop()
        stream.put(line)

    with an_edge(stream, put_line=put_line) as edge:
        first, second = ask(edge), ask(edge)

    assert [(200, GIF)] * 2 == [(asked.status, asked.body) for asked in (first, second)]
    assert [second.id] == [line["x-edge-request-id"] for line in stream.read()]
    assert ["edge"] == stream.hops_of(first, until="edge")


def test_stopping_delivers_the_lines_that_are_still_to_come():
    stream, may_go = Stream(), Event()

    def put_line(line):
        may_go.wait(10)
        stream.put(line)

    with an_edge(stream, put_line=put_line) as edge:
        asked = [ask(edge) for _ in range(2)]
        may_go.set()

    assert [one.id for one in asked] == [line["x-edge-request-id"] for line in stream.read()]


def test_a_hundred_clients_at_once_each_get_their_pixel_and_their_line(edge, stream):
    with ThreadPoolExecutor(100) as pool:
        asked = list(pool.map(lambda number: ask(edge, target=f"/1x1.gif?n={number}"), range(100)))

    assert [200] * 100 == [one.status for one in asked]
    assert [f"n={number}" for number in range(100)] == [stream.line_of(one)["cs-uri-query"] for one in asked]


def test_the_edge_listens_on_loopback_only(edge):
    assert edge.url.startswith("http://127.0.0.1:")
