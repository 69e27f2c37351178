"""How `footfall sql` writes: a table for people, JSON or CSV for programs, and a line that says it is waiting."""

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from footfall.cli.progress import show_progress
from footfall.sql.answer import Answer
from footfall.sql.queries import queries
from footfall.sql.tables import TABLES
from footfall.sql.views import VIEWS

MAX_CELL_CHARACTERS: Final = 60
"""A longer value is cut in the table; JSON and CSV have all of it."""


def write_answer(answer: Answer, *, form: str) -> None:
    """Write rows as `table`, `json` or `csv`; for CSV the cost goes to standard error."""
    if form == "json":
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        document = {"columns": answer.columns, "rows": rows, "scanned_bytes": answer.scanned_bytes, "cost_usd": answer.cost_usd}
        sys.stdout.write(json.dumps(document, default=str, ensure_ascii=False) + "\n")
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows([_plain(value) for value in row] for row in answer.rows)
        sys.stderr.write(_cost(answer))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _table(answer.columns, answer.rows)))
        count = len(answer.rows)
        sys.stdout.write(f"{count} row{'s' if count != 1 else ''}\n{_cost(answer)}")


def write_list(*, is_json: bool) -> None:
    """Write what there is to query: tables and views with their columns, documented queries."""
    if is_json:
        document = {
            "tables": [{"name": t.name, "purpose": t.purpose, "columns": [c.name for c in (*t.columns, *t.keys)]} for t in TABLES],
            "views": [{"name": v.name, "purpose": v.purpose, "columns": [c.name for c in v.columns]} for v in VIEWS],
            "queries": [{"name": q.name, "question": q.question} for q in queries()],
        }
        sys.stdout.write(json.dumps(document) + "\n")
        return
    sections = (
        ("views", [(view.name, view.purpose) for view in VIEWS]),
        ("tables", [(table.name, table.purpose) for table in TABLES]),
        ("queries (run with --query NAME)", [(each.name, each.question) for each in queries()]),
    )
    for title, entries in sections:
        sys.stdout.write(f"{title}\n" + "".join(f"  {name:<22}{text}\n" for name, text in entries))


def show_waiting(waited_s: float) -> None:
    """Say on a terminal that the query is still running; silent where nobody watches."""
    show_progress(f"waiting for Athena, {waited_s:.0f} s …\r")


def _cost(answer: Answer) -> str:
    if answer.scanned_bytes is None or answer.cost_usd is None:
        return ""
    return f"scanned {_size(answer.scanned_bytes)}, about ${answer.cost_usd:.4f} at list price\n"


def _size(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:  # noqa: PLR2004 - the next unit
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    cells = [[_cell(value) for value in row] for row in (columns, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    is_number = [any(isinstance(row[place], (int, float)) for row in rows) for place in range(len(columns))]
    for number, row in enumerate(cells):
        padded = (cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(row, widths, is_number, strict=True))
        yield "  ".join(padded).rstrip()
        if number == 0:
            yield "  ".join("-" * width for width in widths)


def _cell(value: Any) -> str:
    """One line of printable text: what clients sent must not steer a terminal."""
    text = "".join(character if character.isprintable() else "?" for character in str(_plain(value)))
    return text if len(text) <= MAX_CELL_CHARACTERS else text[: MAX_CELL_CHARACTERS - 1] + "…"


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, (list, dict)) else value
