"""One row per Lambda function: what it is called, what it needs and its settings; stacks, local and handlers read this."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, Self

from footfall.errors import ConfigurationError


class Settings(Protocol):
    """What one function reads from its environment; `from_env(x.to_env())` equals `x`."""

    def to_env(self) -> dict[str, str]:
        """Write the environment variables of the function."""

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read them back; raises ConfigurationError naming every variable that is missing."""


def _required(environment: Mapping[str, str], *names: str) -> list[str]:
    missing = [f"{name} = '': allowed is a value; the template sets it" for name in names if not environment.get(name)]
    if missing:
        raise ConfigurationError("environment", missing)
    return [environment[name] for name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformHitsSettings:
    """Where `transform_hits` finds the configuration and the salts."""

    configuration_path: str
    salt_table: str

    def to_env(self) -> dict[str, str]:
        """Write the environment variables of the function."""
        return {"FOOTFALL_CONFIGURATION": self.configuration_path, "SALT_TABLE": self.salt_table}

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the environment once, at cold start.

        Raises:
            ConfigurationError: names every variable that is missing.
        """
        configuration_path, salt_table = _required(environment, "FOOTFALL_CONFIGURATION", "SALT_TABLE")
        return cls(configuration_path=configuration_path, salt_table=salt_table)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireSaltsSettings:
    """Where `retire_salts` finds the salts."""

    salt_table: str

    def to_env(self) -> dict[str, str]:
        """Write the environment variables of the function."""
        return {"SALT_TABLE": self.salt_table}

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the environment once, at cold start.

        Raises:
            ConfigurationError: names every variable that is missing.
        """
        (salt_table,) = _required(environment, "SALT_TABLE")
        return cls(salt_table=salt_table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Lambda function: `name` is its folder under lambdas/; `every` its schedule when it has one."""

    name: str
    purpose: str
    settings: type[Settings]
    memory_mb: int
    timeout: timedelta
    every: timedelta | None = None


TRANSFORM_HITS = Function(
    name="transform_hits",
    purpose="Turn the log lines of a Firehose batch into rows.",
    settings=TransformHitsSettings,
    memory_mb=1024,
    timeout=timedelta(seconds=60),
)
RETIRE_SALTS = Function(
    name="retire_salts",
    purpose="Delete the salts of visitor ids that are older than 48 hours.",
    settings=RetireSaltsSettings,
    memory_mb=256,
    timeout=timedelta(seconds=60),
    every=timedelta(hours=1),
)

FUNCTIONS: tuple[Function, ...] = (TRANSFORM_HITS, RETIRE_SALTS)

CONFIGURATION_PATH = "/opt/footfall/configuration.json"
"""Where the configuration layer puts the file in the Lambda sandbox."""
