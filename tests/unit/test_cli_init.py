"""`footfall init` writes the repository's own commented file with the answers put in, whole or not at all."""

import io
import json
import tomllib
from pathlib import Path

import pytest

from footfall.cli import init
from footfall.cli.commented_toml import commented_text, explanations, with_values
from footfall.cli.main import main
from footfall.cli.questions import QUESTIONS
from footfall.configuration import Configuration
from footfall.errors import ConfigurationError

SHIPPED = Path(__file__).parents[2] / "footfall.toml"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/a"


class Terminal(io.StringIO):
    """Standard input that a person types into."""

    def isatty(self):
        return True


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return tmp_path


def type_in(monkeypatch, *lines):
    monkeypatch.setattr("sys.stdin", Terminal("".join(f"{line}\n" for line in lines)))


def comments(text):
    return [line[line.index("#") :].rstrip() for line in text.splitlines() if "#" in line]


def test_without_answers_it_writes_what_the_shipped_file_means(folder):
    assert 0 == main(["init"])

    assert Configuration.load(SHIPPED) == Configuration.load(folder / "footfall.toml")
    assert SHIPPED.read_text("utf-8") == (folder / "footfall.toml").read_text("utf-8")


def test_the_text_is_the_repository_s_own_file_and_no_copy():
    assert SHIPPED.samefile(Path(init.__file__).with_name("footfall.toml"))
    assert SHIPPED.read_text("utf-8") == commented_text()


def test_the_installed_package_has_the_text_too():
    document = tomllib.loads((SHIPPED.parent / "pyproject.toml").read_text("utf-8"))

    assert "cli/footfall.toml" in document["tool"]["setuptools"]["package-data"]["footfall"]


def test_every_answer_given_as_a_flag_is_at_its_key_and_every_comment_stays(folder):
    code = main(
        [
            *("init", "stage.toml", "--name", "stage", "--site", "shop", "--id", "7", "--id", "8", "--host", "www.example.org"),
            *("--ip", "hash", "--gpc", "strip", "--dnt", "keep", "--unknown-signal", "off", "--user-agent", "drop"),
            *("--user-id", "authenticated", "--domain", "pixel.example.org", "--certificate-arn", CERTIFICATE),
            *("--keep-days", "395", "--alarm-topic-arn", "arn:aws:sns:eu-central-1:123456789012:alarms"),
        ]
    )

    written = (folder / "stage.toml").read_text("utf-8")
    document = tomllib.loads(written)
    assert 0 == code
    assert {"default": "shop", "shop": {"ids": ["7", "8"], "hosts": ["www.example.org"]}} == document["sites"]
    assert ("stage", "hash", "strip", 395) == (
        document["name"],
        document["privacy"]["ip"],
        document["privacy"]["gpc"],
        document["lake"]["keep_days"],
    )
    assert ["pixel.example.org"] == document["edge"]["domain_names"]
    expected = [each.replace("site=main/", "site=shop/") for each in comments(commented_text())]
    assert expected == comments(written)


def test_every_question_is_about_a_key_that_the_file_explains():
    text = commented_text()

    assert all(question.meaning or explanations(text)[question.key] for question in QUESTIONS)


def test_answers_that_are_not_allowed_are_all_listed_and_nothing_is_written(folder, capsys):
    code = main(["init", "--site", "No Good", "--ip", "maybe", "--keep-days", "long", "--domain", "pixel.example.org"])

    errors = capsys.readouterr().err
    assert 2 == code
    assert "privacy.ip = 'maybe': allowed is one of truncate, hash, drop, keep" in errors
    assert "lake.keep_days = 'long': allowed is a whole number from 1 to 36500" in errors
    assert "edge.certificate_arn = '': allowed is the ARN of a certificate for domain_names" in errors
    assert "sites.No Good" in errors
    assert [] == list(folder.iterdir())


@pytest.mark.parametrize("site", ["default", '"', "a]", "\\", ""])
def test_no_site_key_breaks_the_file(folder, capsys, site):
    assert 2 == main(["init", "--site", site])
    assert "problem" in capsys.readouterr().err


def test_a_file_that_is_there_stays_unless_it_is_forced(folder, capsys):
    file = folder / "footfall.toml"
    file.write_text("name = 'mine'\n")
    file.chmod(0o640)

    refused = main(["init", "--name", "other"])
    kept = file.read_text()
    forced = main(["init", "--name", "other", "--force"])

    assert (1, "name = 'mine'\n", 0) == (refused, kept, forced)
    assert "footfall.toml is there already; --force overwrites it" in capsys.readouterr().err
    assert "other" == Configuration.load(file).name
    assert 0o640 == file.stat().st_mode & 0o777


def test_a_write_that_fails_leaves_the_old_file_whole_and_nothing_beside_it(folder, capsys, monkeypatch):
    file = folder / "footfall.toml"
    file.write_text("name = 'mine'\n")

    def fail(_number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("footfall.cli.init.os.fsync", fail)

    assert 1 == main(["init", "--force"])
    assert "footfall: footfall.toml cannot be written: No space left on device\n" == capsys.readouterr().err
    assert [(file, "name = 'mine'\n")] == [(each, each.read_text()) for each in folder.iterdir()]


def test_a_folder_that_is_not_there_gives_one_clear_line(folder, capsys):
    assert 1 == main(["init", "absent/footfall.toml"])
    assert "footfall: absent/footfall.toml cannot be written: No such file or directory\n" == capsys.readouterr().err


def test_on_a_terminal_it_asks_and_enter_takes_what_is_shipped(folder, monkeypatch, capsys):
    type_in(monkeypatch, *[""] * 8)

    assert 0 == main(["init"])

    shown = capsys.readouterr()
    assert "ip [truncate]: " in shown.err
    assert "truncate (IPv4 /24, IPv6 /48), hash (with the daily salt), drop, keep" in shown.err
    assert "footfall doctor footfall.toml" in shown.out
    assert Configuration() == Configuration.load(folder / "footfall.toml")


def test_a_wrong_answer_is_asked_again_with_what_is_allowed(folder, monkeypatch, capsys):
    type_in(monkeypatch, "", "My Shop", "shop", "1, 2", "https://www.example.org", "www.example.org", "most", "drop", "", "", "")

    assert 0 == main(["init"])

    asked = capsys.readouterr().err
    assert 2 == asked.count("site [main]: ")
    assert "allowed is a host name in lower case, without scheme, port or path" in asked
    assert "privacy.ip = 'most': allowed is one of truncate, hash, drop, keep" in asked
    configuration = Configuration.load(folder / "footfall.toml")
    assert ("shop", ("1", "2"), ("www.example.org",)) == (
        configuration.sites.default,
        *(getattr(configuration.sites.registered[0], name) for name in ("ids", "hosts")),
    )
    assert "drop" == configuration.privacy.ip


@pytest.mark.parametrize(
    ("answers", "domains"), [(["", "no arn", CERTIFICATE], ("pixel.example.org",)), (["-"], ())], ids=["asked again", "done without"]
)
def test_a_host_name_of_one_s_own_needs_its_certificate_or_is_given_up(folder, monkeypatch, answers, domains):
    type_in(monkeypatch, *[""] * 7, "pixel.example.org", *answers)

    assert 0 == main(["init"])
    assert domains == Configuration.load(folder / "footfall.toml").edge.domain_names


def test_answers_that_end_early_write_nothing(folder, monkeypatch, capsys):
    type_in(monkeypatch, "footfall")

    assert 1 == main(["init"])
    assert "nothing was written" in capsys.readouterr().err
    assert [] == list(folder.iterdir())


def test_ctrl_c_ends_it_in_one_line(folder, monkeypatch, capsys):
    def interrupt(self):
        raise KeyboardInterrupt

    type_in(monkeypatch)
    monkeypatch.setattr(Terminal, "readline", interrupt)

    assert 130 == main(["init"])
    assert capsys.readouterr().err.endswith("\nfootfall: interrupted\n")
    assert [] == list(folder.iterdir())


def test_a_program_is_told_what_was_written(folder, capsys):
    assert 0 == main(["init", "--json", "--gpc", "keep"])

    document = json.loads(capsys.readouterr().out)
    assert ("footfall.toml", "keep") == (document["file"], document["configuration"]["privacy"]["gpc"])
    assert any(line.startswith("footfall doctor") for line in document["next"])


def test_a_text_that_was_edited_is_not_written_to_by_guess():
    edited = commented_text().replace("[privacy]\nip ", "[privacy]\n# ip ")
    several = commented_text().replace("[privacy]", "[sites.other]\n[privacy]")

    with pytest.raises(ConfigurationError, match=r"privacy\.ip: the text has no line `ip = …`"):
        with_values(edited, {"privacy.ip": "drop"})
    with pytest.raises(ConfigurationError, match="registers 2 sites and init writes one"):
        with_values(several, {"site": "shop"})
