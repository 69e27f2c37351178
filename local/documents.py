"""Write the documentation that is generated from code: reasons, data dictionary, parameters. `python -m local.documents`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from footfall.hits import schema
from footfall.reasons import REASONS

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
        "day, yyyy-MM-dd). Delivery is at least once: query the view `hits`, which keeps one row per `event_id`, not `hits_raw`.",
        f"## hits\n\nPartitioned by `site` and `date`.\n\n{hits}\n\n## rejects\n\nPartitioned by `date`.\n\n{rejects}",
    )


def _type(glue_type: str) -> str:
    return f"`{glue_type}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _page(title: str, lead: str, body: str) -> str:
    return f"# {title}\n\n{NOTICE}\n\n{lead}\n\n{body}\n"


PAGES: Final = {"docs/reasons.md": reasons_page, "docs/dictionary.md": dictionary_page}


def main() -> None:
    """Write every page."""
    for path, page in PAGES.items():
        (REPOSITORY / path).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
