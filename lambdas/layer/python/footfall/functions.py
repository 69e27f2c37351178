"""One row per Lambda function: what it is called, what it needs and its settings; stacks, local and handlers read this."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Protocol, Self, cast

from footfall.errors import ConfigurationError


class Settings(Protocol):
    """What one function reads from its environment; `from_env(x.to_env())` equals `x`."""

    def to_env(self) -> dict[str, str]:
        """Write the environment variables of the function."""

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read them back; raises ConfigurationError naming every variable that is missing."""


def _variable(name: str) -> Any:
    """A field of a settings class that the environment variable `name` holds."""
    return field(metadata={"variable": name})


class EnvironmentSettings:
    """Settings whose fields are one environment variable each, all of them required."""

    __slots__ = ()

    def to_env(self) -> dict[str, str]:
        """Write the environment variables of the function."""
        return {each.metadata["variable"]: getattr(self, each.name) for each in fields(cast(Any, self))}

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the environment once, at cold start.

        Raises:
            ConfigurationError: names every variable that is missing.
        """
        variables = {each.name: each.metadata["variable"] for each in fields(cast(Any, cls))}
        missing = [f"{name} = '': allowed is a value; the template sets it" for name in variables.values() if not environment.get(name)]
        if missing:
            raise ConfigurationError("environment", missing)
        return cls(**{name: environment[variable] for name, variable in variables.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformHitsSettings(EnvironmentSettings):
    """Where `transform_hits` finds the configuration and the salts."""

    configuration_path: str = _variable("FOOTFALL_CONFIGURATION")
    salt_table: str = _variable("SALT_TABLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireSaltsSettings(EnvironmentSettings):
    """Where `retire_salts` finds the salts."""

    salt_table: str = _variable("SALT_TABLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueHitsSettings(EnvironmentSettings):
    """Where `enqueue_hits` finds the configuration and the salts, and the tracking queue it writes to."""

    configuration_path: str = _variable("FOOTFALL_CONFIGURATION")
    salt_table: str = _variable("SALT_TABLE")
    queue_url: str = _variable("OUTPUT_QUEUE")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessQueueSettings(EnvironmentSettings):
    """Where `process_queue` finds the configuration, the tracking queue it reads, the dead letters, and what is known of deliveries.

    `delivery_table` holds the ledger, the leases and the circuits.
    """

    configuration_path: str = _variable("FOOTFALL_CONFIGURATION")
    queue_url: str = _variable("INPUT_QUEUE")
    dead_letters_url: str = _variable("DEAD_LETTERS")
    delivery_table: str = _variable("DELIVERY_TABLE")

    @property
    def queue_name(self) -> str:
        """The last part of the queue's URL, by which leases are known."""
        return self.queue_url.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Lambda function: `name` is its folder under lambdas/; `every` its schedule when it has one.

    One that `needs_queue` is deployed only where a site is routed to a destination.
    """

    name: str
    purpose: str
    settings: type[Settings]
    memory_mb: int
    timeout: timedelta
    every: timedelta | None = None
    needs_queue: bool = False


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
ENQUEUE_HITS = Function(
    name="enqueue_hits",
    purpose="Put the hits of a Kinesis batch into the tracking queue.",
    settings=EnqueueHitsSettings,
    memory_mb=1024,
    timeout=timedelta(seconds=120),
    needs_queue=True,
)
PROCESS_QUEUE = Function(
    name="process_queue",
    purpose="Deliver what waits in the tracking queue.",
    settings=ProcessQueueSettings,
    memory_mb=1024,
    timeout=timedelta(minutes=5),
    every=timedelta(minutes=1),  # unless `queue.every_minutes` says otherwise
    needs_queue=True,
)

FUNCTIONS: tuple[Function, ...] = (TRANSFORM_HITS, RETIRE_SALTS, ENQUEUE_HITS, PROCESS_QUEUE)


def deployed(functions: Iterable[Function], *, has_queue: bool) -> tuple[Function, ...]:
    """The functions of a deployment with or without a tracking queue."""
    return tuple(function for function in functions if has_queue or not function.needs_queue)


CONFIGURATION_PATH = "/opt/footfall/configuration.json"
"""Where the configuration layer puts the file in the Lambda sandbox."""
