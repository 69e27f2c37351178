"""Turn hits into an Arrow table of the landing schema, and take the visitor's own address and tokens out of every value of it."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from footfall.hits.hit import Hit
from footfall.hits.row import RowWriter
from footfall.hits.scrub import OWN_COLUMNS, holds_address, scrub_hit
from footfall.importing.hit_columns import Columns, HitColumns, replace_rows
from footfall.importing.parquet import landing_schema

_BETWEEN: Final = "\n"
"""Parts the values of a row where an address is looked for: it stands in none."""


class HitTables:
    """Makes tables of hits whose rows `writer` would write one by one."""

    def __init__(self, writer: RowWriter) -> None:
        self._writer = writer
        self._columns = HitColumns(writer)

    def of_groups(self, groups: Sequence[Sequence[Hit]]) -> Iterator[pa.Table]:
        """A table for each group of hits, none of them empty: made together, as most takes the same time for many as for one."""
        whole, start = self.of([hit for hits in groups for hit in hits]), 0
        for hits in groups:
            table = whole.slice(start, len(hits))
            is_most = 2 * len(hits) > whole.num_rows
            yield table if is_most else table.take(pa.array(range(len(hits))))  # a slice of a few rows would keep the whole
            start += len(hits)

    def of(self, hits: Sequence[Hit]) -> pa.Table:
        """The table of at least one hit.

        What must not be written is looked for in what is about to be: in the values of the table itself. Almost no row holds any;
        one that does, or whose request carried a token, is written by itself, as in the stream.
        """
        columns = self._columns.of(hits)
        self._scrub(columns, hits, [number for number, hit in enumerate(hits) if hit.hidden])
        arrays = _arrays(columns, len(hits))
        found = [
            number for number, (hit, text) in enumerate(zip(hits, _texts(arrays), strict=True)) if holds_address(text, hit.address_texts)
        ]
        if found:
            self._scrub(columns, hits, found)
            arrays = _arrays(columns, len(hits))
        return pa.table(arrays, schema=landing_schema())

    def _scrub(self, columns: Columns, hits: Sequence[Hit], numbers: Sequence[int]) -> None:
        if numbers:
            replace_rows(columns, {number: scrub_hit(self._writer.hit_row(hits[number]), hits[number]) for number in numbers})


def _arrays(columns: Columns, count: int) -> list[pa.Array]:
    return [_array(field.type, columns.get(field.name), count) for field in landing_schema()]


def _array(type_: pa.DataType, values: Sequence[Any] | None, count: int) -> pa.Array:
    if values is None or values.count(None) == count:
        return pa.nulls(count, type_)
    if pa.types.is_map(type_):
        return pa.array([value and list(value.items()) for value in values], type_)
    if pa.types.is_list(type_) and pa.types.is_struct(type_.value_type):
        return _pairs(type_, values)
    return pa.array(values, type_)


def _pairs(type_: pa.DataType, values: Sequence[tuple[Sequence[str], Sequence[str]] | None]) -> pa.Array:
    """Lists of name and value, out of all names and all values: a dictionary for each pair takes five times as long."""
    given = [value for value in values if value is not None]
    members = [pa.array(list(chain.from_iterable([value[place] for value in given])), pa.string()) for place in (0, 1)]
    offsets = accumulate([0 if value is None else len(value[0]) for value in values], initial=0)
    pairs = pa.StructArray.from_arrays(members, fields=list(type_.value_type))
    nothing = pa.array([value is None for value in values], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pairs, type=type_, mask=nothing)


def _texts(arrays: Sequence[pa.Array]) -> Iterator[bytes]:
    """All text of each row that is not our own word, one value after another."""
    texts = [text for field, array in zip(landing_schema(), arrays, strict=True) if field.name not in OWN_COLUMNS for text in _text(array)]
    joined = pc.binary_join_element_wise(*texts, _BETWEEN, null_handling="skip")
    return map(pa.BinaryScalar.as_py, joined.cast(pa.binary()))


def _text(array: pa.Array) -> list[pa.Array]:
    """The text of a column, or what the members of its values have each."""
    if array.null_count == len(array):
        return []
    if pa.types.is_string(array.type):
        return [array]
    if pa.types.is_map(array.type):
        return [pc.binary_join(pa.ListArray.from_arrays(array.offsets, each), _BETWEEN) for each in (array.keys, array.items)]
    if not pa.types.is_list(array.type):
        return []
    members = array.values.flatten() if pa.types.is_struct(array.type.value_type) else [array.values]
    return [pc.binary_join(pa.ListArray.from_arrays(array.offsets, each), _BETWEEN) for each in members]
