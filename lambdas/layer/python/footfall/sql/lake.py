"""Read a folder of Parquet as the lake: DuckDB with the same tables and views that Glue gives Athena."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from footfall.errors import RejectedError, StoppedError
from footfall.hits.schema import HITS_PREFIX, REJECTS_PREFIX
from footfall.sql.answer import Answer
from footfall.sql.dialects import DUCKDB_TYPES
from footfall.sql.tables import TABLES, Table
from footfall.sql.views import VIEWS


class ParquetLake:
    """The lake in a folder (`hits/site=…/date=…/*.parquet`, `rejects/date=…/*.parquet`); rows added later are seen by later queries.

    Raises:
        StoppedError: duckdb is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._duckdb = _import_duckdb()
        self._connection = self._duckdb.connect(config={"autoinstall_known_extensions": "false"})
        self._connection.execute("SET TimeZone = 'UTC'")
        for statement in definitions(folder):
            self._connection.execute(statement)

    def run(self, sql: str) -> Answer:
        """Run one statement.

        Raises:
            RejectedError: says in one line what DuckDB said.
        """
        try:
            result = self._connection.execute(sql)
            rows = tuple(result.fetchall())
        except self._duckdb.Error as wrong:
            raise RejectedError(_first_paragraph(str(wrong))) from wrong
        return Answer(columns=tuple(column[0] for column in result.description or ()), rows=rows)

    def close(self) -> None:
        """Close the database; the files stay as they are."""
        self._connection.close()


def definitions(folder: Path) -> Iterator[str]:
    """The statements that show DuckDB the lake in `folder`: each table as a view with its columns, rows or not, then the views."""
    for table in TABLES:
        yield f"CREATE VIEW {table.name} AS {_select(table, folder / table.prefix)}"
    for view in VIEWS:
        yield f"CREATE VIEW {view.name} AS {view.sql}"


def find_lake(folder: Path) -> Path:
    """The lake at or below `folder`; of several, the one with the newest rows.

    Raises:
        RejectedError: there is none.
    """
    lakes = {
        prefix.parent for name in (HITS_PREFIX, REJECTS_PREFIX) for prefix in (folder / name, *folder.rglob(name)) if _has_rows(prefix)
    }
    if not lakes:
        raise RejectedError(f"no rows in {folder}: expected {HITS_PREFIX}/site=…/date=…/*.parquet in it or below")
    return max(lakes, key=lambda lake: (_newest(lake), str(lake)))


def _has_rows(prefix: Path) -> bool:
    return any(prefix.glob("*=*/**/*.parquet"))


def _newest(lake: Path) -> int:
    return max(path.stat().st_mtime_ns for name in (HITS_PREFIX, REJECTS_PREFIX) for path in (lake / name).rglob("*.parquet"))


def _select(table: Table, folder: Path) -> str:
    """A SELECT of exactly the table's columns; those that the files lack, being older than the schema, are null."""
    columns = (*table.columns, *table.keys)
    empty = ", ".join(f'CAST(NULL AS {DUCKDB_TYPES[column.type]}) AS "{column.name}"' for column in columns)
    sources = f"SELECT {empty} WHERE false"
    if any(folder.rglob("*.parquet")):
        path = str(folder).replace("'", "''")
        types = ", ".join(f"'{key.name}': {DUCKDB_TYPES[key.type]}" for key in table.keys)
        options = f"hive_partitioning = true, hive_types = {{{types}}}, union_by_name = true"
        sources += f" UNION ALL BY NAME SELECT * FROM read_parquet('{path}/**/*.parquet', {options})"  # noqa: S608 - quotes are doubled
    names = ", ".join(f'"{column.name}"' for column in columns)
    return f"SELECT {names} FROM ({sources})"  # noqa: S608 - our own names, and the path above


def _import_duckdb() -> Any:
    """Import duckdb here and not at the top: who deploys or tracks needs none of it."""
    try:
        import duckdb  # noqa: PLC0415 - see above
    except ImportError as missing:
        raise StoppedError("SQL on a folder needs DuckDB: pip install footfall[sql]") from missing
    return duckdb


def _first_paragraph(text: str) -> str:
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())
