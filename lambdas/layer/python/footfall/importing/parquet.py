"""Write rows as Parquet with the landing schema: what Firehose's conversion makes of the same JSON."""

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from footfall.errors import ConfigurationError
from footfall.hits.row import Row
from footfall.hits.schema import LANDING

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK_ROWS: Final = 2_000
_GROUP_ROWS: Final = 20_000
"""A row group is converted in chunks: at once, it takes 200 MB more and is no faster (bench import)."""


def require_pyarrow() -> None:
    """Say how to install pyarrow, before anything is read.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415 - 112 to 158 ms and 149 MB (bench performance): only an import needs it
    except ImportError as missing:
        raise ConfigurationError("import", ["pyarrow is not installed: pip install footfall[import]"]) from missing


class RowGroups:
    """One Parquet object in the making: rows go in, and are packed as soon as a row group is full."""

    def __init__(self) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - see require_pyarrow

        self._schema = landing_schema()
        self._buffer = io.BytesIO()
        self._writer = pq.ParquetWriter(self._buffer, self._schema, compression="snappy")  # as Firehose does
        self._rows: list[Row] = []
        self._chunks: list[pa.Table] = []
        self._chunk_rows = 0

    def add(self, row: Row) -> None:
        """Add a row."""
        self._rows.append(row)
        if len(self._rows) >= _CHUNK_ROWS:
            self._convert()

    def add_table(self, table: "pa.Table") -> None:
        """Add rows that are columns already."""
        self._convert()
        self._keep(table)

    def close(self) -> bytes:
        """The object: its bytes depend on nothing but the rows and the version of pyarrow."""
        self._convert()
        self._pack()
        self._writer.close()
        return self._buffer.getvalue()

    def _convert(self) -> None:
        if self._rows:
            self._keep(_table_of(self._rows, self._schema))
            self._rows.clear()

    def _keep(self, table: "pa.Table") -> None:
        self._chunks.append(table)
        self._chunk_rows += table.num_rows
        if self._chunk_rows >= _GROUP_ROWS:
            self._pack()

    def _pack(self) -> None:
        import pyarrow as pa  # noqa: PLC0415 - see require_pyarrow

        if self._chunks:
            self._writer.write_table(pa.concat_tables(self._chunks))
            self._chunks.clear()
            self._chunk_rows = 0


def _table_of(rows: list[Row], schema: "pa.Schema") -> "pa.Table":
    """Rows as a table: those of rejects, which are few; hits come as columns."""
    import pyarrow as pa  # noqa: PLC0415 - see require_pyarrow

    return pa.table([_array(field.type, [row.get(field.name) for row in rows]) for field in schema], schema=schema)


def _array(type_: "pa.DataType", values: list[Any]) -> "pa.Array":
    import pyarrow as pa  # noqa: PLC0415 - see require_pyarrow

    if pa.types.is_timestamp(type_):
        return pa.array(values, pa.string()).cast(type_)
    if pa.types.is_map(type_):
        values = [value and list(value.items()) for value in values]
    return pa.array(values, type_)


@lru_cache(maxsize=1)
def landing_schema() -> Any:
    """The columns that `hits` and `rejects` have together, as Arrow has them."""
    import pyarrow as pa  # noqa: PLC0415 - see require_pyarrow

    return pa.schema([(column.name, _arrow_type(column.type)) for column in LANDING])


def _arrow_type(glue_type: str) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - see require_pyarrow

    return {
        "string": pa.string(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("ms"),
        "array<string>": pa.list_(pa.string()),
        "array<struct<name:string,value:string>>": pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())])),
        "map<string,string>": pa.map_(pa.string(), pa.string()),
    }[glue_type]
