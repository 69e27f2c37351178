"""Write rows as Parquet with the landing schema: what Firehose's conversion makes of the same JSON."""

import io
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import orjson

from footfall.errors import ConfigurationError
from footfall.hits.schema import LANDING

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK_BYTES: Final = 1 << 22
_CHUNK_ROWS: Final = 2_000
_GROUP_CHUNKS: Final = 10
"""A row group of 20,000 rows is converted in chunks: at once, it takes 200 MB more and is no faster (bench import)."""
_NAMED: Final = "dimensions"
_NAMED_KEY: Final = b'"dimensions":'
_DIMENSIONS: Final = re.compile(rb'"dimensions":(\{(?:"(?:[^"\\]|\\.)*":"(?:[^"\\]|\\.)*",?)*\})')
"""The one map in a row's JSON. Inside a string its quotes would be escaped, so this finds the column and nothing else."""


def require_pyarrow() -> None:
    """Say how to install pyarrow, before anything is read.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import pyarrow.json  # noqa: F401, PLC0415 - 112 to 158 ms and 149 MB (bench performance): only an import needs it
    except ImportError as missing:
        raise ConfigurationError("import", ["pyarrow is not installed: pip install footfall[import]"]) from missing


class RowGroups:
    """One Parquet object in the making: rows go in one by one, and are packed as soon as a row group is full."""

    def __init__(self) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - see require_pyarrow

        self._schema = _schema()
        self._readable = self._schema.remove(self._schema.get_field_index(_NAMED))
        self._buffer = io.BytesIO()
        self._writer = pq.ParquetWriter(self._buffer, self._schema, compression="snappy")  # as Firehose does
        self._waiting: list[bytes] = []
        self._chunks: list[pa.Table] = []

    def add(self, row: bytes) -> None:
        """Add a row as `orjson` wrote it."""
        self._waiting.append(row)
        if len(self._waiting) >= _CHUNK_ROWS:
            self._convert()
            if len(self._chunks) >= _GROUP_CHUNKS:
                self._pack()

    def close(self) -> bytes:
        """The object: its bytes depend on nothing but the rows and the version of pyarrow."""
        self._convert()
        self._pack()
        self._writer.close()
        return self._buffer.getvalue()

    def _convert(self) -> None:
        if self._waiting:
            self._chunks.append(self._table(self._waiting))
            self._waiting.clear()

    def _pack(self) -> None:
        import pyarrow as pa  # noqa: PLC0415 - see require_pyarrow

        if self._chunks:
            self._writer.write_table(pa.concat_tables(self._chunks))
            self._chunks.clear()

    def _table(self, rows: Sequence[bytes]) -> "pa.Table":
        """Pyarrow's JSON reader takes 15 us for a row of which Python would need 64 to make columns; maps alone it cannot read."""
        import pyarrow as pa  # noqa: PLC0415 - see require_pyarrow
        import pyarrow.json as pj  # noqa: PLC0415 - see require_pyarrow

        table = pj.read_json(
            pa.BufferReader(b"\n".join(rows)),
            read_options=pj.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
            parse_options=pj.ParseOptions(explicit_schema=self._readable, unexpected_field_behavior="ignore"),
        )
        position = self._schema.get_field_index(_NAMED)
        field = self._schema.field(position)
        return table.add_column(position, field, pa.array([_dimensions(row) for row in rows], field.type))


@lru_cache(maxsize=1)
def _schema() -> Any:
    import pyarrow as pa  # noqa: PLC0415 - see require_pyarrow

    return pa.schema([(column.name, _arrow_type(column.type)) for column in LANDING])


def _dimensions(row: bytes) -> list[tuple[str, str]] | None:
    start = row.find(_NAMED_KEY)
    found = _DIMENSIONS.match(row, start) if start >= 0 else None
    return None if found is None else list(orjson.loads(found[1]).items())


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
