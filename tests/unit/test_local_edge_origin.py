"""Behind the local edge: the files of the webpage, and another function than the deployed one."""

from pathlib import Path

import pytest

from local.edge_function import EdgeFunction
from tests.edge_client import WEBPAGE, Stream, an_edge, ask, asked_raw


@pytest.fixture(scope="module")
def edge():
    with an_edge(Stream()) as edge:
        yield edge


def a_function(folder: Path, body: str) -> EdgeFunction:
    file = folder / "function.js"
    file.write_text(f"function handler(event) {{ {body} }}")
    return EdgeFunction(file)


def test_the_webpage_is_served_with_security_headers_and_never_logged():
    stream = Stream()
    with an_edge(stream) as edge:
        asked = ask(edge, target="/")

    assert (200, (WEBPAGE / "index.html").read_bytes()) == (asked.status, asked.body)
    assert {"x-content-type-options": "nosniff", "x-frame-options": "DENY"}.items() <= asked.headers.items()
    assert "default-src 'none'" in asked.headers["content-security-policy"]
    assert ([], []) == (stream.lines, stream.hops)


@pytest.mark.parametrize(
    "target", ["/no-such-file", "/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fpyproject.toml", "/a%00b", "/" + "a" * 300, "/."]
)
def test_what_is_not_a_file_of_the_webpage_is_not_found(edge, target):
    assert 404 == ask(edge, target=target).status


def test_a_link_out_of_the_webpage_is_not_followed(tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "page" / "link.txt").symlink_to(tmp_path / "secret.txt")

    with an_edge(Stream(), webpage=tmp_path / "page") as edge:
        assert 404 == ask(edge, target="/link.txt").status


def test_the_webpage_takes_no_other_methods_than_get_and_head(edge):
    assert [200, 403, 403] == [ask(edge, method, "/").status for method in ("HEAD", "POST", "DELETE")]


def test_a_function_that_crashes_is_answered_503_and_logged_as_an_error(tmp_path):
    stream = Stream()
    with an_edge(stream, function=a_function(tmp_path, "throw new Error('no');")) as edge:
        asked = ask(edge)
        line = stream.line_of(asked)

    assert (503, "Error from cloudfront") == (asked.status, asked.headers["x-cache"])
    assert ("503", "Error") == (line["sc-status"], line["x-edge-result-type"])


def test_a_request_that_the_function_forwards_is_served_from_the_webpage(tmp_path):
    stream = Stream()
    with an_edge(stream, function=a_function(tmp_path, "event.request.uri = '/favicon.svg'; return event.request;")) as edge:
        asked = ask(edge)
        line = stream.line_of(asked)

    assert (WEBPAGE / "favicon.svg").read_bytes() == asked.body
    assert ("/1x1.gif", "Miss") == (line["cs-uri-stem"], line["x-edge-result-type"])


def test_the_function_gets_the_event_that_aws_documents(tmp_path):
    """Names in lower case, values of the query still encoded, several values as multiValue, cookies apart, inner headers hidden."""
    body = "delete event.context.requestId; delete event.request.headers.host; return {statusCode: 200, body: JSON.stringify(event)};"
    request = (
        b"GET /1x1.gif?a=%E5%AE%B6&a=2&b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        b"Accept: x\r\nAccept: y\r\nCookie: c=1; d=2\r\nX-Edge-A: no\r\n\r\n"
    )

    with an_edge(Stream(), function=a_function(tmp_path, body)) as edge:
        event = asked_raw(edge, request).body

    assert (
        b'{"version":"1.0","context":{"distributionDomainName":"d111111abcdef8.cloudfront.net","distributionId":"EDFDVBD6EXAMPLE",'
        b'"eventType":"viewer-request"},"viewer":{"ip":"127.0.0.1"},"request":{"method":"GET","uri":"/1x1.gif","querystring":'
        b'{"a":{"value":"%E5%AE%B6","multiValue":[{"value":"%E5%AE%B6"},{"value":"2"}]},"b":{"value":""}},"headers":'
        b'{"accept":{"value":"x","multiValue":[{"value":"x"},{"value":"y"}]}},"cookies":{"c":{"value":"1"},"d":{"value":"2"}}}}'
    ) == event
