"""Athena adapter: start a query, wait for it, read its typed rows, and say what it scanned and cost."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

from footfall.aws.clients import make_client
from footfall.errors import RejectedError, StoppedError, UnavailableError
from footfall.sql.answer import Answer

USD_PER_TB: Final = 5.0
"""Athena's list price per 10^12 bytes scanned, in most regions (aws.amazon.com/athena/pricing)."""
MIN_BILLED_BYTES: Final = 10 * 1024**2
"""Athena bills whole megabytes, and ten at least."""

_MEGABYTE: Final = 1024**2
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 3.0
_CONVERT: Final[dict[str, Callable[[str], Any]]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
    **dict.fromkeys(("float", "real", "double"), float),
    "boolean": lambda text: text == "true",
}
"""By Athena's name of a type; every other value stays the text that Athena sends."""


class AthenaQueries:
    """Runs SQL in a workgroup, whose scan limit and result location apply; one query at a time.

    `observe` is called with the seconds waited so far each time the query is still running.
    """

    def __init__(
        self,
        *,
        workgroup: str,
        database: str,
        timeout_s: float = 300.0,
        client: Any = None,
        pause: Callable[[float], None] = time.sleep,
        observe: Callable[[float], None] = lambda _waited_s: None,
    ) -> None:
        self._workgroup = workgroup
        self._database = database
        self._timeout_s = timeout_s
        self._given = client
        self._pause = pause
        self._observe = observe

    @cached_property
    def _client(self) -> Any:
        return self._given or make_client("athena", timeout_s=20.0)

    def run(self, sql: str) -> Answer:
        """Run one statement and wait for all of its rows.

        Raises:
            RejectedError: Athena refused, failed or cancelled it (a scan limit cancels); says what Athena said.
            UnavailableError: Athena did not answer, or the query took longer than `timeout_s` and was stopped.
            StoppedError: boto3 is not installed.
        """
        execution_id = self._start(sql)
        execution = self._wait(execution_id)
        state, reason = execution["Status"]["State"], execution["Status"].get("StateChangeReason", "no reason given")
        if state != "SUCCEEDED":
            raise RejectedError(f"Athena: {state.lower()}: {' '.join(reason.split())}")
        scanned = int(execution.get("Statistics", {}).get("DataScannedInBytes", 0))
        columns, rows = self._results(execution_id)
        return Answer(columns=columns, rows=rows, scanned_bytes=scanned, cost_usd=cost_usd(scanned))

    def _start(self, sql: str) -> str:
        with _told():
            started = self._client.start_query_execution(
                QueryString=sql, WorkGroup=self._workgroup, QueryExecutionContext={"Catalog": "AwsDataCatalog", "Database": self._database}
            )
        return str(started["QueryExecutionId"])

    def _wait(self, execution_id: str) -> dict[str, Any]:
        """The execution once it has ended, asked for in growing intervals."""
        waited_s, pause_s = 0.0, _FIRST_PAUSE_S
        while True:
            with _told():
                execution: dict[str, Any] = self._client.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return execution
            if waited_s >= self._timeout_s:
                self._stop(execution_id)
            self._observe(waited_s)
            self._pause(pause_s)
            waited_s += pause_s
            pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)

    def _stop(self, execution_id: str) -> None:
        with _told():
            self._client.stop_query_execution(QueryExecutionId=execution_id)
        raise UnavailableError(f"Athena: no answer within {self._timeout_s:g} s; the query was stopped")

    def _results(self, execution_id: str) -> tuple[tuple[str, ...], tuple[tuple[Any, ...], ...]]:
        with _told():
            pages = list(self._client.get_paginator("get_query_results").paginate(QueryExecutionId=execution_id))
        metadata = pages[0]["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", [])
        names = tuple(column["Name"] for column in metadata)
        texts = (_texts(row) for page in pages for row in page["ResultSet"]["Rows"])
        types = [column["Type"] for column in metadata]
        return names, tuple(_typed(row, types) for row in _without_header(texts, names))


def cost_usd(scanned_bytes: int) -> float:
    """What Athena bills for a scan, at list price: whole megabytes, ten at least; nothing scanned costs nothing.

    >>> f"{cost_usd(1):.7f} {cost_usd(10**12):.2f} {cost_usd(0):.1f}"
    '0.0000524 5.00 0.0'
    """
    if not scanned_bytes:
        return 0.0
    billed = max(math.ceil(scanned_bytes / _MEGABYTE) * _MEGABYTE, MIN_BILLED_BYTES)
    return billed * USD_PER_TB / 10**12


@contextmanager
def _told() -> Iterator[None]:
    """Raise our errors for those of the SDK, in its own words: a person reads them, and they repeat nothing but the person's SQL."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - a folder is queried without an SDK
    except ImportError as missing:
        raise StoppedError("SQL on Athena needs boto3: pip install footfall[aws]") from missing
    try:
        yield
    except ClientError as refused:
        error = refused.response.get("Error", {})
        kind = RejectedError if error.get("Code") == "InvalidRequestException" else UnavailableError
        raise kind(f"Athena: {error.get('Code')}: {' '.join(error.get('Message', '').split())}") from refused
    except BotoCoreError as failed:
        raise UnavailableError(f"Athena: {' '.join(str(failed).split())}") from failed


def _texts(row: dict[str, Any]) -> tuple[str | None, ...]:
    return tuple(cell.get("VarCharValue") for cell in row.get("Data", ()))


def _without_header(rows: Iterator[tuple[str | None, ...]], names: tuple[str, ...]) -> Iterator[tuple[str | None, ...]]:
    """Leave out the first row when it names the columns, as that of a SELECT does and those of SHOW and DESCRIBE do not."""
    first = next(rows, None)
    if first is not None and first != names:
        yield first
    yield from rows


def _typed(row: tuple[str | None, ...], types: Sequence[str]) -> tuple[Any, ...]:
    return tuple(None if text is None else _CONVERT.get(type_, str)(text) for text, type_ in zip(row, types, strict=True))
