"""`footfall import` says in one line what became of each file, accounts for every line, and ends with a documented code."""

import gzip
import io
import json

import pytest

from footfall.cli.import_report import Progress
from footfall.cli.main import main
from tests.builders import FIELDS, a_log_line

HEADER = "#Version: 1.0\n#Fields: date time c-ip cs-method cs(Host) cs-uri-stem sc-status cs(User-Agent) cs-uri-query x-edge-request-id\n"
STANDARD = "2025-11-18\t09:06:40\t203.0.113.7\tGET\td111111abcdef8.cloudfront.net\t/1x1.png\t200\tcurl/8\t-\tabcdef==\n"
PAST = {"timestamp": "1763456800.397"}  # 2025-11-18


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "footfall.toml").write_text("")
    return tmp_path


def run(capsys, *arguments):
    code = main(["import", *map(str, arguments)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_a_file_is_imported_and_every_line_accounted_for(folder, capsys):
    (folder / "lines.gz").write_bytes(gzip.compress((a_log_line(**PAST) + "damaged\n").encode()))

    code, out, err = run(capsys, "lines.gz")

    assert (0, "") == (code, err)
    assert "lines.gz: imported (real-time), 2 lines: 1 rows, 1 rejects, 0 suppressed, 0 comments, 0 skipped; 2 objects" in out
    assert "2 lines = 1 rows + 1 rejects + 0 suppressed + 0 comments + 0 skipped\n  rows: main 1\n  rejects: column_count 1\n" in out
    assert "lines/s" in out
    assert 2 == len(list((folder / ".footfall/lake").rglob("*.parquet")))


def test_a_second_import_says_so(folder, capsys):
    (folder / "lines.log").write_text(a_log_line(**PAST))
    run(capsys, "lines.log")

    code, out, _ = run(capsys, "lines.log")

    assert 0 == code
    assert "lines.log: already imported, 1 lines: 0 rows, 0 rejects, 0 suppressed, 0 comments, 1 skipped" in out


def test_a_file_that_fails_costs_its_neighbours_nothing(folder, capsys):
    (folder / "logs").mkdir()
    (folder / "logs/a.txt").write_text("not a log\n")
    (folder / "logs/b.log").write_text(a_log_line(**PAST))

    code, out, _ = run(capsys, "missing", "logs", "--lake", "lake", "--json")

    document = json.loads(out)
    assert (1, {"failed": 2, "imported": 1}) == (code, document["outcomes"])
    assert {
        "missing": "missing: no file there",
        "logs/a.txt": "no line looks like a CloudFront log: real-time, standard (W3C) or JSON",
        "logs/b.log": None,
    } == {file["name"]: file["error"] for file in document["files"]}
    assert (1, 0) == (document["account"]["lines"], document["account"]["unaccounted"])


def test_a_log_without_signals_is_said_loudly(folder, capsys):
    (folder / "standard.log").write_text(HEADER + STANDARD)

    _, out, _ = run(capsys, "standard.log")

    assert "! 1 lines are of a format that holds neither Sec-GPC nor DNT; both are taken as sent: 1 lines suppressed for that alone" in out
    assert '! (privacy.gpc = "drop", dnt = "strip", unknown_signal = "on"; docs/import.md says what to weigh)' in out


def test_policy_is_in_the_file_and_its_price_is_said_too(folder, capsys):
    (folder / "footfall.toml").write_text('[privacy]\nunknown_signal = "off"\n')
    (folder / "standard.log").write_text(HEADER + STANDARD)

    _, out, _ = run(capsys, "standard.log")

    assert "1 rows" in out
    assert "both are taken as NOT sent: visitors who asked not to be tracked may be among these rows" in out


def test_a_dry_run_names_the_objects_and_writes_none(folder, capsys):
    (folder / "lines.log").write_text(a_log_line(**PAST))

    code, out, _ = run(capsys, "--dry-run", "lines.log")

    assert 0 == code
    assert "lines.log: would be imported (real-time), 1 lines: 1 rows" in out
    assert "\n  hits/site=main/date=2025-11-18/import-" in out
    assert "dry run: nothing was written" in out
    assert not (folder / ".footfall").exists()


def test_another_field_list_is_named_on_the_command_line(folder, capsys):
    fields = ["s-ip", *reversed(FIELDS), "cmcd-version"]
    (folder / "lines.log").write_text(a_log_line(fields, s_ip="192.0.2.1", **PAST))

    code, out, _ = run(capsys, "lines.log", "--format", "real-time", "--fields", ",".join(fields))

    assert 0 == code
    assert "imported (real-time), 1 lines: 1 rows" in out


def test_a_field_list_that_cannot_work_lists_every_problem(folder, capsys):
    code, out, err = run(capsys, "lines.log", "--fields", ",".join([*FIELDS[1:], FIELDS[1]]))

    assert (2, "") == (code, out)
    assert "--fields: 2 problems\n  - 'timestamp' is required: without it a line cannot become a hit\n  - 'c-ip' is there 2 times\n" == err


@pytest.mark.parametrize("lake", ["s3://", "s3:///prefix"])
def test_a_lake_without_a_bucket_is_refused(folder, capsys, lake):
    code, _, err = run(capsys, "lines.log", "--lake", lake)

    assert 2 == code
    assert f"{lake!r}: allowed is a folder, or s3://bucket" in err


def test_ctrl_c_ends_it_in_one_line_with_the_account_so_far(folder, capsys, monkeypatch):
    for name in ("a.log", "b.log"):
        (folder / name).write_text(a_log_line(x_edge_request_id=f"id-{name}", **PAST))
    told = []

    def interrupt(self, size_bytes, lines):
        told.append(lines)
        if sum(told) > 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "advance", interrupt)

    code, out, err = run(capsys, "a.log", "b.log")
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    again, resumed, _ = run(capsys, "a.log", "b.log")

    assert (130, "footfall: interrupted; the same command goes on where this ended\n") == (code, err)
    assert "files: 1 imported" in out
    assert 0 == again
    assert "files: 1 already imported, 1 imported" in resumed


def test_on_a_terminal_a_bar_shows_how_far_it_is(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    clock = iter(range(100))
    monkeypatch.setattr("footfall.cli.import_report.time.monotonic", lambda: float(next(clock)))
    terminal = Terminal()

    with Progress(terminal) as progress:
        progress.expect(1_000)
        progress.advance(500, 2_000)

    assert "[###############               ]  50%  2,000 lines, 2,000/s" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_the_help_has_examples_and_exit_codes(capsys):
    with pytest.raises(SystemExit):
        main(["import", "--help"])

    shown = capsys.readouterr().out
    assert "footfall import --dry-run logs/" in shown
    assert "130 interrupted" in shown
