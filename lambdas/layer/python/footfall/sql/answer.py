"""What a query answers, whichever engine ran it."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Rows in the order of the query; `scanned_bytes` and `cost_usd` are None where nothing is billed."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    scanned_bytes: int | None = None
    cost_usd: float | None = None


class Engine(Protocol):
    """Something that runs SQL over the tables and views of the lake."""

    def run(self, sql: str) -> Answer:
        """Run one statement.

        Raises:
            RejectedError: the statement is wrong, or it was stopped by a limit; says what the engine said.
            UnavailableError: the engine could not be reached, or took too long.
            StoppedError: something has to be installed first.
        """
