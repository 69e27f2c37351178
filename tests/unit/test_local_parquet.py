"""Records become Parquet as Firehose's OpenX conversion makes it, and one that does not fit fails alone."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.hits.schema import LANDING, Column
from local.parquet import ConversionError, Converter

TYPES = {
    "text": "string",
    "whole": "bigint",
    "decimal": "double",
    "flag": "boolean",
    "time": "timestamp",
    "texts": "array<string>",
    "pairs": "array<struct<name:string,value:string>>",
    "named": "map<string,string>",
}
COLUMNS = [Column(name=name, type=type_, meaning="") for name, type_ in TYPES.items()]
CONVERTER = Converter(COLUMNS)


def written_and_read(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    table = pq.read_table(io.BytesIO(CONVERTER.write(rows)))
    return [{name: value for name, value in row.items() if value is not None} for row in table.to_pylist()]


def converted(**record: Any) -> dict[str, Any]:
    """What can be read from the object that holds this record; null columns are left out."""
    (row,) = written_and_read(CONVERTER.row(json.dumps(record).encode()))
    return row


def at(*parts: int) -> datetime:
    return datetime(*parts).replace(tzinfo=None)  # noqa: DTZ001 - a timestamp of Athena has no zone


def test_every_type_of_the_schema_is_written_and_read_back() -> None:
    record = {
        "text": "é",
        "whole": -(2**63),
        "decimal": 1.5,
        "flag": True,
        "time": "2026-11-22 02:03:04.567",
        "texts": ["a", None, "b"],
        "pairs": [{"name": "e_c", "value": "shop"}, {"name": "e_c", "value": None}],
        "named": {"1": "gold", "2": None},
    }

    assert converted(**record) == {**record, "time": at(2026, 11, 22, 2, 3, 4, 567000), "named": [("1", "gold"), ("2", None)]}


def test_the_landing_schema_of_the_lake_converts_and_keeps_its_order() -> None:
    converter = Converter()

    table = pq.read_table(io.BytesIO(converter.write([converter.row(b"{}")])))

    assert (table.num_rows, table.column_names) == (1, [column.name for column in LANDING])
    assert all(value is None for value in table.to_pylist()[0].values())


def test_the_object_is_compressed_with_snappy_as_firehose_does_by_default() -> None:
    metadata = pq.read_metadata(io.BytesIO(CONVERTER.write([CONVERTER.row(b'{"text": "x"}')])))

    assert metadata.row_group(0).column(0).compression == "SNAPPY"


def test_keys_are_found_in_any_case_and_unknown_ones_are_dropped() -> None:
    assert converted(TEXT="a", unknown="b", Pairs=[{"NAME": "n", "Value": "v", "extra": 1}]) == {
        "text": "a",
        "pairs": [{"name": "n", "value": "v"}],
    }


def test_map_keys_become_lower_case_because_firehose_lowers_every_key() -> None:
    assert converted(named={"MixedKey": "Value"}) == {"named": [("mixedkey", "Value")]}


@pytest.mark.parametrize(
    ("column", "given_", "expected"),
    [
        ("text", 12, "12"),
        ("text", True, "true"),
        ("text", {"Outer": [1, "é"]}, '{"outer":[1,"é"]}'),
        ("whole", "42", 42),
        ("whole", " -7 ", -7),
        ("decimal", 3, 3.0),
        ("decimal", "1e3", 1000.0),
        ("flag", "TRUE", True),
        ("flag", "false", False),
        ("texts", "alone", ["alone"]),
        ("texts", [1, {"A": 2}], ["1", '{"a":2}']),
        ("pairs", {"name": "n", "value": 1}, [{"name": "n", "value": "1"}]),
        ("pairs", [["by", "position", "extra"], []], [{"name": "by", "value": "position"}, {"name": None, "value": None}]),
        ("named", {"a": 1, "b": [2]}, [("a", "1"), ("b", "[2]")]),
        ("time", "2026-1-2 3:4:5", at(2026, 1, 2, 3, 4, 5)),
        ("time", "2026-01-02T03:04:05.123456789Z", at(2026, 1, 2, 3, 4, 5, 123000)),
        ("time", 1518033528, at(2018, 2, 7, 19, 58, 48)),
        ("time", 1518033528123, at(2018, 2, 7, 19, 58, 48, 123000)),
        ("time", "1518033528.123", at(2018, 2, 7, 19, 58, 48, 123000)),
    ],
)
def test_a_value_that_the_serde_bends_is_bent_the_same_way(column: str, given_: Any, expected: Any) -> None:
    assert converted(**{column: given_}) == {column: expected}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("whole", "four"),
        ("whole", 1.5),
        ("whole", True),
        ("whole", 2**63),
        ("whole", []),
        ("decimal", "x"),
        ("decimal", "nan"),
        ("decimal", "1e999"),
        ("decimal", True),
        ("decimal", {}),
        ("flag", 1),
        ("flag", "yes"),
        ("time", "yesterday"),
        ("time", "2026-13-01 00:00:00"),
        ("time", "2026-01-01 00:00:60.1"),
        ("time", True),
        ("time", "nan"),
        ("time", 1e18),
        ("pairs", "scalar"),
        ("pairs", [1]),
        ("named", "scalar"),
        ("named", ["list"]),
    ],
)
def test_a_value_that_does_not_fit_fails_its_record_and_is_not_told(column: str, value: Any) -> None:
    with pytest.raises(ConversionError, match=f"^Data does not match the schema. Column {column}.$") as failure:
        CONVERTER.row(json.dumps({column: value}).encode())

    assert failure.value.code == "DataFormatConversion.MalformedData"


@pytest.mark.parametrize(
    "record",
    [b"", b"  ", b"{", b'{"a":1}{"a":2}', b"\xff{}", b'{"decimal": NaN}', b'{"whole":' + b"9" * 5000 + b"}", b'{"text":' + b"[" * 100_000],
)
def test_what_is_no_json_fails_its_record(record: bytes) -> None:
    with pytest.raises(ConversionError) as failure:
        CONVERTER.row(record)

    assert failure.value.code == "DataFormatConversion.ParseError"


@pytest.mark.parametrize("record", [b"[]", b"1", b'"text"', b"null"])
def test_json_that_is_no_object_fails_its_record(record: bytes) -> None:
    with pytest.raises(ConversionError, match="A JSON object is required"):
        CONVERTER.row(record)


def test_half_a_surrogate_pair_becomes_a_question_mark_and_not_a_lost_batch() -> None:
    row = CONVERTER.row(b'{"text": "a\\ud83d", "texts": ["\\udc00"], "named": {"\\ud83d": "v"}}')

    assert written_and_read(row) == [{"text": "a?", "texts": ["?"], "named": [("?", "v")]}]


def test_times_are_utc_whatever_the_machine_thinks() -> None:
    assert CONVERTER.row(b'{"time": "2026-11-22 00:00:00.000"}')["time"] == datetime(2026, 11, 22, tzinfo=UTC)
    assert pq.read_schema(io.BytesIO(CONVERTER.write([]))).field("time").type == pa.timestamp("ms")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=6), values, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from([*TYPES, "TEXT", "other"]), json_values, max_size=4), min_size=1, max_size=4))
def test_whatever_json_comes_either_fails_alone_or_can_be_written_with_its_neighbours(records: list[dict[str, Any]]) -> None:
    rows = []
    for record in records:
        try:
            rows.append(CONVERTER.row(json.dumps(record).encode()))
        except ConversionError:
            continue

    assert len(written_and_read(*rows)) == len(rows)
