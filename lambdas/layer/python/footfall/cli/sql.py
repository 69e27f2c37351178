"""`footfall sql`: ask the lake, in a folder with DuckDB or in AWS with Athena; the SQL is the same."""

import argparse
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

from footfall.aws.queries import AthenaQueries
from footfall.cli import sql_output
from footfall.cli.noun import DONE, FAILED, add_noun
from footfall.configuration import Configuration
from footfall.errors import RejectedError
from footfall.sql.answer import Answer
from footfall.sql.lake import ParquetLake, find_lake
from footfall.sql.queries import Query, queries
from footfall.sql.views import VIEWS

RUNS: Final = Path(".footfall")
"""Where `make demo` and `make up` leave their lakes."""

EXAMPLES = """
footfall sql --list                                    tables, views and documented queries
footfall sql --query pages                             run a documented query on the newest lake under .footfall/
footfall sql "SELECT action, count(*) FROM hits GROUP BY action"
footfall sql --lake /mnt/lake --csv --query sources    on a copy of the bucket, as CSV
footfall sql --athena --query mailings                 on AWS; shows what was scanned and what it cost
footfall sql --show sessions                           the SQL of a view or a query
footfall sql - < my.sql                                the statement from standard input
"""


def add_to(nouns: "argparse._SubParsersAction[Any]") -> None:
    """Add the noun to the command line."""
    codes = {DONE: "answered", FAILED: "could not be answered; one line says why"}
    noun = add_noun(nouns, "sql", summary="query the lake", examples=EXAMPLES, codes=codes, run=run)
    what = noun.add_mutually_exclusive_group(required=True)
    what.add_argument("sql", nargs="?", help="one SQL statement in Athena's words; - reads it from standard input")
    what.add_argument("--query", type=_query_named, metavar="NAME", help="run a documented query")
    what.add_argument("--list", action="store_true", help="list tables, views and documented queries")
    what.add_argument("--show", type=_definition_of, metavar="NAME", help="print the SQL of a view or a documented query")
    noun.add_argument("--today", type=_day, metavar="YYYY-MM-DD", help="run a documented query as it would have run on this day")
    where = noun.add_mutually_exclusive_group()
    where.add_argument("--lake", type=Path, metavar="FOLDER", help="folder of Parquet files (default: the newest under .footfall/)")
    where.add_argument("--athena", action="store_true", help="run on AWS, with the credentials of the environment")
    noun.add_argument("--workgroup", help="Athena workgroup (default: name of ./footfall.toml, else footfall)")
    noun.add_argument("--database", help="Glue database (default: the workgroup's name, with _ for -)")
    noun.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="stop an Athena query after this long (default: 300)")
    how = noun.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print a JSON object: columns, rows, scanned_bytes, cost_usd")
    how.add_argument("--csv", action="store_true", help="print CSV with a header")


def run(chosen: argparse.Namespace) -> int:
    """Answer what was asked.

    Raises:
        FootfallError: as the engine does; ConfigurationError when footfall.toml is needed and wrong.
    """
    if chosen.list:
        sql_output.write_list(is_json=chosen.json)
    elif chosen.show:
        sys.stdout.write(chosen.show + "\n")
    else:
        statement = _statement(chosen)
        answer = _athena(chosen)(statement) if chosen.athena else _folder(chosen.lake)(statement)
        sql_output.write_answer(answer, form="json" if chosen.json else "csv" if chosen.csv else "table")
    return 0


def _query_named(name: str) -> Query:
    for query in queries():
        if query.name == name:
            return query
    raise argparse.ArgumentTypeError(f"no query is called {name!r}; footfall sql --list names them")


def _definition_of(name: str) -> str:
    for view in VIEWS:
        if view.name == name:
            return view.sql
    return _query_named(name).sql


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day, for example 2026-11-20") from wrong


def _statement(chosen: argparse.Namespace) -> str:
    if chosen.query:
        return str(chosen.query.sql_as_of(chosen.today) if chosen.today else chosen.query.sql)
    text = sys.stdin.read() if chosen.sql == "-" else chosen.sql
    if not text.strip():
        raise RejectedError("the SQL statement is empty")
    return str(text).strip().rstrip(";")


def _folder(chosen: Path | None) -> Callable[[str], Answer]:
    if chosen is None and not RUNS.is_dir():
        raise RejectedError(f"no {RUNS}/ here: name a folder with --lake, use --athena, or run make demo first")
    return ParquetLake(find_lake(chosen or RUNS)).run


def _athena(chosen: argparse.Namespace) -> Callable[[str], Answer]:
    workgroup = chosen.workgroup or _deployed_name()
    return AthenaQueries(
        workgroup=workgroup,
        database=chosen.database or workgroup.replace("-", "_"),
        timeout_s=chosen.timeout,
        observe=sql_output.show_waiting,
    ).run


def _deployed_name() -> str:
    file = Path("footfall.toml")
    return Configuration.load(file).name if file.is_file() else Configuration().name
