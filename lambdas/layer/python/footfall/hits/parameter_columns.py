"""Sort a hit's parameters: each to its column, to `dimensions`, or to `parameters`; the most of the measured hot path."""

from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple

from footfall.dialects.parameters import BY_DIALECT, DIMENSION_PREFIX, Parameter, Use
from footfall.hits.convert import FLAGS, INTEGERS, shown, to_decimal
from footfall.hits.hit import Hit
from footfall.hits.memo import Memo
from footfall.hits.urls import clean_url, is_removed_parameter

Convert = Callable[[str], Any]
Pairs = list[tuple[str, str]]

_COLUMNLESS: Final = Parameter(name="", use=Use.KEPT)


class Plan(NamedTuple):
    """Where the parameters of a request go, by their names alone."""

    texts: tuple[tuple[str, str], ...]  # name and column, as it is
    converted: tuple[tuple[str, str, Convert], ...]  # name, column and what makes its type, or None when the value does not fit
    dimensions: tuple[tuple[str, str], ...]  # name and number
    kept: tuple[str, ...]  # under `parameters`


class ParameterColumns:
    """Fills the columns that parameters name; `removed` are the names of URL parameters that are never written.

    Trackers send the same names in the same order again and again, so a plan is made once for each such list: 4 us for the 27
    parameters of a page view, where to look every name up takes 7.
    """

    def __init__(self, removed: frozenset[str], *, limit: int) -> None:
        self._removed = removed
        self._clean: Memo[str, str] = Memo(lambda url: clean_url(url, removed), limit=limit)
        self._plans = {dialect: self._plans_of(dialect, limit) for dialect in BY_DIALECT}

    def forget(self) -> None:
        """Forget what clients sent: called when the salts rotate."""
        self._clean.clear()
        for plans in self._plans.values():
            plans.clear()

    def add(self, row: dict[str, Any], hit: Hit) -> None:
        """Put every parameter into its column of `row`, or under `parameters` when it has none or its value does not fit."""
        values = hit.parameters
        plan = self._plans[hit.dialect][tuple(values)]
        for name, column in plan.texts:
            value = values[name]
            if value:
                row[column] = value
        unfit = []
        for name, column, convert in plan.converted:
            converted = convert(values[name])
            if converted is None:
                unfit.append(name)
            elif converted != "":
                row[column] = converted
        if plan.dimensions:
            row["dimensions"] = {number: values[name] for name, number in plan.dimensions}
        rest = self.rest(hit, plan, unfit)
        if rest:
            is_masked = hit.is_stripped
            row["parameters"] = [
                {"name": name, "value": value if value.isalnum() and not is_masked else self.shown(value, is_masked=is_masked)}
                for name, value in rest  # nearly all are alphanumeric: neither a URL nor an address
            ]

    def plan(self, dialect: str, names: tuple[str, ...]) -> Plan:
        """Where parameters of these names, in this order, go."""
        return self._plans[dialect][names]

    def rest(self, hit: Hit, plan: Plan, unfit: Collection[str]) -> Pairs:
        """What is kept under `parameters`: what has no column, and what is in `unfit`."""
        if hit.pairs is not None:
            return self._with_repeats(hit, hit.pairs, {*plan.kept, *unfit})
        if unfit:
            without_column = {*plan.kept, *unfit}
            return [(name, value) for name, value in hit.parameters.items() if name in without_column]
        return [(name, hit.parameters[name]) for name in plan.kept]

    def shown(self, value: str, *, is_masked: bool) -> str:
        """A value as it is kept under `parameters`."""
        if "=" in value or "%" in value or "@" in value:
            value = self._clean[value]
        return shown(value, is_masked=is_masked)

    def _with_repeats(self, hit: Hit, pairs: Pairs, without_column: Collection[str]) -> Pairs:
        """What is in no column, in the order sent, where names repeat: also the earlier values of what has a column."""
        last = {name: position for position, (name, _) in enumerate(pairs)}
        written = {name for name in hit.parameters if self._is_written(hit.dialect, name)}
        return [
            (name, value)
            for position, (name, value) in enumerate(pairs)
            if name in without_column or (name in written and position != last[name])
        ]

    def _plans_of(self, dialect: str, limit: int) -> Memo[tuple[str, ...], Plan]:
        return Memo(lambda names: self._make_plan(dialect, names), limit=limit // 10)  # real ones are a few dozen, each large

    def _make_plan(self, dialect: str, names: tuple[str, ...]) -> Plan:
        texts, converted, dimensions, kept = [], [], [], []
        for name in names:
            parameter = BY_DIALECT[dialect].get(name, _COLUMNLESS)
            if not self._is_written(dialect, name):
                continue
            if parameter.use is Use.TEXT and parameter.column:
                texts.append((name, parameter.column))
            elif parameter.column:
                converted.append((name, parameter.column, self._converter(parameter.use)))
            elif dialect != "pixel" and _is_dimension(name):
                dimensions.append((name, name.removeprefix(DIMENSION_PREFIX)))
            else:
                kept.append(name)
        return Plan(tuple(texts), tuple(converted), tuple(dimensions), tuple(kept))

    def _is_written(self, dialect: str, name: str) -> bool:
        """Whether a parameter is written, by its name."""
        parameter = BY_DIALECT[dialect].get(name, _COLUMNLESS)
        return parameter.column is not None or (parameter.use is Use.KEPT and not is_removed_parameter(name, self._removed))

    def _converter(self, use: Use) -> Convert:
        by_use: dict[Use, Convert] = {
            Use.URL: self._clean.__getitem__,
            Use.INTEGER: INTEGERS.__getitem__,
            Use.DECIMAL: to_decimal,
            Use.FLAG: FLAGS.get,
        }
        return by_use[use]


def _is_dimension(name: str) -> bool:
    number = name.removeprefix(DIMENSION_PREFIX)
    return number != name and number.isascii() and number.isdigit() and len(number) <= 3  # noqa: PLR2004 - dimension1 to dimension999
