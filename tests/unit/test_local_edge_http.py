"""The local edge at the limits of HTTP: what it refuses as CloudFront does, and that no bytes stop it."""

import http.client
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.edge_client import Stream, an_edge, ask, ask_raw, asked_raw


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


def test_a_url_of_8192_bytes_is_logged_and_a_longer_one_is_refused_and_not():
    stream, longest = Stream(), "/1x1.gif?a=".ljust(8192, "x")
    with an_edge(stream) as edge:
        taken, refused = ask(edge, target=longest), ask(edge, target=longest + "x")

    assert (200, 413) == (taken.status, refused.status)
    assert [longest] == [line["cs-uri-stem"] for line in stream.read()]


@pytest.mark.parametrize("count", [25, 100])
def test_headers_of_more_than_20_kilobytes_are_refused_and_not_logged(count):
    stream = Stream()
    with an_edge(stream) as edge:
        refused = ask(edge, headers={f"x-{number}": "y" * 1000 for number in range(count)})

    assert (413, []) == (refused.status, stream.lines)


def test_a_refused_request_is_seen_as_refused_and_nowhere_else():
    stream = Stream()
    with an_edge(stream) as edge:
        refused = ask(edge, target="/1x1.gif?" + "x" * 9000)

    assert [(refused.id, "refused")] == stream.hops


def test_a_connection_is_kept_for_the_next_request_and_bodies_are_thrown_away(edge, stream):
    with closing(http.client.HTTPConnection(edge.url.removeprefix("http://"), timeout=10)) as connection:
        for number, body in enumerate([b"thrown away", [b"in ", b"chunks"], b""]):
            connection.request("POST", f"/matomo.php?kept={number}", body=body)
            connection.getresponse().read()

    lines = [stream.line_where(lambda line, number=number: line["cs-uri-query"] == f"kept={number}") for number in range(3)]
    assert ["501", "501", "200"] == [line["sc-status"] for line in lines]
    assert 1 == len({line["c-port"] for line in lines})


def test_a_large_body_is_announced_with_expect_and_thrown_away(edge):
    head = b"POST /matomo.php HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n"

    answer = ask_raw(edge, head + b"x" * 100_000)

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 501 Not Implemented\r\n")


def test_after_a_body_without_measure_the_connection_is_closed(edge):
    head = b"POST /matomo.php HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n"

    assert "close" == asked_raw(edge, head).headers["connection"]


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET /1x1.gif\r\n\r\n",
        b"GET /1x1.gif HTTP/1.1\r\n\r\n",
        b"GET /1x1.gif HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET 1x1.gif HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /1x1.gif HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /1x1.gif HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"GET /1x1.gif HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
        b"GET /1x1\x01.gif HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /1x1.gif HTTP/1.1\r\nHost: a\r\n",
        b"POST /1x1.gif HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /1x1.gif HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /1x1.gif HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /1x1.gif HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"\xff\xfe\x00\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_the_next_request_is_answered(edge, stream, request_):
    refused = asked_raw(edge, request_)

    assert (400, "close") == (refused.status, refused.headers["connection"])
    assert "200" == stream.line_of(ask(edge))["sc-status"]
    assert refused.id not in [line["x-edge-request-id"] for line in stream.read()]


@given(st.binary(max_size=200))
def test_no_bytes_stop_the_edge(served, noise):
    edge, stream = served
    ask_raw(edge, noise)
    ask_raw(edge, b"GET /1x1.gif HTTP/1.1\r\nHost: a\r\nX: " + noise)
    ask_raw(edge, b"POST /1x1.gif HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + noise)

    assert "200" == stream.line_of(ask(edge))["sc-status"]


def test_bytes_that_are_no_text_are_logged_as_they_came(edge, stream):
    line = stream.line_of(asked_raw(edge, b"GET /1x1.gif?t=caf\xe9 HTTP/1.1\r\nHost: a\r\nUser-Agent: \xc3\xa9\xff\r\n\r\n"))

    assert ("t=caf%E9", "%C3%A9%FF") == (line["cs-uri-query"], line["cs-user-agent"])


def test_an_absolute_url_is_taken_by_its_path(edge, stream):
    line = stream.line_of(asked_raw(edge, b"GET http://a.example/1x1.gif?x HTTP/1.1\r\nHost: a.example\r\n\r\n"))

    assert ("200", "/1x1.gif?x") == (line["sc-status"], line["cs-uri-stem"])


def test_a_client_that_goes_away_is_logged_all_the_same(edge, stream):
    ask_raw(edge, b"GET /1x1.gif?gone HTTP/1.1\r\nHost: a\r\n\r\nGET /1x1.gif?again HTTP/1.1\r\nHost: a\r\n\r\n")

    assert ["gone", "again"] == [
        stream.line_where(lambda line, query=query: line["cs-uri-query"] == query)["cs-uri-query"] for query in ("gone", "again")
    ]
