"""Say each step of a rehearsal when it is done, with the time it took."""

import contextlib
import sys
import time
from collections.abc import Iterator


class Progress:
    """Knows which step is being done, so that whoever ends the rehearsal early can say so."""

    def __init__(self) -> None:
        self.step = "start"
        self._started = time.monotonic()

    @contextlib.contextmanager
    def of(self, step: str) -> Iterator[list[str]]:
        """Run a step; what it puts into the list is said in one line after it."""
        self.step = step
        started = time.monotonic()
        found: list[str] = []
        yield found
        self.say(f"{time.monotonic() - started:6.1f} s  {step:<10} {'; '.join(found)}")

    def say(self, text: str) -> None:
        """Print a line."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def total_s(self) -> float:
        """Seconds since the rehearsal began."""
        return time.monotonic() - self._started


def last_lines(text: str, count: int = 12) -> str:
    """The last lines that say something, indented."""
    return "\n".join(f"    {line}" for line in [line for line in text.splitlines() if line.strip()][-count:])
