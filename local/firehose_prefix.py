"""Evaluate the prefixes under which Firehose writes, by its own rules, and refuse what it would refuse or quietly get wrong.

Source: "Understand custom prefixes for Amazon S3 objects" in the Amazon Data Firehose Developer Guide.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from footfall.errors import ConfigurationError

MAX_CHARACTERS: Final = 512

_EXPRESSION: Final = re.compile(r"!\{([^{}]*)\}")
_JAVA_PIECE: Final = re.compile(r"'([^']*)'|([A-Za-z])\2*|[^A-Za-z']+")
_STRFTIME: Final = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


@dataclass(frozen=True, slots=True)
class Prefix:
    """A prefix template such as `!{partitionKeyFromLambda:place}/date=!{partitionKeyFromLambda:date}/`.

    `check` it before use. A custom prefix takes the place of the default one: with dynamic partitioning nothing is appended
    (the guide's example of an evaluated prefix has no date after the last key).
    """

    template: str

    def partition_keys(self) -> tuple[str, ...]:
        """Names of the keys that the function has to give with each record."""
        return tuple(value for namespace, value in self._expressions() if namespace == "partitionKeyFromLambda")

    def evaluate(self, arrived_at: datetime, keys: Mapping[str, str] | None = None, *, error_output_type: str = "") -> str:
        """The prefix of one object: `arrived_at` (UTC) is the arrival of its oldest record."""
        values: dict[str, Callable[[str], str]] = {
            "partitionKeyFromLambda": lambda name: (keys or {})[name],
            "timestamp": lambda pattern: _java_time(pattern, arrived_at),
            "firehose": lambda name: error_output_type if name == "error-output-type" else secrets.token_hex(6)[:11],
        }

        def value_of(match: re.Match[str]) -> str:
            namespace, _, value = match[1].partition(":")
            return values[namespace](value)

        return _EXPRESSION.sub(value_of, self.template)

    def problems(self, *, is_error_prefix: bool) -> list[str]:
        """Name what Firehose would refuse, and what it would accept but nobody means."""
        found = [] if len(self.template) <= MAX_CHARACTERS else [f"longer than {MAX_CHARACTERS} characters"]
        if "!{" in _EXPRESSION.sub("", self.template):
            found.append("'!{' outside of an expression !{namespace:value}")
        for namespace, value in self._expressions():
            found += _problems_with(namespace, value, is_error_prefix=is_error_prefix)
        has_type = ("firehose", "error-output-type") in self._expressions()
        if is_error_prefix and self._expressions() and not has_type:
            found.append("an error prefix with expressions needs !{firehose:error-output-type}")
        return found

    def _expressions(self) -> list[tuple[str, str]]:
        return [(namespace, value) for namespace, _, value in (text.partition(":") for text in _EXPRESSION.findall(self.template))]


def check(prefix: Prefix, error_prefix: Prefix) -> None:
    """Refuse prefixes that cannot work.

    Raises:
        ConfigurationError: names every problem of both.
    """
    problems = [f"prefix {prefix.template!r}: {problem}" for problem in prefix.problems(is_error_prefix=False)]
    problems += [f"error prefix {error_prefix.template!r}: {problem}" for problem in error_prefix.problems(is_error_prefix=True)]
    if not prefix.partition_keys():
        problems.append(f"prefix {prefix.template!r}: dynamic partitioning needs at least one !{{partitionKeyFromLambda:name}}")
    if not error_prefix.template:
        problems.append("error prefix '': dynamic partitioning needs one")
    if problems:
        raise ConfigurationError("Firehose prefixes", problems)


def _problems_with(namespace: str, value: str, *, is_error_prefix: bool) -> Sequence[str]:
    shown = f"!{{{namespace}:{value}}}"
    match namespace, value:
        case "timestamp", _:
            return [f"{shown}: {problem}" for problem in _java_problems(value)]
        case "firehose", "random-string":
            return []
        case "firehose", "error-output-type":
            return [] if is_error_prefix else [f"{shown} belongs into the error prefix"]
        case "partitionKeyFromLambda", name if name:
            return [f"{shown} cannot be known of a record that failed"] if is_error_prefix else []
        case _:
            return [f"{shown} is not an expression of Firehose that this system uses"]


def _java_problems(pattern: str) -> list[str]:
    found = []
    if "Y" in re.sub(r"'[^']*'", "", pattern):
        found.append("'Y' is the year of the week, which is another year around New Year; write yyyy")
    if "".join(match[0] for match in _JAVA_PIECE.finditer(pattern)) != pattern or not pattern:
        found.append("an odd number of quotes, or nothing")
    known = ", ".join(_STRFTIME)
    letters = [match[0] for match in _JAVA_PIECE.finditer(pattern) if match[2] and "Y" not in match[0]]
    return found + [f"{piece!r}: allowed is {known}" for piece in letters if piece not in _STRFTIME]


def _java_time(pattern: str, at: datetime) -> str:
    def piece(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1]
        return at.strftime(_STRFTIME[match[0]]) if match[2] else match[0]

    return _JAVA_PIECE.sub(piece, pattern)
