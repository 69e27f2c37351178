"""What Glue and Athena get of the one SQL source: views Athena can read back, and queries people find saved."""

import base64
import json
from typing import Any

import pytest
import sqlglot

from footfall.sql.dialects import TRINO_TYPES
from footfall.sql.queries import queries
from footfall.sql.views import VIEWS
from stacks.constructs.catalog import SCAN_LIMIT_BYTES
from tests.infra.templates import Templates

every_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)


def definition_of(templates: Templates, name: str) -> dict[str, Any]:
    """What Athena reads out of a view's table."""
    text = templates.table(name)["ViewOriginalText"]
    before, encoded, after = text.partition("/* Presto View: ")[2].partition(" */")
    assert ("", " */") == (after, encoded)
    decoded: dict[str, Any] = json.loads(base64.b64decode(before, validate=True))
    return decoded


@every_view
def test_athena_reads_back_the_sql_of_the_one_source(shipped: Templates, view: Any) -> None:
    definition = definition_of(shipped, view.name)

    assert {"originalSql", "catalog", "schema", "columns"} == definition.keys()
    assert (view.sql, "awsdatacatalog") == (definition["originalSql"], definition["catalog"])
    assert isinstance(sqlglot.parse_one(definition["originalSql"], read="athena"), sqlglot.exp.Select)


@every_view
def test_a_view_looks_for_its_tables_in_the_database_it_lies_in(shipped: Templates, tailored: Templates, view: Any) -> None:
    for templates in (shipped, tailored):
        database = templates.only("AWS::Glue::Database")
        assert database.properties["DatabaseInput"]["Name"] == definition_of(templates, view.name)["schema"]
        (table,) = (each for each in templates.of("AWS::Glue::Table") if each.properties["TableInput"]["Name"] == view.name)
        assert {"Ref": database.id} == table.properties["DatabaseName"]


@every_view
def test_glue_and_athena_are_told_the_same_columns_in_the_same_order(shipped: Templates, view: Any) -> None:
    """Athena refuses a view whose columns are not those of its SELECT; that they are is tested on DuckDB."""
    columns = shipped.table(view.name)["StorageDescriptor"]["Columns"]

    assert [(column.name, column.type) for column in view.columns] == [(column["Name"], column["Type"]) for column in columns]
    assert [(column["Name"], TRINO_TYPES[column["Type"]]) for column in columns] == [
        (column["name"], column["type"]) for column in definition_of(shipped, view.name)["columns"]
    ]
    assert all(0 < len(column["Comment"]) <= 255 for column in columns)


@every_view
def test_glue_marks_a_view_as_athena_does(shipped: Templates, view: Any) -> None:
    table = shipped.table(view.name)

    assert "VIRTUAL_VIEW" == table["TableType"]
    assert "true" == table["Parameters"]["presto_view"]
    assert "/* Presto View */" == table["ViewExpandedText"]
    assert "" == table["StorageDescriptor"]["Location"]
    assert view.purpose == table["Description"]
    assert len(table["ViewOriginalText"]) <= 409_600


def test_every_documented_query_is_saved_in_the_workgroup_under_its_name(shipped: Templates) -> None:
    workgroup = shipped.only("AWS::Athena::WorkGroup")
    database = shipped.only("AWS::Glue::Database")
    saved = {each.properties["Name"]: each.properties for each in shipped.of("AWS::Athena::NamedQuery")}

    assert {query.name: (query.sql, query.question) for query in queries()} == {
        name: (each["QueryString"], each["Description"]) for name, each in saved.items()
    }
    assert all({"Ref": workgroup.id} == each["WorkGroup"] for each in saved.values())
    assert all({"Ref": database.id} == each["Database"] for each in saved.values())
    assert all(len(each["Description"]) <= 1024 and len(each["QueryString"]) <= 262_144 for each in saved.values())


def test_a_query_that_forgets_its_bounds_ends_at_the_scan_limit(shipped: Templates) -> None:
    configuration = shipped.only("AWS::Athena::WorkGroup").properties["WorkGroupConfiguration"]

    assert SCAN_LIMIT_BYTES == configuration["BytesScannedCutoffPerQuery"]
    assert configuration["EnforceWorkGroupConfiguration"]
