"""`footfall sql`: what a person types, and what comes back."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from footfall.cli import sql
from footfall.cli.main import main
from footfall.errors import RejectedError
from footfall.sql.answer import Answer
from footfall.sql.queries import queries
from footfall.sql.views import VIEWS
from tests.unit.test_sql import ANN, BOB, opened, tracked, write_lake

LAYER = Path(__file__).parents[2] / "lambdas" / "layer" / "python"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A lake of three page views by two visitors, and an opened mail."""
    folder = tmp_path_factory.mktemp("lake")
    write_lake(
        folder,
        tracked(0, ANN, page="/a"),
        tracked(1, ANN, page="/b", action_name='\x1b[31mred, "quoted" and long ' + "x" * 80),
        tracked(2, BOB, page="/a", dimension1="gold"),
        opened(3, mailing="m"),
    ).close()
    return folder


class FakeAthenaQueries:
    """Takes the place of the adapter; remembers what it was made with and what it was asked."""

    made: dict
    asked: str
    answer: Answer | RejectedError = Answer(columns=("n",), rows=((1,),), scanned_bytes=25_000_000, cost_usd=0.000125)

    def __init__(self, **options):
        type(self).made = options

    def run(self, statement):
        type(self).asked = statement
        if isinstance(self.answer, RejectedError):
            raise self.answer
        return self.answer


@pytest.fixture
def athena(monkeypatch):
    fake = type("Fake", (FakeAthenaQueries,), {})
    monkeypatch.setattr(sql, "AthenaQueries", fake)
    return fake


def test_a_statement_is_answered_as_a_table(folder, capsys):
    code = main(
        ["sql", "--lake", str(folder), "SELECT visitor_id, count(*) AS hits FROM sessions GROUP BY visitor_id ORDER BY visitor_id;"]
    )

    assert 0 == code
    assert f"visitor_id        hits\n----------------  ----\n{ANN}     1\n{BOB}     1\n2 rows\n" == capsys.readouterr().out


def test_what_a_client_sent_cannot_steer_the_terminal_nor_break_the_table(folder, capsys):
    main(["sql", "--lake", str(folder), "SELECT title FROM hits WHERE title IS NOT NULL"])

    title = capsys.readouterr().out.splitlines()[2]
    assert title.startswith("?[31mred, ")
    assert 60 == len(title)


def test_json_has_every_value_whole(folder, capsys):
    main(["sql", "--lake", str(folder), "--json", 'SELECT "date", event_time, title, dimensions FROM hits WHERE title IS NOT NULL'])

    document = json.loads(capsys.readouterr().out)
    assert ["date", "event_time", "title", "dimensions"] == document["columns"]
    (row,) = document["rows"]
    assert ("2026-11-18", "2026-11-18 11:06:41", None) == (row["date"], row["event_time"], row["dimensions"])
    assert row["title"].endswith("x" * 80)
    assert (None, None) == (document["scanned_bytes"], document["cost_usd"])


def test_csv_reads_back(folder, capsys):
    main(
        [
            "sql",
            "--lake",
            str(folder),
            "--csv",
            "SELECT title, dimensions, authenticated FROM hits WHERE url_path IN ('/a', '/b') ORDER BY event_time",
        ]
    )

    captured = capsys.readouterr()
    header, *rows = csv.reader(io.StringIO(captured.out))
    assert ["title", "dimensions", "authenticated"] == header
    assert 'red, "quoted" and long' in rows[1][0]
    assert ["", '{"1": "gold"}', "false"] == rows[2]
    assert "" == captured.err


def test_a_statement_may_come_from_standard_input(folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT count(*) AS n\nFROM hits;\n"))

    assert 0 == main(["sql", "--lake", str(folder), "--json", "-"])
    assert [{"n": 4}] == json.loads(capsys.readouterr().out)["rows"]


def test_a_documented_query_runs_by_name_as_of_a_day(folder, capsys):
    assert 0 == main(["sql", "--lake", str(folder), "--query", "pages", "--today", "2026-11-18", "--json"])
    assert [("/a", 2), ("/b", 1)] == [(row["url_path"], row["page_views"]) for row in json.loads(capsys.readouterr().out)["rows"]]

    assert 0 == main(["sql", "--lake", str(folder), "--query", "pages", "--today", "2027-11-18", "--json"])
    assert [] == json.loads(capsys.readouterr().out)["rows"]


def test_without_a_folder_the_lake_under_footfall_is_asked(tmp_path, capsys, monkeypatch):
    write_lake(tmp_path / ".footfall" / "demo" / "stores" / "s3" / "bucket", tracked(0)).close()
    monkeypatch.chdir(tmp_path)

    assert 0 == main(["sql", "--json", "SELECT count(*) AS n FROM hits"])
    assert [{"n": 1}] == json.loads(capsys.readouterr().out)["rows"]


def test_the_list_names_every_view_and_query(capsys):
    assert 0 == main(["sql", "--list"])
    shown = capsys.readouterr().out
    assert all(f"  {each.name} " in shown for each in (*VIEWS, *queries()))
    assert all(view.purpose in shown for view in VIEWS)

    assert 0 == main(["sql", "--list", "--json"])
    listed = json.loads(capsys.readouterr().out)
    assert [view.name for view in VIEWS] == [view["name"] for view in listed["views"]]
    assert ["hits_raw", "rejects"] == [table["name"] for table in listed["tables"]]
    assert [(query.name, query.question) for query in queries()] == [(query["name"], query["question"]) for query in listed["queries"]]


@pytest.mark.parametrize("name", ["sessions", "pages"])
def test_the_sql_of_a_view_or_a_query_can_be_read(name, capsys):
    assert 0 == main(["sql", "--show", name])
    (defined,) = (each.sql for each in (*VIEWS, *queries()) if each.name == name)
    assert defined + "\n" == capsys.readouterr().out


def test_on_athena_the_names_follow_footfall_toml_and_the_cost_is_shown(athena, tmp_path, capsys, monkeypatch):
    (tmp_path / "footfall.toml").write_text('name = "my-stage"\n')
    monkeypatch.chdir(tmp_path)

    assert 0 == main(["sql", "--athena", "--query", "pages"])

    assert ("my-stage", "my_stage", 300.0) == (athena.made["workgroup"], athena.made["database"], athena.made["timeout_s"])
    assert athena.asked == next(query.sql for query in queries() if query.name == "pages")
    assert "n\n-\n1\n1 row\nscanned 25 MB, about $0.0001 at list price\n" == capsys.readouterr().out


def test_on_athena_names_and_patience_can_be_given_and_csv_keeps_the_cost_out_of_the_rows(athena, capsys):
    arguments = ["--athena", "--workgroup", "w", "--database", "d", "--timeout", "9", "--csv"]

    assert 0 == main(["sql", *arguments, "SELECT 1 AS n"])

    captured = capsys.readouterr()
    assert ("w", "d", 9.0) == (athena.made["workgroup"], athena.made["database"], athena.made["timeout_s"])
    assert ("n\n1\n", "scanned 25 MB, about $0.0001 at list price\n") == (captured.out, captured.err)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["SELECT nothing FROM hits"], "nothing"),
        (["SELEC 1"], "syntax error"),
        (["SELECT * FROM visits"], "visits"),
        (["  "], "the SQL statement is empty"),
    ],
)
def test_what_cannot_be_answered_is_told_in_one_line_with_exit_code_1(folder, arguments, told, capsys):
    assert 1 == main(["sql", "--lake", str(folder), *arguments])

    captured = capsys.readouterr()
    assert "" == captured.out
    assert captured.err.startswith("footfall: ")
    assert told in captured.err
    assert 1 == captured.err.count("\n")


def test_athenas_refusal_is_exit_code_1(athena, capsys):
    athena.answer = RejectedError("Athena: failed: no such table")

    assert 1 == main(["sql", "--athena", "SELECT 1"])
    assert "footfall: Athena: failed: no such table\n" == capsys.readouterr().err


def test_without_any_lake_the_error_says_how_to_get_one(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert 1 == main(["sql", "SELECT 1"])
    assert "footfall: no .footfall/ here: name a folder with --lake, use --athena, or run make demo first\n" == capsys.readouterr().err

    assert 1 == main(["sql", "--lake", "nowhere", "SELECT 1"])
    assert "no rows in nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--query", "nope"], "no query is called 'nope'"),
        (["--show", "nope"], "no query is called 'nope'"),
        (["--query", "pages", "--today", "yesterday"], "'yesterday' is not a day, for example 2026-11-20"),
        (["--lake", "x", "--athena", "SELECT 1"], "not allowed with"),
        (["--json", "--csv", "SELECT 1"], "not allowed with"),
        ([], "required"),
        (["--list", "SELECT 1"], "not allowed with"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments, told, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["sql", *arguments])

    assert 2 == stopped.value.code
    assert told in capsys.readouterr().err


def test_a_wrong_footfall_toml_is_exit_code_2(athena, tmp_path, capsys, monkeypatch):
    (tmp_path / "footfall.toml").write_text("name = 1\n")
    monkeypatch.chdir(tmp_path)

    assert 2 == main(["sql", "--athena", "SELECT 1"])
    assert "name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("missing", "options", "told"),
    [
        ("duckdb", [], "footfall: SQL on a folder needs DuckDB: pip install footfall[sql]\n"),
        ("botocore", ["--athena"], "footfall: SQL on Athena needs boto3: pip install footfall[aws]\n"),
    ],
)
def test_what_is_not_installed_is_named_with_how_to_install_it(folder, missing, options, told):
    run = f"import sys; sys.modules['{missing}'] = None; from footfall.cli.main import main; sys.exit(main(sys.argv[1:]))"

    done = in_a_process_of_its_own(run, "sql", *(options or ["--lake", str(folder)]), "SELECT 1")

    assert (1, "", told) == (done.returncode, done.stdout, done.stderr)


def test_listing_needs_neither_duckdb_nor_boto3():
    listed = (
        "import sys; from footfall.cli.main import main; main(['sql', '--list']); print({'duckdb', 'boto3', 'pyarrow'} & set(sys.modules))"
    )

    assert "set()" == in_a_process_of_its_own(listed).stdout.splitlines()[-1]


def in_a_process_of_its_own(program, *arguments):
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={"PYTHONPATH": str(LAYER), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_has_examples_and_exit_codes(capsys):
    with pytest.raises(SystemExit):
        main(["sql", "--help"])

    shown = capsys.readouterr().out
    assert "examples:" in shown
    assert "exit codes:\n  0   answered\n  1   could not be answered; one line says why\n  2   " in shown
