"""The salts a batch needs: read once per day and environment, made by whoever comes first, forgotten when they expire."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from footfall.errors import UnavailableError
from footfall.hits.visitor import days_that_may_have_salt, new_salt, salt_expires


class SaltStore(Protocol):
    """Where salts are kept: one per UTC day (YYYY-MM-DD)."""

    def load(self, days: Iterable[str]) -> dict[str, bytes]:
        """Read the salts of these days that exist; raises UnavailableError."""

    def create(self, day: str, salt: bytes) -> bytes:
        """Store a salt unless the day has one, and return the day's; raises UnavailableError."""


class Salts:
    """Salts in memory for the life of an execution environment; never longer than a salt may live."""

    def __init__(self, store: SaltStore) -> None:
        self._store = store
        self._known: dict[str, bytes] = {}
        self._unavailable = 0

    def of(self, days: Iterable[str], now: datetime) -> Mapping[str, bytes]:
        """All salts known that are not expired, having read or made those of `days`.

        A day older than its salt has none. If the store cannot answer, the rows get no visitor id and `take_unavailable` counts it:
        a batch is never failed for that, since Firehose would then write raw lines to the error prefix.
        """
        self._known = {day: salt for day, salt in self._known.items() if now < salt_expires(day)}
        missing = sorted(days_that_may_have_salt(days, now) - self._known.keys())
        if missing:
            try:
                self._known |= self._read_or_make(missing)
            except UnavailableError:
                self._unavailable += 1
        return self._known

    def require(self, days: Iterable[str], now: datetime) -> Mapping[str, bytes]:
        """As `of`, for who can try again later.

        Raises:
            UnavailableError: the store cannot answer.
        """
        found = self.of(days, now)
        if self.take_unavailable():
            raise UnavailableError("the salts of visitor ids cannot be read")
        return found

    def take_unavailable(self) -> int:
        """How many times the store could not answer since this was last asked."""
        unavailable, self._unavailable = self._unavailable, 0
        return unavailable

    def _read_or_make(self, days: list[str]) -> dict[str, bytes]:
        stored = self._store.load(days)
        return {day: stored.get(day) or self._store.create(day, new_salt()) for day in days}
