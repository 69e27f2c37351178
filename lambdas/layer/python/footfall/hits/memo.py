"""A bounded memory of a function's results, emptied when full: most user agents, addresses and URLs come again at once."""

from collections.abc import Callable, Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(dict[K, V]):
    """`memo[key]` is `compute(key)`, remembered for at most `limit` keys.

    >>> lengths = Memo(len, limit=2)
    >>> lengths["four"], lengths["four"], len(lengths)
    (4, 4, 1)
    """

    def __init__(self, compute: Callable[[K], V], *, limit: int) -> None:
        super().__init__()
        self._compute = compute
        self._limit = limit

    def __missing__(self, key: K) -> V:
        if len(self) >= self._limit:
            self.clear()
        value = self[key] = self._compute(key)
        return value
