"""What `footfall init` asks: which keys, by which flags, and again until an answer is allowed."""

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, TextIO

from footfall.cli.commented_toml import Values, check_text, explanations, with_values
from footfall.errors import ConfigurationError, RejectedError

NOTHING: Final = "-"
"""Typed for "none", where leaving an answer out means what the text says already."""

_SITE_KEYS: Final = ("site", "ids", "hosts")
_CERTIFICATE: Final = "edge.certificate_arn"
_DOMAINS: Final = "edge.domain_names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One key of footfall.toml; without `asks` it has a flag and is not asked for, without `meaning` the file's own comment is it."""

    flag: str
    key: str
    asks: str = ""
    meaning: str = ""
    is_list: bool = False


QUESTIONS: Final = (
    Question(flag="--name", key="name", asks="A name for this deployment"),
    Question(flag="--site", key="site", asks="A key for your site", meaning="the site's key: the partition of its rows"),
    Question(flag="--id", key="ids", asks="What trackers call the site", meaning="what trackers call it: a number, a UUID", is_list=True),
    Question(
        flag="--host", key="hosts", asks="Hosts of its pages", meaning="a host of its pages, for example www.example.org", is_list=True
    ),
    Question(flag="--ip", key="privacy.ip", asks="IP addresses"),
    Question(flag="--gpc", key="privacy.gpc", asks="Global Privacy Control"),
    Question(flag="--dnt", key="privacy.dnt", asks="Do Not Track"),
    Question(flag="--unknown-signal", key="privacy.unknown_signal"),
    Question(flag="--user-agent", key="privacy.user_agent"),
    Question(flag="--user-id", key="privacy.user_id"),
    Question(flag="--domain", key=_DOMAINS, asks="Your own host names for the pixel", meaning="a host name of your own", is_list=True),
    Question(flag="--certificate-arn", key=_CERTIFICATE, asks="The certificate for them", meaning="their certificate, in us-east-1"),
    Question(flag="--keep-days", key="lake.keep_days"),
    Question(flag="--alarm-topic-arn", key="alarms.topic_arn"),
)


class Terminal(Protocol):
    """Where questions are written and answers come from."""

    def readline(self) -> str:
        """Read one line, "" at the end."""


def add_flags(noun: argparse.ArgumentParser, text: str) -> None:
    """Add a flag for every question; what it means is what the text says beside the key."""
    beside = explanations(text)
    for question in QUESTIONS:
        meaning = (question.meaning or beside.get(question.key, question.key)).replace("%", "%%")
        action = "append" if question.is_list else "store"
        suffix = "; may be repeated" if question.is_list else ""
        name = question.flag.removeprefix("--").replace("-", "_").upper()
        noun.add_argument(question.flag, dest=question.key, action=action, metavar=name, help=meaning + suffix)


def values_of(chosen: argparse.Namespace) -> dict[str, Any]:
    """The answers that were given as flags."""
    given = {question.key: getattr(chosen, question.key) for question in QUESTIONS}
    return {key: _typed(key, value) for key, value in given.items() if value is not None}


def ask_all(text: str, answers: Terminal, prompts: TextIO) -> Values:
    """Ask each question until its answer is allowed.

    Raises:
        RejectedError: the answers ended before the questions did.
    """
    beside = explanations(text)
    shown = _shown_values(text)
    values: dict[str, Any] = {}
    prompts.write(f"Enter takes what stands in [brackets]; {NOTHING} means none. Several: with commas.\n")
    for question in QUESTIONS:
        if not question.asks or (question.key == _CERTIFICATE and not values.get(_DOMAINS, shown[_DOMAINS])):
            continue
        explained = question.meaning or beside.get(question.key, "")
        prompts.write(f"\n{question.asks}{f': {explained}' if explained else ''}\n")
        _ask(question, shown[question.key], text, values, answers, prompts)
    return values


def _ask(question: Question, default: Any, text: str, values: dict[str, Any], answers: Terminal, prompts: TextIO) -> None:
    while True:
        prompts.write(f"{question.flag.removeprefix('--')} [{', '.join(default) if question.is_list else default}]: ")
        prompts.flush()
        line = answers.readline()
        if not line:
            raise RejectedError("the answers ended before the questions did; nothing was written")
        if question.key == _CERTIFICATE and line.strip() == NOTHING:
            values[_DOMAINS] = ()
            values[_CERTIFICATE] = ""
            return
        value = _read_answer(question, line.strip(), default)
        problems = list(_problems(text, {**values, question.key: value}, question.key))
        if not problems:
            values[question.key] = value
            return
        prompts.write("".join(f"  {problem}\n" for problem in problems))


def _read_answer(question: Question, line: str, default: Any) -> Any:
    if not line:
        return default
    if question.is_list:
        return () if line == NOTHING else tuple(part for part in re.split(r"[,\s]+", line) if part)
    return "" if line == NOTHING else line


def _problems(text: str, values: Values, key: str) -> Iterator[str]:
    """What is wrong with one answer; what is still to be asked cannot be wrong yet."""
    try:
        with_values(text, values)
    except ConfigurationError as wrong:
        start = "sites" if key in _SITE_KEYS else key
        yield from (problem for problem in wrong.problems if problem.startswith((start, "not TOML")))


def _shown_values(text: str) -> dict[str, Any]:
    """What the text says now, by the keys of the questions."""
    configuration = check_text(text)
    site = next(iter(configuration.sites.registered))
    shown: dict[str, Any] = {"name": configuration.name, "site": site.key, "ids": site.ids, "hosts": site.hosts}
    for question in QUESTIONS:
        section, _, name = question.key.partition(".")
        if name:
            shown[question.key] = getattr(getattr(configuration, section), name)
    return shown


def _typed(key: str, value: Any) -> Any:
    """A whole number where the key takes one; what is not one stays text, and the configuration says what is allowed."""
    return int(value) if key == "lake.keep_days" and re.fullmatch(r"\d{1,6}", value) else value
