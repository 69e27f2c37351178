"""Convert JSON records to Parquet as Firehose does with the OpenX JSON SerDe and a Glue schema.

What does not fit fails that record alone. How each kind of value is coerced follows the Firehose Developer Guide ("Convert input
data format") and, where that is silent, what others measured on AWS and published: a value that is no list becomes a list of one,
a text column takes any value, keys of maps are lowered too. Not known and chosen here: a text such as `1.5` fits no bigint.
"""

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from footfall.errors import RejectedError
from footfall.hits.schema import LANDING, Column

Coerce = Callable[[Any], Any]
"""Turns one JSON value that is not null into what pyarrow writes, or raises ValueError."""

_ISO: Final = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d{1,9})?Z?")
_LENIENT: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,9})?")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MILLISECONDS: Final = Decimal(10**12)
"""A number below this is epoch seconds, from here on milliseconds."""


class ConversionError(RejectedError):
    """A record that Firehose would write under `format-conversion-failed`; `code` is Firehose's, the message names no value."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = f"DataFormatConversion.{code}"


class Converter:
    """Converts records by one schema: `row` one at a time, `write` many into an object."""

    def __init__(self, columns: Sequence[Column] = LANDING) -> None:
        self._columns: dict[str, Coerce] = {}
        fields = []
        for column in columns:
            arrow, self._columns[column.name] = _TYPES[column.type]
            fields.append(pa.field(column.name, arrow))
        self.schema = pa.schema(fields)

    def row(self, record: bytes) -> dict[str, Any]:
        """Read one JSON object: keys in any case, unknown ones dropped, missing ones null.

        Raises:
            ConversionError: it is not JSON, not an object, or a value does not fit its column.
        """
        try:
            document = json.loads(record.decode("utf-8"), parse_constant=_refuse)
        except (ValueError, RecursionError) as not_json:
            raise ConversionError("ParseError", "Encountered malformed JSON.") from not_json
        if not isinstance(document, dict):
            raise ConversionError("MalformedData", "Data does not match the schema. A JSON object is required.")
        values = {key.lower(): value for key, value in reversed(document.items())}
        return {name: self._value(name, coerce, values.get(name)) for name, coerce in self._columns.items()}

    def write(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Write rows that `row` made; Snappy, as Firehose does unless told otherwise."""
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(list(rows), schema=self.schema), buffer, compression="snappy")
        return buffer.getvalue()

    @staticmethod
    def _value(name: str, coerce: Coerce, value: Any) -> Any:
        try:
            return None if value is None else coerce(value)
        except (ValueError, OverflowError, RecursionError) as unfit:
            raise ConversionError("MalformedData", f"Data does not match the schema. Column {name}.") from unfit


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair becomes "?", as in Java
    if isinstance(value, (dict, list)):
        return _text(json.dumps(_with_lower_keys(value), ensure_ascii=False, separators=(",", ":")))
    return json.dumps(value)


def _with_lower_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.lower(): _with_lower_keys(member) for key, member in value.items()}
    return [_with_lower_keys(member) for member in value] if isinstance(value, list) else value


def _scalar(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise ValueError("not a scalar")  # noqa: TRY004 - ValueError is what says "does not fit" here
    return _text(value).strip()


def _integer(value: Any) -> int:
    text = _scalar(value)
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", text):
        raise ValueError("not a whole number")
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError("out of range")
    return number


def _double(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError("not a number")  # noqa: TRY004 - as above
    number = float(_scalar(value))
    if number - number != 0:
        raise ValueError("not finite")
    return number


def _flag(value: Any) -> bool:
    text = _scalar(value).lower()
    if text not in {"true", "false"}:
        raise ValueError("not a boolean")
    return text == "true"


def _time(value: Any) -> datetime:
    text = _scalar(value)
    if iso := _ISO.fullmatch(text):
        return _moment(datetime.fromisoformat(f"{iso[1]}T{iso[2]}+00:00"), iso[3])
    if lenient := _LENIENT.fullmatch(text):
        year, month, day, hour, minute, second = (int(lenient[group]) for group in range(1, 7))
        return _moment(datetime(year, month, day, hour, minute, second, tzinfo=UTC), lenient[7])
    try:
        number = Decimal(text)
    except InvalidOperation as not_a_number:
        raise ValueError("not a time") from not_a_number
    if not number.is_finite() or number.adjusted() > 18:  # noqa: PLR2004 - digits: beyond any date
        raise ValueError("not a time")
    seconds = number if abs(number) < _FIRST_MILLISECONDS else number / 1000
    return _EPOCH + timedelta(milliseconds=round(seconds * 1000))


def _moment(whole: datetime, fraction: str | None) -> datetime:
    return whole + timedelta(milliseconds=int(Decimal(fraction or 0) * 1000))


def _list_of(member: Coerce) -> Coerce:
    """A value that is no list becomes a list of one."""

    def coerce(value: Any) -> list[Any]:
        return [None if entry is None else member(entry) for entry in (value if isinstance(value, list) else [value])]

    return coerce


def _pair(value: Any) -> dict[str, str | None]:
    """A `struct<name,value>`: an object by name, a list by position."""
    if isinstance(value, list):
        value = dict(zip(("name", "value"), value, strict=False))
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - as above
    members = {key.lower(): member for key, member in reversed(value.items())}
    return {key: None if members.get(key) is None else _text(members[key]) for key in ("name", "value")}


def _named(value: Any) -> list[tuple[str, str | None]]:
    """A `map<string,string>`; Firehose lowers the case of its keys too."""
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - as above
    members = {_text(key.lower()): None if member is None else _text(member) for key, member in reversed(value.items())}
    return list(reversed(members.items()))


_TYPES: Final[dict[str, tuple[pa.DataType, Coerce]]] = {
    "string": (pa.string(), _text),
    "bigint": (pa.int64(), _integer),
    "double": (pa.float64(), _double),
    "boolean": (pa.bool_(), _flag),
    "timestamp": (pa.timestamp("ms"), _time),  # no zone, as Firehose's and Athena's have none; the values are UTC
    "array<string>": (pa.list_(pa.string()), _list_of(_text)),
    "array<struct<name:string,value:string>>": (pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())])), _list_of(_pair)),
    "map<string,string>": (pa.map_(pa.string(), pa.string()), _named),
}
"""Glue's type name to what pyarrow writes, and how a JSON value becomes it."""
