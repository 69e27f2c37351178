"""The options of `footfall queue`: each belongs to some actions, numbers have bounds, and what is wrong is one clear line each."""

import pytest

from footfall.cli.main import main, parser
from footfall.cli.queue_options import ACTIONS, OPTIONS, settle
from footfall.errors import ConfigurationError

VALUES = {
    "--reason": "refused",
    "--destination": "matomo",
    "--since": "2h",
    "--limit": "3",
    "--watch": "5",
    "--event": "-",
    "--minutes": "2",
}


def chosen(*arguments):
    return parser().parse_args(["queue", *arguments])


@pytest.mark.parametrize(
    "arguments",
    [
        *[("status", "--watch", value) for value in ("-1", "0", "nan", "inf", "1e9", "often")],
        *[("process", "--minutes", value) for value in ("nan", "inf", "-1", "0")],
        *[("peek", "--limit", value) for value in ("0", "-3", "1.5", "x", "9" * 5000)],
    ],
    ids=lambda arguments: " ".join(arguments)[:30],
)
def test_a_number_out_of_bounds_is_told_what_is_allowed(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["queue", *arguments])

    assert 2 == stopped.value.code
    assert f"argument {arguments[1]}: '{arguments[2]}': allowed is a" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "seconds"), [((), None), (("--watch",), 5.0), (("--watch", "1.5"), 1.5)])
def test_a_watch_without_a_number_comes_again_every_five_seconds(arguments, seconds):
    namespace = chosen("status", *arguments)

    settle(namespace)

    assert seconds == namespace.watch


@pytest.mark.parametrize(
    ("option", "action"), [(option, action) for option in OPTIONS for action in ACTIONS if action not in option.actions]
)
def test_an_option_of_another_action_is_refused_in_one_line(option, action):
    given = (option.flag, VALUES[option.flag]) if option.flag in VALUES else (option.flag,)

    with pytest.raises(ConfigurationError) as refused:
        settle(chosen(action, *given))

    assert [f"{option.flag}: allowed is {' or '.join(option.actions)}, not {action}"] == [
        problem for problem in refused.value.problems if f"not {action}" in problem
    ]


def test_every_problem_is_listed_and_the_command_exits_2(capsys):
    assert 2 == main(["queue", "peek", "--watch", "5", "--yes", "--reason", "refusd"])

    said = capsys.readouterr().err
    assert all(flag in said for flag in ("3 problems", "--watch: ", "--yes: ", "'refusd'"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("redrive", "--from-failures", "--reason", "refused"),
        ("redrive", "--from-failures", "--all"),
        ("redrive", "--from-failures", "--since", "2h"),
        ("purge", "--all", "--reason", "refused"),
        ("purge",),
    ],
)
def test_options_that_contradict_each_other_are_refused(arguments):
    with pytest.raises(ConfigurationError, match="allowed is"):
        settle(chosen(*arguments))


def test_what_is_not_given_has_its_default():
    namespace = chosen("peek")

    settle(namespace)

    assert ("", 0, 20, False, 5.0) == (namespace.reason, namespace.since, namespace.limit, namespace.yes, namespace.minutes)
