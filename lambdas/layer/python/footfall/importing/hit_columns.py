"""Write many hits at once, column by column: the rows of `footfall.hits.row`, without a dictionary for each.

To make a dictionary of 60 columns for each hit and to take it apart again is a third of an import; here whole columns come out of
many hits, most of them without a step of Python for each value. What a row is says `footfall.hits.row` alone: a column that is
written otherwise here fails tests/unit/test_import_differential.py, which compares both on whole and damaged lines.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import compress
from operator import attrgetter
from typing import Any, Final

from footfall.dialects import matomo
from footfall.dialects.detect import PIXEL
from footfall.hits.agents import RULES_VERSION
from footfall.hits.hit import Hit
from footfall.hits.parameter_columns import Plan
from footfall.hits.row import Row, RowWriter, overrides_of
from footfall.hits.scrub import OWN_COLUMNS
from footfall.hits.sources import Page, Source

Columns = dict[str, Sequence[Any]]
"""Values by column, each as long as there are hits; times are Unix milliseconds, `parameters` is (names, values)."""

_AGENT: Final = ("browser", "browser_version", "os", "os_version", "device", "device_type")
_PAGE: Final = ("url", "url_host", "url_path", *Page._fields[3:])
_REQUEST: Final = ("method", "host", "path", "edge_location")
_NO_GOAL: Final = frozenset({"", "0", "-1"})

_of_hit = attrgetter("request", "page", "source", "agent", "classification", "identity")
_request_columns = attrgetter("request_id", "received_ms", *_REQUEST, "headers")
_flags = attrgetter("dialect", "action", "authenticated", "is_stripped", "is_email_open", "event_ms", "country")


class HitColumns:
    """Makes the columns of hits as `writer` makes their rows."""

    def __init__(self, writer: RowWriter) -> None:
        self._writer = writer

    def of(self, hits: Sequence[Hit]) -> Columns:
        """The columns of at least one hit; one without any value may be left out."""
        requests, pages, sources, agents, classifications, identities = zip(*map(_of_hit, hits), strict=True)
        columns: Columns = {name: (value,) * len(hits) for name, value in self._writer.provenance.items()}
        columns["event_id"], columns["received_at"], *shared, headers = zip(*map(_request_columns, requests), strict=True)
        columns |= zip(_REQUEST, shared, strict=True)
        columns |= zip(_PAGE, zip(*pages, strict=True), strict=True)
        columns |= zip(Source._fields, zip(*sources, strict=True), strict=True)
        if not self._writer.drops_agent:
            columns |= zip(_AGENT, zip(*agents, strict=True), strict=True)
        _add_classification(columns, classifications)
        _add_identity(columns, identities, headers)
        self._add_flags(columns, hits, [classification.open_class for classification in classifications])
        self._add_parameters(columns, hits)
        return columns

    def _add_flags(self, columns: Columns, hits: Sequence[Hit], open_classes: Sequence[str | None]) -> None:
        dialects, actions, authenticated, stripped, opened, event_ms, countries = zip(*map(_flags, hits), strict=True)
        columns |= {"dialect": dialects, "action": actions, "authenticated": authenticated, "stripped": stripped}
        columns |= {"is_email_open": opened, "event_time": event_ms, "country": countries}
        if any(opened):
            columns["open_class"] = [(each or "direct") if is_open else None for each, is_open in zip(open_classes, opened, strict=True)]
        if any(stripped):
            pairs = zip(columns["click_id"], stripped, strict=True)
            columns["click_id"] = [None if is_stripped else click_id for click_id, is_stripped in pairs]
        columns["damaged"] = [list(hit.damaged) if hit.damaged else None for hit in hits]
        if self._writer.keeps_user_agent:
            columns["user_agent"] = [None if hit.is_stripped else hit.user_agent or None for hit in hits]

    def _add_parameters(self, columns: Columns, hits: Sequence[Hit]) -> None:
        """By groups of hits that name the same parameters in the same order, as nearly all of one tracker do."""
        sparse: defaultdict[str, list[Any]] = defaultdict(lambda: [None] * len(hits))
        sparse["language"] = list(columns["language"])
        groups: defaultdict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
        for number, hit in enumerate(hits):
            groups[hit.dialect, tuple(hit.parameters)].append(number)
        for (dialect, names), numbers in groups.items():
            plan = self._writer.parameters.plan(dialect, names)
            group = [hits[number] for number in numbers]
            values = dict(zip(names, zip(*[hit.parameters.values() for hit in group], strict=True), strict=True))
            unfit = _fill(sparse, numbers, plan, values)
            self._fill_rest(sparse, numbers, group, plan, values, unfit)
            if dialect != PIXEL:
                _fill_tracker_columns(sparse, numbers, group, values)
        columns |= sparse

    def _fill_rest(
        self,
        sparse: defaultdict[str, list[Any]],
        numbers: Sequence[int],
        group: Sequence[Hit],
        plan: Plan,
        values: dict[str, tuple[str, ...]],
        unfit: dict[int, list[str]],
    ) -> None:
        """What is kept under `parameters`: of nearly all hits, what the plan keeps, as it is."""
        column, parameters = sparse["parameters"], self._writer.parameters
        names: Sequence[str]
        shown: Sequence[str]
        kept = zip(*[values[name] for name in plan.kept], strict=True) if plan.kept else [()] * len(group)
        for number, hit, texts in zip(numbers, group, kept, strict=True):
            is_masked = hit.is_stripped
            if hit.pairs is not None or number in unfit:
                rest = parameters.rest(hit, plan, unfit.get(number, ()))
                names, shown = [name for name, _ in rest], [value for _, value in rest]
            else:
                names, shown = plan.kept, texts
            if is_masked or not "".join(shown).isalnum():  # nearly all are: neither a URL nor an address
                shown = [each if each.isalnum() and not is_masked else parameters.shown(each, is_masked=is_masked) for each in shown]
            if names:
                column[number] = (names, shown)


def replace_rows(columns: Columns, rows: dict[int, Row]) -> None:
    """Put rows in the place of those with these numbers: rows of the same hits, from which a text was removed."""
    for name, values in columns.items():
        if name not in OWN_COLUMNS:
            replaced = list(values)
            for number, row in rows.items():
                replaced[number] = _as_column(name, row.get(name))
            columns[name] = replaced


def _as_column(name: str, value: Any) -> Any:
    if name == "parameters" and value is not None:
        return [pair["name"] for pair in value], [pair["value"] for pair in value]
    return value


def _add_classification(columns: Columns, classifications: Sequence[Any]) -> None:
    columns["agent_class"], columns["bot_kind"], columns["agent_name"], _, evidence = zip(*classifications, strict=True)
    columns["evidence"] = [list(each) if each else None for each in evidence]
    columns["rules_version"] = (RULES_VERSION,) * len(classifications)


def _add_identity(columns: Columns, identities: Sequence[Any], headers: Sequence[Any]) -> None:
    names = ("visitor_id", "visitor_id_origin", "visitor_id_missing", "user_id", "ip")
    columns |= zip(names, zip(*identities, strict=True), strict=True)
    columns["gpc"], columns["dnt"], languages, _, _ = zip(*headers, strict=True)
    columns["language"] = [language or None for language in languages]


def _fill(
    sparse: defaultdict[str, list[Any]], numbers: Sequence[int], plan: Plan, values: dict[str, tuple[str, ...]]
) -> dict[int, list[str]]:
    """Put what has a column of its own there; returns the names of what does not fit, by number of the hit."""
    for name, column in plan.texts:
        filled = sparse[column]
        for number, value in zip(compress(numbers, values[name]), filter(None, values[name]), strict=True):
            filled[number] = value
    unfit: defaultdict[int, list[str]] = defaultdict(list)
    for name, column, convert in plan.converted:
        filled = sparse[column]
        for number, converted in zip(numbers, map(convert, values[name]), strict=True):
            if converted is None:
                unfit[number].append(name)
            elif converted != "":
                filled[number] = converted
    if plan.dimensions:
        filled = sparse["dimensions"]
        dimensions = [number for _, number in plan.dimensions]
        for number, texts in zip(numbers, zip(*[values[name] for name, _ in plan.dimensions], strict=True), strict=True):
            filled[number] = dict(zip(dimensions, texts, strict=True))
    return unfit


def _fill_tracker_columns(
    sparse: defaultdict[str, list[Any]], numbers: Sequence[int], group: Sequence[Hit], values: dict[str, tuple[str, ...]]
) -> None:
    """Columns that several parameters make, or that count only with an accepted token."""
    if "h" in values:
        filled = sparse["local_time"]
        for number, hit in zip(numbers, group, strict=True):
            filled[number] = matomo.local_time_of(hit.parameters)
    if "idgoal" in values:
        filled = sparse["goal_id"]
        for number, goal in zip(numbers, values["idgoal"], strict=True):
            filled[number] = None if goal in _NO_GOAL else goal
    if "lang" in values:
        filled = sparse["language"]
        for number, language in zip(numbers, values["lang"], strict=True):
            filled[number] = language.lower()[:20] if language else filled[number]
    for number, hit in zip(numbers, group, strict=True):
        if hit.authenticated:
            for name, value in overrides_of(hit.parameters).items():
                sparse[name][number] = value
