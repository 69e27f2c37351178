"""Show a request as sections of a page: its log line with what is dropped, its row with what is new, and its way to a destination.

Whatever else can be told of a request is one more function in SECTIONS; the page shows what there is, in this order, and nothing of
what there is not.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from footfall.hits.log_fields import FORBIDDEN
from local.up.line import LineColumn, Part, fate_of, is_new
from local.up.queue_sections import delivery_section, message_section, visit_section
from local.up.row import Cell
from local.up.section import Known, Section

_NO_LINE: Final = {
    "refused": "There is none: CloudFront logs nothing about a request it refuses.",
    "waiting": "Not yet: CloudFront writes it after the answer.",
}
_NOT_KEPT: Final = "No longer kept: a log line, with its full address, is deleted when its row is stored."

_NO_ROW: Final = {
    "suppressed": "There is none, and nothing else of it is kept: only a count.",
    "refused": "There is none.",
    "waiting": "Not yet.",
    "failed": "There is none: Firehose wrote the line under the error prefix.",
}


def line_section(known: Known) -> Section:
    """The log line, field by field; what the row does not have of it is dropped."""
    never = ", ".join(f"{name} ({why})" for name, why in FORBIDDEN.items())
    return Section(
        name="line",
        title="Before: the log line",
        columns=[_column(column, known) for column in known.columns],
        empty=_NO_LINE.get(known.seen.outcome, _NOT_KEPT),
        note=f"Never asked for: {never}." if known.columns else "",
        raw_label="The line as CloudFront writes it",
        raw=known.seen.line.decode("utf-8", "replace").rstrip("\n"),
        legend={"dropped": "not written", "becomes": "what is made of it"},
    )


def row_section(known: Known) -> Section:
    """The row as it lies in the lake; what the line did not say is marked."""
    return Section(
        name="row",
        title="After: the row in rejects" if known.seen.outcome == "reject" else "After: the row",
        columns=[_cell(cell, known.columns) for cell in known.cells],
        empty=_NO_ROW.get(known.seen.outcome, "It cannot be found in the lake."),
        note=f"Stored in {known.seen.key}" if known.seen.key else "",
        legend={"new": "computed, or known without the line"},
    )


SECTIONS: Final[tuple[Callable[[Known], Section | None], ...]] = (
    line_section,
    row_section,
    message_section,
    delivery_section,
    visit_section,
)
"""What the page shows of a request, in this order; None has nothing to say about it."""


def sections_of(known: Known, sections: Sequence[Callable[[Known], Section | None]] = SECTIONS) -> list[dict[str, Any]]:
    """The sections that have something to say."""
    return [section.to_json() for section in (make(known) for make in sections) if section is not None]


def _column(column: LineColumn, known: Known) -> dict[str, Any]:
    return {"name": column.name, "is_repeat": column.is_repeat, "parts": [*_parts(column.parts, known)]}


def _parts(parts: Sequence[Part], known: Known) -> Iterator[dict[str, Any]]:
    is_settled = known.seen.outcome != "waiting"
    for part in parts:
        fate, made = fate_of(part, known.cells) if is_settled else ("waiting", ())
        yield {"lead": part.lead, "text": part.text, "fate": fate, "becomes": [] if fate == "kept" else list(made)}


def _cell(cell: Cell, columns: Sequence[LineColumn]) -> dict[str, Any]:
    fate = "new" if columns and is_new(cell, columns) else "kept"
    return {
        "name": cell.name,
        "type": cell.type,
        "meaning": cell.meaning,
        "parts": [{"lead": "", "text": cell.value, "fate": fate, "becomes": []}],
    }
