"""A local function behaves as Lambda's do: with AWS's own runtime and with the small one of the demo alike."""

import json
import os
import signal
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from local.runtime import FunctionCrashed, FunctionError, FunctionTimedOut, InvocationFailed, LambdaFunction, PayloadTooLarge
from local.runtime_api import MAX_RESPONSE_BYTES

RUNTIMES = {"bootstrap": None, "awslambdaric": [sys.executable, "-m", "awslambdaric", "handler.handler"]}

Make = Callable[..., LambdaFunction]


@pytest.fixture(params=RUNTIMES)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Make a function from the source of its handler.py; it is closed after the test."""
    made: list[LambdaFunction] = []

    def function(source: str, *, timeout_s: float = 20, layer: str = "", **environment: str) -> LambdaFunction:
        for folder, module, text in ((tmp_path / "function", "handler", source), (tmp_path / "layer", "layered", layer)):
            folder.mkdir(exist_ok=True)
            (folder / f"{module}.py").write_text(textwrap.dedent(text), "utf-8")
        made.append(
            LambdaFunction(
                "greet",
                task_root=tmp_path / "function",
                python_path=[tmp_path / "layer"],
                environment=environment,
                timeout=timedelta(seconds=timeout_s),
                log=tmp_path / "logs" / "greet.log",
                command=RUNTIMES[request.param],
                memory_mb=256,
                account="111122223333",
            )
        )
        return made[-1]

    yield function
    for each in made:
        each.close()


def log_of(tmp_path: Path) -> str:
    return (tmp_path / "logs" / "greet.log").read_text("utf-8")


def test_a_handler_gets_the_event_and_its_answer_comes_back(make: Make) -> None:
    greet = make("def handler(event, context): return {'hello': event['name'], 'text': 'é€😀'}")

    answer = greet.invoke({"name": "wörld"})

    assert answer == {"hello": "wörld", "text": "é€😀"}


def test_one_process_serves_many_invocations_as_a_warm_function_does(make: Make) -> None:
    count = make("""
        calls = []
        def handler(event, context):
            calls.append(event)
            return len(calls)
    """)

    assert ([1, 2, 3], 1) == ([count.invoke(n) for n in "abc"], count.cold_starts)


def test_the_context_says_what_lambda_says(make: Make) -> None:
    tell = make("""
        def handler(event, context):
            names = ("function_name", "function_version", "memory_limit_in_mb", "invoked_function_arn", "log_group_name", "log_stream_name")
            remaining = context.get_remaining_time_in_millis()
            return {**{name: getattr(context, name) for name in names}, "id": context.aws_request_id, "remaining": remaining}
    """)

    said = tell.invoke(None)

    assert 10_000 < said.pop("remaining") <= 20_000
    assert len(said.pop("id")) == 36
    assert said == {
        "function_name": "greet",
        "function_version": "$LATEST",
        "memory_limit_in_mb": "256",
        "invoked_function_arn": "arn:aws:lambda:us-east-1:111122223333:function:greet",
        "log_group_name": "/aws/lambda/greet",
        "log_stream_name": "local",
    }


def test_the_process_sees_its_settings_and_what_lambda_sets_and_nothing_of_ours(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET_OF_THE_DEVELOPER", "x")
    tell = make("import os\ndef handler(event, context): return dict(os.environ)", SALT_TABLE="salts", AWS_REGION="eu-central-1")

    seen = tell.invoke(None)

    assert {"SALT_TABLE": "salts", "AWS_REGION": "eu-central-1", "TZ": ":UTC"}.items() <= seen.items()
    allowed = {"PATH", "LANG", "LC_CTYPE", "TZ", "PYTHONPATH", "LAMBDA_TASK_ROOT", "_HANDLER", "SALT_TABLE"}
    assert [name for name in seen if name not in allowed and not name.startswith(("AWS_", "_X_AMZN"))] == []


def test_the_function_comes_before_its_layers_and_the_glue_of_this_machine_is_not_importable(make: Make) -> None:
    tell = make(
        """
        import importlib.util, sys
        from layered import NAME
        def handler(event, context):
            order = [path for path in sys.path if path.endswith(("function", "layer"))]
            glue = [name for name in ("runtime_api", "firehose", "bootstrap") if importlib.util.find_spec(name)]
            return {"layer": NAME, "first": order[0].rpartition("/")[2], "glue": glue}
        """,
        layer="NAME = 'a layer'",
    )

    assert tell.invoke(None) == {"layer": "a layer", "first": "function", "glue": []}


def test_bytes_pass_as_they_are(make: Make) -> None:
    fast = make("""def handler(event, context): return b'{"made": "elsewhere"}'""")

    assert fast.invoke(None) == {"made": "elsewhere"}


def test_bytes_that_are_no_json_are_an_error_and_not_an_answer(make: Make) -> None:
    broken = make("def handler(event, context): return b'\\xff'")

    with pytest.raises(FunctionError) as failure:
        broken.invoke(None)

    assert failure.value.error_type == "Runtime.MarshalError"


def test_an_error_of_the_handler_is_told_without_what_it_was_given_and_the_process_lives_on(make: Make, tmp_path: Path) -> None:
    """Lambda reuses the environment of a handler that raised; the traceback belongs into the log, as in CloudWatch."""
    picky = make("""
        def handler(event, context):
            if event == "198.51.100.7": raise ValueError("cannot digest " + event)
            return "fine"
    """)

    with pytest.raises(FunctionError) as failure:
        picky.invoke("198.51.100.7")

    assert (failure.value.error_type, failure.value.message) == ("ValueError", "cannot digest 198.51.100.7")
    assert "198.51.100.7" not in str(failure.value)
    assert "Traceback" in log_of(tmp_path)
    assert (picky.invoke("bread"), picky.cold_starts) == ("fine", 1)


def test_a_handler_that_cannot_be_imported_fails_its_cold_start_each_time(make: Make) -> None:
    broken = make("import a_module_that_is_not_there")

    for _ in range(2):
        with pytest.raises(FunctionError) as failure:
            broken.invoke(None)

    assert (failure.value.error_type, broken.cold_starts) == ("Runtime.ImportModuleError", 2)


def test_a_missing_setting_fails_the_cold_start_with_its_own_error(make: Make) -> None:
    broken = make("import os\nSALTS = os.environ['SALT_TABLE']\ndef handler(event, context): return SALTS")

    with pytest.raises(FunctionError) as failure:
        broken.invoke(None)

    assert failure.value.error_type == "KeyError"


def test_a_function_that_needs_too_long_is_killed_and_the_next_invocation_is_a_cold_start(make: Make) -> None:
    slow = make(
        """
        import threading
        def handler(event, context):
            if event == "wait": threading.Event().wait()
            return "done"
        """,
        timeout_s=0.5,
    )

    with pytest.raises(FunctionTimedOut, match=r"greet: task timed out after 0\.50 seconds"):
        slow.invoke("wait")

    assert (slow.invoke("go"), slow.cold_starts) == ("done", 2)


def test_a_process_that_ends_is_a_crash_and_the_next_invocation_is_a_cold_start(make: Make) -> None:
    fragile = make("""
        import os, signal
        def handler(event, context):
            if event == "die": os.kill(os.getpid(), signal.SIGKILL)
            return "alive"
    """)

    with pytest.raises(FunctionCrashed, match=f"status {-signal.SIGKILL}"):
        fragile.invoke("die")

    assert (fragile.invoke("live"), fragile.cold_starts) == ("alive", 2)


def test_closing_ends_a_function_that_works_and_whoever_waits_for_it_learns_so(make: Make, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    slow = make("def handler(event, context): open(event, 'w').close(); import threading; threading.Event().wait()")
    caught: list[InvocationFailed] = []

    def invoke() -> None:
        try:
            slow.invoke(str(fifo))
        except InvocationFailed as failure:
            caught.append(failure)

    waiting = threading.Thread(target=invoke)
    waiting.start()
    fifo.read_text("utf-8")  # the handler is at work

    slow.close()

    waiting.join(timeout=10)
    assert [type(failure) for failure in caught] == [FunctionCrashed]


def test_an_answer_of_exactly_the_limit_passes_and_one_byte_more_does_not(make: Make) -> None:
    long = make("def handler(event, context): return 'x' * event")

    assert len(long.invoke(MAX_RESPONSE_BYTES - 2)) == MAX_RESPONSE_BYTES - 2
    with pytest.raises(PayloadTooLarge, match="6,291,557 bytes"):
        long.invoke(MAX_RESPONSE_BYTES - 1)


def test_an_event_over_six_megabytes_is_refused_before_the_function_sees_it(make: Make) -> None:
    unused = make("def handler(event, context): return event")

    with pytest.raises(PayloadTooLarge, match="6,291,457 bytes"):
        unused.invoke("x" * (6_291_456 - 1))

    assert unused.cold_starts == 0


def test_every_thread_gets_the_answer_to_its_own_event(make: Make) -> None:
    """One execution environment serves one invocation at a time."""
    echo = make("def handler(event, context): return event")
    answers: list[tuple[int, int]] = []
    threads = [threading.Thread(target=lambda n=n: answers.append((n, echo.invoke(n)))) for n in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [(n, n) for n in range(8)]


def test_what_the_function_prints_is_its_log(make: Make, tmp_path: Path) -> None:
    chatty = make("import sys\ndef handler(event, context): print('out', event); print('err', file=sys.stderr)")

    chatty.invoke(7)
    chatty.close()

    assert {"out 7", "err"} <= set(log_of(tmp_path).split("\n"))


def test_an_event_is_read_as_json_reads_it(make: Make) -> None:
    echo = make("def handler(event, context): return event")
    event = {"data": "aGk=", "n": 12345678901234567890, "f": 0.1, "none": None, "list": [True, {}], "text": "\u2028\x00\ud83d\ude00"}

    assert echo.invoke(event) == json.loads(json.dumps(event))
