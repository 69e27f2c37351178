"""The Athena adapter: against moto's API, and against a fake of the same contract for what moto never does (failing, being slow)."""

from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto.athena.models import QueryResults, athena_backends

from footfall.aws.queries import MIN_BILLED_BYTES, USD_PER_TB, AthenaQueries, cost_usd
from footfall.errors import RejectedError, UnavailableError
from footfall.sql.answer import Answer
from local.aws import LocalAws

COLUMNS = (("site", "varchar"), ("hits", "bigint"), ("share", "double"), ("is_good", "boolean"), ("at", "timestamp"))
TEXTS = (("main", "3", "0.5", "true", "2026-11-18 11:06:40.397"), (None, None, None, None, None), ("", "-1", "1.0E-4", "false", "x"))
TYPED = (("main", 3, 0.5, True, "2026-11-18 11:06:40.397"), (None, None, None, None, None), ("", -1, 0.0001, False, "x"))


def as_athena(*rows: tuple[str | None, ...]) -> list[dict[str, Any]]:
    return [{"Data": [{} if text is None else {"VarCharValue": text} for text in row]} for row in rows]


def column_info(columns: tuple[tuple[str, str], ...] = COLUMNS) -> list[dict[str, str]]:
    return [{"Name": name, "Type": type_} for name, type_ in columns]


class FakeAthena:
    """boto3's Athena client: passes through `states`, then answers `pages` of rows; remembers what was asked."""

    def __init__(
        self, *states: str, pages: Any = (), columns: Any = COLUMNS, scanned: int = 0, reason: str = "", error: Any = None
    ) -> None:
        self.states = list(states or ("QUEUED", "RUNNING", "SUCCEEDED"))
        self.pages, self.columns, self.scanned, self.reason, self.error = pages, columns, scanned, reason, error
        self.started: list[dict[str, Any]] = []
        self.stopped: list[str] = []

    def start_query_execution(self, **asked: Any) -> dict[str, str]:
        if self.error is not None:
            raise self.error
        self.started.append(asked)
        return {"QueryExecutionId": "execution-1"}

    def get_query_execution(self, *, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        status = {"State": state} | ({"StateChangeReason": self.reason} if self.reason else {})
        return {
            "QueryExecution": {"QueryExecutionId": QueryExecutionId, "Status": status, "Statistics": {"DataScannedInBytes": self.scanned}}
        }

    def stop_query_execution(self, *, QueryExecutionId: str) -> None:  # noqa: N803 - boto3's name
        self.stopped.append(QueryExecutionId)

    def get_paginator(self, name: str) -> Any:
        assert name == "get_query_results"
        return self

    def paginate(self, *, QueryExecutionId: str) -> Any:  # noqa: N803 - boto3's name
        return ({"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": column_info(self.columns)}}} for rows in self.pages)


@pytest.fixture
def moto():
    """moto's Athena, which answers the rows it is given; a workgroup `footfall` exists."""
    with LocalAws() as aws:
        client = aws.client("athena")
        client.create_work_group(Name="footfall", Configuration={})
        backend = athena_backends[aws.account][aws.region]
        backend.query_results_queue.append(QueryResults(rows=as_athena(tuple(n for n, _ in COLUMNS), *TEXTS), column_info=column_info()))
        yield client


@pytest.fixture(params=["moto", "fake"])
def athena(request):
    """What both must do alike."""
    if request.param == "moto":
        return request.getfixturevalue("moto")
    return FakeAthena(pages=[as_athena(tuple(name for name, _ in COLUMNS), *TEXTS[:1]), as_athena(*TEXTS[1:])])


def run(client: Any, sql: str = "SELECT 1", **options: Any) -> Answer:
    pauses: list[float] = options.pop("pauses", [])
    return AthenaQueries(workgroup="footfall", database="footfall", client=client, pause=pauses.append, **options).run(sql)


def test_rows_come_back_with_the_types_athena_names_and_without_its_header_row(athena):
    answer = run(athena)

    assert (tuple(name for name, _ in COLUMNS), TYPED) == (answer.columns, answer.rows)
    assert (0, 0.0) == (answer.scanned_bytes, answer.cost_usd)


def test_the_workgroup_and_its_database_are_named_so_that_views_are_found(moto):
    run(moto, "SELECT * FROM sessions")

    (execution_id,) = moto.list_query_executions(WorkGroup="footfall")["QueryExecutionIds"]
    execution = moto.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
    assert "SELECT * FROM sessions" == execution["Query"]
    assert "footfall" == execution["QueryExecutionContext"]["Database"]


def test_what_was_scanned_and_its_price_come_with_the_rows():
    answer = run(FakeAthena(scanned=2 * 10**12, pages=[[]]))

    assert (2 * 10**12, pytest.approx(10.0, rel=1e-5)) == (answer.scanned_bytes, answer.cost_usd)


@pytest.mark.parametrize(
    ("scanned", "billed"), [(0, 0), (1, MIN_BILLED_BYTES), (MIN_BILLED_BYTES + 1, 11 * 1024**2), (50 * 1024**2, 50 * 1024**2)]
)
def test_whole_megabytes_are_billed_and_ten_at_least(scanned, billed):
    assert billed * USD_PER_TB / 10**12 == cost_usd(scanned)


def test_a_statement_without_a_header_row_keeps_its_first_row():
    """SHOW TABLES answers rows alone."""
    answer = run(FakeAthena(columns=(("tab_name", "string"),), pages=[as_athena(("hits",), ("sessions",))]))

    assert (("hits",), ("sessions",)) == answer.rows


def test_a_statement_that_answers_nothing_has_no_rows():
    assert Answer(columns=(), rows=(), scanned_bytes=0, cost_usd=0.0) == run(FakeAthena(columns=(), pages=[[]]))


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        (
            "FAILED",
            "SYNTAX_ERROR: line 1:8: Column 'x'\n cannot be resolved",
            "failed: SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved",
        ),
        ("CANCELLED", "Bytes scanned limit was exceeded", "cancelled: Bytes scanned limit was exceeded"),
        ("FAILED", "", "failed: no reason given"),
    ],
)
def test_a_query_that_ended_badly_says_why_in_one_line(state, reason, told):
    with pytest.raises(RejectedError) as refused:
        run(FakeAthena("QUEUED", state, reason=reason))

    assert f"Athena: {told}" == str(refused.value)


def test_a_query_that_takes_too_long_is_stopped_so_that_it_costs_no_more():
    endless, pauses, seen = FakeAthena("RUNNING"), [], []

    with pytest.raises(UnavailableError, match="no answer within 60 s; the query was stopped"):
        run(endless, timeout_s=60, pauses=pauses, observe=seen.append)

    assert ["execution-1"] == endless.stopped
    assert 60 <= sum(pauses) < 63 + 1
    assert pauses == sorted(pauses)
    assert len(seen) == len(pauses)


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (
            ClientError({"Error": {"Code": "InvalidRequestException", "Message": "mismatched input\n'SELEC'"}}, "StartQueryExecution"),
            RejectedError,
            "Athena: InvalidRequestException: mismatched input 'SELEC'",
        ),
        (
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}, "StartQueryExecution"),
            UnavailableError,
            "Athena: AccessDeniedException: not authorized",
        ),
        (
            EndpointConnectionError(endpoint_url="https://athena.example.org"),
            UnavailableError,
            'Athena: Could not connect to the endpoint URL: "https://athena.example.org"',
        ),
    ],
)
def test_errors_of_the_sdk_are_told_in_one_line(error, kind, told):
    with pytest.raises(kind) as raised:
        run(FakeAthena(error=error))

    assert told == str(raised.value)


def test_without_a_region_the_error_is_still_one_line(monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    with pytest.raises(UnavailableError, match=r"^Athena: You must specify a region\.$"):
        AthenaQueries(workgroup="footfall", database="footfall").run("SELECT 1")


def test_times_stay_the_text_athena_sends_which_sorts_and_parses():
    answer = run(FakeAthena(pages=[as_athena(tuple(name for name, _ in COLUMNS), TEXTS[0])]))

    assert datetime(2026, 11, 18, 11, 6, 40, 397000) == datetime.fromisoformat(answer.rows[0][4])  # noqa: DTZ001 - UTC, as everywhere in the lake
