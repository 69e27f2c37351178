"""Read the deployed Glue catalog back: tables against the schema, and each view's SQL out of the text that Athena keeps it in."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import sqlglot

from footfall.errors import StoppedError
from footfall.hits import schema
from footfall.sql.lake import ParquetLake
from footfall.sql.views import VIEWS
from local.rehearsal.cloud import Cloud

_VIEW: Final = re.compile(r"/\* Presto View: ([A-Za-z0-9+/=]+) \*/")


def tables(cloud: Cloud, database: str) -> Iterator[dict[str, Any]]:
    """All tables and views of a Glue database."""
    for page in cloud.client("glue").get_paginator("get_tables").paginate(DatabaseName=database):
        yield from page["TableList"]


def problems_with_tables(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """Compare the columns of the deployed tables with the schema, and the names of the views; empty when they are the same."""
    by_name = {table["Name"]: table for table in found}
    problems = []
    for name, columns in (("hits_raw", schema.HITS), ("rejects", schema.REJECTS), ("landing", schema.LANDING)):
        deployed = [(each["Name"], each["Type"]) for each in by_name.get(name, {}).get("StorageDescriptor", {}).get("Columns", ())]
        if deployed != [(column.name, column.type) for column in columns]:
            problems.append(f"table {name}: {len(deployed)} columns that are not the {len(columns)} of the schema")
    return problems + [f"view {view.name}: not deployed" for view in VIEWS if view.name not in by_name]


def views(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The SQL of every deployed view, by name, parsed as Athena's.

    Raises:
        StoppedError: one cannot be read.
    """
    return {table["Name"]: _view_sql(table) for table in found if table.get("TableType") == "VIRTUAL_VIEW"}


def run_views(folder: Path, sql: Mapping[str, str]) -> dict[str, int]:
    """Run the deployed SQL of each view on the Parquet read back; returns how many rows each has."""
    lake = ParquetLake(folder)
    try:
        return {name: len(lake.run(text).rows) for name, text in sorted(sql.items())}
    finally:
        lake.close()


def _view_sql(table: Mapping[str, Any]) -> str:
    name, written = table["Name"], _VIEW.fullmatch(table.get("ViewOriginalText", ""))
    if written is None:
        raise StoppedError(f"view {name}: not the text of a Presto view")
    try:
        sql = str(json.loads(base64.b64decode(written[1], validate=True))["originalSql"])
        sqlglot.parse_one(sql, read="athena")
    except (binascii.Error, ValueError, KeyError) as wrong:
        raise StoppedError(f"view {name}: its text cannot be read: {wrong!r}") from wrong
    except sqlglot.errors.ParseError as wrong:
        raise StoppedError(f"view {name}: not SQL of Athena: {' '.join(str(wrong).split())}") from wrong
    return sql
