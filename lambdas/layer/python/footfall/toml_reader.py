"""Read a parsed TOML document with every problem remembered under its full key, so that a person mends all at once."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_SHOWN: Final = 80


class TableReader:
    """One table of the document: hands out checked values and remembers what is wrong, under its full key."""

    def __init__(self, table: Any, prefix: str = "", problems: list[str] | None = None) -> None:
        self.problems = [] if problems is None else problems
        self.prefix = prefix
        self.table: dict[str, Any] = dict(table) if isinstance(table, Mapping) else {}
        if not isinstance(table, Mapping):
            self.problem("", table, "a table")

    def problem(self, key: str, value: Any, allowed: str) -> None:
        """Remember that a key has a value that is not allowed; a long value is shown cut."""
        shown = repr(value)
        shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
        self.problems.append(f"{(self.prefix + key).rstrip('.')} = {shown}: allowed is {allowed}")

    def section(self, key: str) -> "TableReader":
        """Hand out a table of this table."""
        return TableReader(self.table.pop(key, {}), f"{self.prefix}{key}.", self.problems)

    def text(self, key: str, default: str, *, pattern: re.Pattern[str], allowed: str) -> str:
        """Hand out a text that matches `pattern` (the default always does)."""
        value = self.table.pop(key, default)
        if isinstance(value, str) and (value == default or pattern.fullmatch(value)):
            return value
        self.problem(key, value, allowed)
        return default

    def choice(self, key: str, default: str, choices: Sequence[str]) -> str:
        """Hand out one of `choices`."""
        value = self.table.pop(key, default)
        if value in choices and isinstance(value, str):
            return value
        self.problem(key, value, "one of " + ", ".join(choices))
        return default

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """Hand out a whole number from `low` to `high` (the default always is allowed)."""
        value = self.table.pop(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and (value == default or low <= value <= high):
            return value
        self.problem(key, value, f"a whole number from {low} to {high}")
        return default

    def flag(self, key: str, *, default: bool) -> bool:
        """Hand out true or false."""
        value = self.table.pop(key, default)
        if isinstance(value, bool):
            return value
        self.problem(key, value, "true or false")
        return default

    def texts(
        self, key: str, default: tuple[str, ...], *, pattern: re.Pattern[str], allowed: str, is_secret: bool = False
    ) -> tuple[str, ...]:
        """Hand out a list of texts, each matching `pattern`, without repeats; a secret value is never shown."""
        value = self.table.pop(key, list(default))
        if not isinstance(value, list):
            self.problem(key, "…" if is_secret else value, f"a list of {allowed}")
            return default
        good = [item for item in value if isinstance(item, str) and pattern.fullmatch(item)]
        for item in value:
            if item not in good:
                self.problem(key, "…" if is_secret else item, allowed)
        return tuple(dict.fromkeys(good))

    def refuse_the_rest(self, known: str = "a key that footfall.toml knows") -> None:
        """Name every key that nobody asked for."""
        for key, value in self.table.items():
            self.problem(str(key), value, known)
