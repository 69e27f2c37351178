"""The function that is deployed to CloudFront, run by Node with no more than CloudFront gives it."""

import base64
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.configuration import PIXEL_PATHS
from local.edge_function import FUNCTION, EdgeFunction, body_of, problems_with
from tests.edge_client import WEBPAGE, an_event

PNG, GIF = (WEBPAGE / "1x1.png").read_bytes(), (WEBPAGE / "1x1.gif").read_bytes()
EMPTY = {"content-length": {"value": "0"}}


@pytest.fixture(scope="module")
def function():
    with EdgeFunction() as function:
        yield function


@pytest.mark.parametrize("path", PIXEL_PATHS)
def test_a_get_is_answered_with_the_image_of_its_path(function, path):
    answer = function.answer(an_event(uri=path))

    expected = ("image/png", PNG) if path.endswith(".png") else ("image/gif", GIF)
    assert (200, *expected) == (answer["statusCode"], answer["headers"]["content-type"]["value"], body_of(answer))


def test_send_image_0_is_answered_without_a_body(function):
    answer = function.answer(an_event(query={"send_image": {"value": "0"}}))

    assert 204 == answer["statusCode"]
    assert "body" not in answer
    assert "content-type" not in answer["headers"]


@pytest.mark.parametrize("value", ["1", "", "00", "false", "%30"])
def test_any_other_send_image_is_answered_with_the_image(function, value):
    assert GIF == body_of(function.answer(an_event(query={"send_image": {"value": value}})))


def test_the_last_of_repeated_parameters_wins_as_in_matomo(function):
    repeated = {"value": "1", "multiValue": [{"value": "1"}, {"value": "0"}]}

    assert 204 == function.answer(an_event(query={"send_image": repeated}))["statusCode"]


def test_a_head_is_answered_with_the_headers_of_the_get_and_no_body(function):
    head, get = (function.answer(an_event(method, "/1x1.png")) for method in ("HEAD", "GET"))

    assert (200, get["headers"], b"") == (head["statusCode"], head["headers"], body_of(head))


def test_a_beacon_of_matomo_js_is_answered_as_a_get(function):
    """matomo.js sends POST, all parameters in the query, an empty form as the body."""
    asked = an_event("POST", query={"send_image": {"value": "0"}}, headers=EMPTY)
    unasked = an_event("POST", headers=EMPTY)

    assert 204 == function.answer(asked)["statusCode"]
    assert GIF == body_of(function.answer(unasked))


@pytest.mark.parametrize(
    "headers", [{}, {"content-length": {"value": "5"}}, {"content-length": {"value": "00"}}, {"transfer-encoding": {"value": "chunked"}}]
)
def test_a_post_that_may_have_a_body_is_refused_because_nothing_would_collect_it(function, headers):
    answer = function.answer(an_event("POST", query={"send_image": {"value": "0"}}, headers=headers))

    assert 501 == answer["statusCode"]
    assert b"query string" in body_of(answer)


def test_a_preflight_allows_what_the_pixel_takes(function):
    answer = function.answer(an_event("OPTIONS", headers={"origin": {"value": "https://www.example.org"}}))

    headers = {name: header["value"] for name, header in answer["headers"].items() if name.startswith("access-control-")}
    assert 204 == answer["statusCode"]
    assert {
        "access-control-allow-origin": "https://www.example.org",
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
        "access-control-allow-headers": "Content-Type",
        "access-control-max-age": "86400",
    } == headers


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_told_which_there_are(function, method):
    answer = function.answer(an_event(method))

    assert (405, "GET, HEAD, POST, OPTIONS") == (answer["statusCode"], answer["headers"]["allow"]["value"])


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("query", [{}, {"send_image": {"value": "0"}}])
def test_no_answer_is_ever_stored_or_sets_a_cookie_and_any_site_may_embed_it(function, method, query):
    answer = function.answer(an_event(method, query=query))
    headers = {name: header["value"] for name, header in answer["headers"].items()}

    assert {
        "cache-control": "no-store, no-cache, max-age=0",
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
        "timing-allow-origin": "*",
        "x-content-type-options": "nosniff",
        "vary": "Origin",
    }.items() <= headers.items()
    assert "set-cookie" not in headers
    assert "cookies" not in answer


@pytest.mark.parametrize(
    "origin", ["https://www.example.org", "http://localhost:8080", "null", "https://[2001:db8::1]:8443", "capacitor://localhost"]
)
def test_an_origin_is_allowed_by_name_and_with_credentials_because_beacons_always_have_them(function, origin):
    headers = function.answer(an_event("POST", headers={**EMPTY, "origin": {"value": origin}}))["headers"]

    assert (origin, "true") == (headers["access-control-allow-origin"]["value"], headers["access-control-allow-credentials"]["value"])


@pytest.mark.parametrize(
    "origin", ["", "https://a.example\r\nset-cookie: a=b", "javascript:alert(1)", "https://a b", "<x>", "https://" + "a" * 300, "nullx"]
)
def test_what_is_no_origin_is_not_sent_back(function, origin):
    headers = function.answer(an_event(headers={"origin": {"value": origin}}))["headers"]

    assert "*" == headers["access-control-allow-origin"]["value"]
    assert "access-control-allow-credentials" not in headers


@given(method=st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "PUT"]), name=st.text(max_size=8), data=st.data())
def test_nothing_but_the_origin_of_what_a_client_sends_comes_back(function, method, name, data):
    marked = {name: {"value": "marker" + data.draw(st.text(max_size=8))}}
    plain, answer = (
        function.answer(an_event(method, query=sent, cookies=sent, headers={f"x-{key}": value for key, value in sent.items()}))
        for sent in ({}, marked)
    )

    assert "marker" not in json.dumps(answer)
    assert plain == answer


def test_the_file_fits_cloudfronts_limit_and_its_language():
    """Runtime 2.0 is ES 5.1 with const, let, arrow functions and template strings, and 10 KB at most."""
    source = FUNCTION.read_text("utf-8")
    code = re.sub(r"//.*", "", source)
    missing = [
        r"\?\.",
        r"\?\?",
        r"\.\.\.",
        r"\bclass\b",
        r"\bof\b",
        r"\bimport\b",
        r"\brequire\b",
        r"(const|let|var) *[{\[]",
        r"\(\{[^}]*\}\) *=>",
        r"\bnew\b",
    ]

    assert len(source.encode()) < 10_240
    assert [] == [pattern for pattern in missing if re.search(pattern, code)]
    assert 1 == len(re.findall(r"function handler\(event\)", code))


def test_the_images_in_the_function_are_the_files_of_the_webpage():
    images = re.findall(r"^const (?:PNG|GIF) = '([^']+)'", FUNCTION.read_text("utf-8"), re.MULTILINE)

    assert [PNG, GIF] == [base64.b64decode(image) for image in images]


def test_the_answers_of_the_deployed_function_are_valid(function):
    answers = [function.answer(an_event(method, uri)) for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT") for uri in PIXEL_PATHS]

    assert [] == [problem for answer in answers for problem in problems_with(answer)]
