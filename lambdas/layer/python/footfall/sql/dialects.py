"""What differs between the engines although the SQL is one: names of types, and how Glue stores a view for Athena."""

import base64
import json
from typing import Final

from footfall.hits import schema
from footfall.sql.views import DATE, View

TRINO_TYPES: Final = {
    schema.TEXT: "varchar",
    schema.INTEGER: "bigint",
    schema.DECIMAL: "double",
    schema.FLAG: "boolean",
    schema.TIME: "timestamp(3)",
    DATE: "date",
    schema.TEXTS: "array(varchar)",
    schema.PAIRS: 'array(row("name" varchar, "value" varchar))',
    schema.NAMED: "map(varchar, varchar)",
}
"""Glue's type name to Athena's."""

DUCKDB_TYPES: Final = {
    schema.TEXT: "VARCHAR",
    schema.INTEGER: "BIGINT",
    schema.DECIMAL: "DOUBLE",
    schema.FLAG: "BOOLEAN",
    schema.TIME: "TIMESTAMP",
    DATE: "DATE",
    schema.TEXTS: "VARCHAR[]",
    schema.PAIRS: 'STRUCT("name" VARCHAR, "value" VARCHAR)[]',
    schema.NAMED: "MAP(VARCHAR, VARCHAR)",
}
"""Glue's type name to DuckDB's."""

EXPANDED_TEXT: Final = "/* Presto View */"


def presto_view(view: View, *, database: str) -> str:
    """The text by which Athena knows a Glue table of type VIRTUAL_VIEW as a view over tables of `database`.

    AWS does not document it; it is how Trino's Hive connector stores views (HiveViewCodec, ConnectorViewDefinition) and what
    Athena's CREATE VIEW leaves in Glue: a comment around base64 of JSON.
    """
    definition = {
        "originalSql": view.sql,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": column.name, "type": TRINO_TYPES[column.type]} for column in view.columns],
    }
    return f"/* Presto View: {base64.b64encode(json.dumps(definition).encode()).decode()} */"
