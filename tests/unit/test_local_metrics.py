"""What functions count in their logs is summed as CloudWatch sums it, and schedules fall due as EventBridge Scheduler's do."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from footfall.functions import FUNCTIONS, RETIRE_SALTS, Function
from local.account import Entry, Sent
from local.findings import differences
from local.metrics import read_line, read_metrics
from local.runtime import FunctionCrashed, InvocationFailed
from local.schedule import Scheduler, Schedules, event

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def emf(dimensions: list[list[str]], metrics: list[str], **members: Any) -> bytes:
    directive = {"Namespace": "Footfall", "Dimensions": dimensions, "Metrics": [{"Name": name, "Unit": "Count"} for name in metrics]}
    return json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, **members}).encode()


def test_what_powertools_writes_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The library that the functions use, not a guess of its output."""
    for value in (2, 3):
        metrics = EphemeralMetrics(namespace="Footfall")
        metrics.add_metric(name="losses", unit=MetricUnit.Count, value=value)
        metrics.add_dimension(name="stage", value="transform")
        metrics.add_dimension(name="reason", value="no_room")
        metrics.flush_metrics()
    (tmp_path / "one.log").write_text("START\n" + capsys.readouterr().out, "utf-8")

    totals = read_metrics([tmp_path / "one.log", tmp_path / "not-there.log"])

    assert totals == {("losses", frozenset({("stage", "transform"), ("reason", "no_room")})): 5.0}


def test_metrics_of_several_logs_are_summed_by_name_and_dimensions(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(
        b"\n".join([emf([["site"]], ["hits"], site="main", hits=[1, 2]), emf([["site"]], ["hits"], site="b", hits=4)])
    )
    (tmp_path / "b.log").write_bytes(emf([["site"]], ["hits", "rows"], site="main", hits=8.5, rows=1))

    totals = read_metrics([tmp_path / "a.log", tmp_path / "b.log"])

    main, other = frozenset({("site", "main")}), frozenset({("site", "b")})
    assert totals == {("hits", main): 11.5, ("hits", other): 4.0, ("rows", main): 1.0}


def test_each_set_of_dimensions_is_a_metric_of_its_own() -> None:
    line = emf([["stage", "reason"], ["stage"], []], ["losses"], stage="edge", reason="x", losses=1)

    assert [names for (_, names), _ in read_line(line)] == [
        frozenset({("stage", "edge"), ("reason", "x")}),
        frozenset({("stage", "edge")}),
        frozenset(),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"plain text",
        b'{"level": "INFO", "message": "batch transformed"}',
        b'{"_aws": {"CloudWatchMetrics": [{"Dim',
        b'{"_aws": "text"}',
        b'["_aws"]',
        b'"\\"_aws\\""',
        b"\xff\xfe",
        emf([[]], ["hits"]),
        emf([[]], ["hits"], hits="many"),
        emf([[]], ["hits"], hits=True),
    ],
)
def test_a_line_that_is_no_metric_counts_nothing(line: bytes) -> None:
    assert list(read_line(line)) == []


def test_a_function_is_due_at_once_and_then_every_period() -> None:
    schedules = Schedules([RETIRE_SALTS], NOON)

    hours = [schedules.due(NOON + timedelta(minutes=minutes)) for minutes in (0, 1, 59, 60, 61, 120)]

    assert hours == [("retire_salts",), (), (), ("retire_salts",), (), ("retire_salts",)]


def test_a_machine_that_slept_makes_up_for_one_run_and_not_for_all() -> None:
    schedules = Schedules([RETIRE_SALTS], NOON)

    later = NOON + timedelta(hours=9, minutes=30)

    assert (schedules.due(later), schedules.due(later), schedules.until_next(later)) == (("retire_salts",), (), timedelta(minutes=30))


def test_only_functions_with_a_schedule_are_due() -> None:
    assert Schedules(FUNCTIONS, NOON).due(NOON) == tuple(function.name for function in FUNCTIONS if function.every)
    assert Schedules([], NOON).until_next(NOON) is None


def test_the_function_gets_the_schedulers_event() -> None:
    sent = event("retire_salts", NOON, region="eu-central-1", account="111122223333")

    assert len(sent.pop("id")) == 36
    assert sent == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "111122223333",
        "time": "2026-11-22T12:00:00Z",
        "region": "eu-central-1",
        "resources": ["arn:aws:scheduler:eu-central-1:111122223333:schedule/default/retire_salts"],
        "detail": "{}",
    }


def a_function(name: str) -> Function:
    return Function(
        name=name, purpose="", settings=RETIRE_SALTS.settings, memory_mb=128, timeout=timedelta(seconds=1), every=timedelta(hours=1)
    )


def test_a_function_that_fails_is_told_and_does_not_hold_back_the_next() -> None:
    def crash(event: object) -> None:
        raise FunctionCrashed("crashed")

    invoked: list[object] = []
    failures: list[tuple[str, InvocationFailed]] = []
    scheduler = Scheduler(
        Schedules([a_function("first"), a_function("second")], NOON),
        {"first": crash, "second": invoked.append},
        region="eu-central-1",
        account="111122223333",
        failed=lambda name, failure: failures.append((name, failure)),
        clock=lambda: NOON,
    )

    scheduler.run_due()

    assert ([name for name, _ in failures], len(invoked)) == (["first"], 1)


def test_the_thread_invokes_what_is_due_and_stops_when_told() -> None:
    invoked = threading.Event()
    scheduler = Scheduler(
        Schedules([a_function("only")], NOON),
        {"only": lambda event: invoked.set()},
        region="eu-central-1",
        account="111122223333",
        failed=lambda name, failure: None,
        clock=lambda: NOON,
    )

    with scheduler:
        assert invoked.wait(10)


def an_entry(outcome: str, reason: str = "", *, copies: int = 1) -> Entry:
    sent = Sent(kind="page view", request_id="r", status=200, sent_at=0.0)
    return Entry(sent=sent, outcome=outcome, reason=reason, last_hop="lake", copies=copies, rows=1, latency_s=1.0)


def test_the_demo_compares_each_metric_and_its_total_with_the_account() -> None:
    entries = [an_entry("row", copies=2), an_entry("reject", "unknown_site"), an_entry("suppressed", "gpc")]
    parts = {
        ("hits", frozenset({("site", "main")})): 2.0,
        ("rejects", frozenset({("reason", "unknown_site")})): 1.0,
        ("suppressed", frozenset({("reason", "gpc"), ("site", "main")})): 1.0,
    }
    none = frozenset[tuple[str, str]]()
    totals = {("hits", none): 2.0, ("rejects", none): 1.0, ("suppressed", none): 1.0, ("losses", none): 0.0}

    assert differences(entries, parts | totals) == []
    assert differences(entries, parts | totals | {("hits", none): 1.0}) == ["hits in all: metrics say 1, the account 2"]
    assert differences(entries, totals) == [
        "hits: metrics say 0, the account 2",
        "rejects unknown_site: metrics say 0, the account 1",
        "suppressed gpc: metrics say 0, the account 1",
    ]
