"""The command line as a whole: what every noun promises, and the two small ones, configuration and token."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from footfall.cli import manual
from footfall.cli.main import main, parser
from footfall.configuration import Configuration

REPOSITORY = Path(__file__).parents[2]
NAMES = ["init", "configuration", "token", "snippet", "doctor", "queue", "import", "sql"]


def test_a_wrong_file_lists_its_problems_and_exits_2(tmp_path, capsys):
    path = tmp_path / "footfall.toml"
    path.write_text("[edge]\nsampling_rate = 0\n[lake]\nremoval = 'never'\n")

    assert main(["configuration", str(path)]) == 2
    errors = capsys.readouterr().err
    assert "edge.sampling_rate = 0" in errors
    assert "lake.removal = 'never'" in errors


def test_a_good_file_is_shown_with_its_defaults(tmp_path, capsys):
    path = tmp_path / "footfall.toml"
    path.write_text("")

    assert main(["configuration", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(Configuration().to_json())


def test_a_given_token_is_never_printed_and_its_line_is_accepted(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("my-own-secret-token\n"))

    assert main(["token", "--stdin", "--json"]) == 0
    printed = capsys.readouterr().out
    assert "my-own-secret-token" not in printed
    Configuration.from_document({"privacy": {"accepted_tokens": [json.loads(printed)["accepted_tokens"]]}})


def test_no_token_on_standard_input_is_said_and_exits_2(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    assert main(["token", "--stdin"]) == 2
    assert capsys.readouterr().err == "--stdin: 1 problem\n  - no token on standard input: allowed is one line\n"


def help_of(capsys, *noun):
    with pytest.raises(SystemExit) as stopped:
        main([*noun, "--help"])
    assert stopped.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("noun", NAMES)
def test_every_noun_explains_itself_with_examples_and_exit_codes_and_talks_to_programs(noun, capsys):
    shown = help_of(capsys, noun)

    assert shown.count(f"\n  footfall {noun}") >= 2
    assert all(re.search(rf"^  {code} +\S", shown, re.MULTILINE) for code in (0, 1, 2, 130))
    assert "--json" in shown


def test_the_command_lists_its_nouns_with_examples_and_exit_codes(capsys):
    shown = help_of(capsys)

    assert all(f"    {noun}" in shown for noun in NAMES)
    assert "examples:\n  footfall init" in shown
    assert "exit codes:\n  0   done" in shown


@pytest.mark.parametrize("noun", NAMES)
def test_every_example_is_a_command_line_that_is_understood(noun, capsys):
    examples = re.findall(rf"^  footfall ({noun}\b.*)$", help_of(capsys, noun), re.MULTILINE)

    for example in examples:
        command = re.split(r"\s{2,}|\s[<>]\s", example)[0].replace("FILE…", "FILE")
        parser().parse_args(shlex.split(command))


def test_the_page_about_the_command_line_is_current():
    """Run `python -m footfall.cli.manual` when this fails."""
    assert manual.page() == (REPOSITORY / manual.PAGE).read_text("utf-8")


def test_a_reader_who_has_enough_ends_it_without_a_traceback(tmp_path):
    (tmp_path / "footfall.toml").write_text("")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "lambdas/layer/python"), "PYTHONUNBUFFERED": "1"}
    reading, writing = os.pipe()
    os.close(reading)

    command = [sys.executable, "-m", "footfall.cli", "configuration", "--json"]
    with os.fdopen(writing, "wb") as closed:
        ended = subprocess.run(command, cwd=tmp_path, env=environment, stdout=closed, stderr=subprocess.PIPE, check=False)

    assert (1, b"") == (ended.returncode, ended.stderr)
