import io
import json

import pytest

from footfall.cli.main import main
from footfall.configuration import Configuration


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


@pytest.mark.parametrize("noun", ["configuration", "token"])
def test_every_noun_explains_itself_with_examples(noun, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([noun, "--help"])

    assert stopped.value.code == 0
    assert "examples:" in capsys.readouterr().out
