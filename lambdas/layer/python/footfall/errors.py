"""The one error tree, named by what the caller should do.

    FootfallError
    ├── ConfigurationError   fail the cold start or the command: lists every problem at once
    ├── RejectedError        park it: it can never succeed as it is
    ├── UnavailableError     retry later: nothing is wrong with what was sent
    └── StoppedError         stop: going on would make it worse (refused credentials, a lost lease)

Batches do not raise for one element; they return a verdict per element.
"""

from collections.abc import Sequence


class FootfallError(Exception):
    """Everything Footfall raises on purpose."""


class ConfigurationError(FootfallError):
    """What a person wrote cannot be used; `problems` has one line for each thing to mend."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{source}: {len(self.problems)} problem{'s' if len(self.problems) != 1 else ''}\n{lines}")


class RejectedError(FootfallError):
    """The other side refused this for good; retrying cannot help."""


class UnavailableError(FootfallError):
    """The other side could not answer now; the same call may succeed later."""


class StoppedError(FootfallError):
    """Going on would do harm; a person or another run has to act first."""
