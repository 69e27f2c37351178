"""The documented queries: each is a file of `queries/`, whose first line says which question it answers."""

from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Final

from footfall.sql.views import read_sql

TODAY: Final = "current_date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query people may run by name: `sql` runs as it is on Athena and on DuckDB."""

    name: str

    @property
    def sql(self) -> str:
        """The whole file, question included, as a comment."""
        return read_sql("queries", self.name)

    @property
    def question(self) -> str:
        """What it answers."""
        return self.sql.splitlines()[0].removeprefix("-- ")

    def sql_as_of(self, today: date) -> str:
        """The query as it would have run on another day.

        >>> print(Query(name="pages").sql_as_of(date(2026, 11, 20)).splitlines()[8])
        WHERE "date" >= DATE '2026-11-20' - INTERVAL '28' DAY
        """
        return self.sql.replace(TODAY, f"DATE '{today.isoformat()}'")


def queries() -> tuple[Query, ...]:
    """All documented queries, by name."""
    folder = files("footfall.sql").joinpath("queries")
    return tuple(
        Query(name=name.removesuffix(".sql")) for name in sorted(entry.name for entry in folder.iterdir()) if name.endswith(".sql")
    )
