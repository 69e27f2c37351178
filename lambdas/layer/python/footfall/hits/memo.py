"""A bounded memory of a function's results, which keeps what comes often: most user agents, addresses and URLs come again at once."""

from collections.abc import Callable, Hashable
from typing import Final, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


LONGEST_KEY: Final = 1_000
"""Characters of a key that is remembered: with 8,000 of them in each, a flood of made-up URLs would fill a function's memory."""


class Memo(dict[K, V]):
    """`memo[key]` is `compute(key)`, remembered for at most `limit` keys; a text or texts that are long together are computed anew.

    When half the limit is full, what it holds becomes the older half, and what is asked for again comes back out of that: what comes
    often stays. To empty the memory instead computes a tenth more of an import's pages and addresses (bench import).

    >>> lengths = Memo(len, limit=4)
    >>> lengths["four"], lengths["four"], len(lengths)
    (4, 4, 1)
    """

    def __init__(self, compute: Callable[[K], V], *, limit: int) -> None:
        super().__init__()
        self._compute = compute
        self._half = max(1, limit // 2)
        self._older: dict[K, V] = {}

    def __missing__(self, key: K) -> V:
        value = self._older[key] if key in self._older else self._compute(key)
        if not _is_long(key):
            if len(self) >= self._half:
                self._older = dict(self)
                super().clear()
            self[key] = value
        return value

    def clear(self) -> None:
        """Forget everything."""
        self._older.clear()
        super().clear()


def _is_long(key: Hashable) -> bool:
    texts = key if isinstance(key, tuple) else (key,)
    return sum([len(text) for text in texts if isinstance(text, str)]) > LONGEST_KEY
