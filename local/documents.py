"""Write the documentation that is generated from code: reasons, data dictionary, SQL. `python -m local.documents`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from footfall.configuration import Configuration, Destination, Site, Sites
from footfall.hits import schema
from footfall.monitoring.rows import Row
from footfall.monitoring.table import rows
from footfall.reasons import REASONS
from footfall.sql.queries import queries
from footfall.sql.views import VIEWS, View

REPOSITORY: Final = Path(__file__).parents[1]
NOTICE: Final = "<!-- Generated from the code by `python -m local.documents`; a test holds that it is current. -->"


def reasons_page() -> str:
    """Every reason why a request is not a row."""
    rows = ((f"`{r.code}`", str(r.kind), str(r.stage), r.meaning, r.remedy) for r in REASONS.values())
    return _page(
        "Reasons",
        "Why a request is not a row in `hits`. A **reject** is a row in `rejects`; what is **suppressed** is counted and leaves\n"
        "nothing; a **loss** should have been written and was not, and raises an alarm.",
        _table(("reason", "kind", "stage", "meaning", "what to do"), rows),
    )


def dictionary_page() -> str:
    """Every column of both tables."""
    hits = _table(("column", "type", "meaning"), ((f"`{c.name}`", _type(c.type), c.meaning) for c in schema.HITS))
    rejects = _table(("column", "type", "meaning"), ((f"`{c.name}`", _type(c.type), c.meaning) for c in schema.REJECTS))
    return _page(
        "Data dictionary",
        f"Schema version {schema.SCHEMA_VERSION}. Partition keys come first: `site` (a registered site) and `date` (the edge's UTC\n"
        "day, yyyy-MM-dd). Delivery is at least once: query the view `hits`, which keeps one row per `event_id`, not `hits_raw`.\n"
        "The other views and the documented queries are in [sql.md](sql.md).",
        f"## hits\n\nPartitioned by `site` and `date`.\n\n{hits}\n\n## rejects\n\nPartitioned by `date`.\n\n{rejects}",
    )


def sql_page() -> str:
    """How to query the lake; every view with its columns and SQL, every documented query."""
    views = "\n\n".join(_view(view) for view in VIEWS)
    asked = "\n\n".join(f"### {query.name}\n\n```sql\n{query.sql}\n```" for query in queries())
    return _page("SQL", _SQL_LEAD, f"## Views\n\n{views}\n\n## Queries\n\n{asked}")


def runbook_page() -> str:
    """The runbook: its text is written by hand, the index of alarms at its top comes from the table."""
    written = (REPOSITORY / RUNBOOK).read_text("utf-8")
    before, _, rest = written.partition(_INDEX_BEGINS)
    _, _, after = rest.partition(_INDEX_ENDS)
    index = _table(("alarm", "act", "means"), (_alarm(row) for row in alarms_by_heading()))
    return f"{before}{_INDEX_BEGINS}\n\n{index}\n\n{_INDEX_ENDS}{after}"


def alarms_by_heading() -> list[Row]:
    """One alarm of each kind, of a deployment that has them all: a queue, and more sites than have an alarm of their own."""
    number_of_sites = Configuration().alarms.watched_sites + 1
    sites = tuple(Site(key=f"site-{number}", deliver=(("matomo", "1"),)) for number in range(number_of_sites))
    matomo = Destination(name="matomo", url="https://matomo.example.org/matomo.php", token_secret="footfall/matomo")  # noqa: S106 - a name
    kinds: dict[str, Row] = {}
    for row in rows(Configuration(sites=Sites(default="", registered=sites), destinations=(matomo,))):
        kinds.setdefault(row.heading, row)
    return list(kinds.values())


def _alarm(row: Row) -> tuple[str, str, str]:
    instance = row.id.removeprefix(row.heading).removeprefix("-")
    means = row.means.replace(instance, "…") if instance else row.means
    return f"[{row.id.replace(instance, '…') if instance else row.id}](#{row.heading.lower()})", row.severity, means


def _view(view: View) -> str:
    """A view's purpose, its columns unless they are those of `hits`, and its SQL with a long list of columns cut short."""
    described = [column.name for column in view.columns]
    if set(described) > {column.name for column in schema.HITS}:
        columns = "Columns: those of `hits` in the [data dictionary](dictionary.md), then `site` and `date`."
    else:
        columns = _table(("column", "type", "meaning"), ((f"`{c.name}`", _type(c.type), c.meaning) for c in view.columns))
    listed = ",\n  ".join(f'"{name}"' for name in described)
    return f"### {view.name}\n\n{view.purpose}\n\n{columns}\n\n```sql\n{view.sql.replace(listed, '-- every column')}\n```"


def _type(glue_type: str) -> str:
    return f"`{glue_type}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _page(title: str, lead: str, body: str) -> str:
    return f"# {title}\n\n{NOTICE}\n\n{lead}\n\n{body}\n"


_SQL_LEAD: Final = """One SQL source (`footfall/sql`) makes the Glue views that Athena reads, the views of `footfall sql` on a folder,
and this page. What runs on one engine runs on the other.

```
footfall sql --list                          # views, tables, documented queries
footfall sql --query pages                   # on the newest lake under .footfall/, which `make demo` leaves
footfall sql --lake FOLDER "SELECT …"        # on a copy of the bucket: aws s3 sync s3://<bucket>/hits FOLDER/hits
footfall sql --athena --query mailings       # on AWS; shows what was scanned and what it cost
```

A folder needs DuckDB (`pip install footfall[sql]`), Athena needs boto3 (`pip install footfall[aws]`) and credentials that may use the
workgroup. In Athena's console the documented queries are under *Saved queries* of the workgroup. `--json` and `--csv` print what programs
read; `--today 2026-11-20` runs a documented query as it would have run on that day.

**What a query reads.** Athena bills bytes scanned, ten megabytes at least, and the workgroup stops a query at its limit. Name `site` and
`"date"`: `hits` and `hits_human` then read only those partitions, because copies of a hit are looked for within one site and day.
`sessions`, `campaigns` and `email_opens` look back over all days of the sites you name, since a session may begin before midnight and a
first open may be long ago; of each row they read only the columns they need.

**Copies.** The stream and Firehose deliver at least once, and the same lines can be imported from access logs as well. `hits` keeps one row
per event id, site and day, and of several the one that knows the visitor's signals (access logs hold no headers), then the one with the
latest `received_at` (access logs cut the time to a second).

**To write SQL that both engines understand the same way**

- Quote `"date"`: it is a DATE in both.
- Dividing integers gives an integer in Athena and a decimal in DuckDB: `CAST(… AS DOUBLE)` first.
- `date_diff('second', …)` counts whole seconds in Athena and passed boundaries in DuckDB: count milliseconds and divide.
- `min_by` and `max_by` skip nulls only in DuckDB: add `FILTER (WHERE … IS NOT NULL)`.
- `CROSS JOIN UNNEST(parameters) AS p` gives `p.name` and `p.value` in both; a list of column names behind `p` does not work in DuckDB.
- No `QUALIFY`, `EXCLUDE`, `GROUP BY ALL` and no alias in `WHERE`, `GROUP BY` or `HAVING`: Athena has none of them.
- Approximate counts differ between engines and versions."""

RUNBOOK: Final = "docs/runbook.md"
_INDEX_BEGINS: Final = NOTICE.replace("Generated", "This table is generated")
_INDEX_ENDS: Final = "<!-- End of the generated table. -->"

PAGES: Final = {"docs/reasons.md": reasons_page, "docs/dictionary.md": dictionary_page, "docs/sql.md": sql_page, RUNBOOK: runbook_page}


def main() -> None:
    """Write every page."""
    for path, page in PAGES.items():
        (REPOSITORY / path).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
