"""Start Footfall's Lambda functions on this machine, each with the settings that the template would give it."""

from pathlib import Path
from typing import Final

from footfall.functions import (
    ENQUEUE_HITS,
    PROCESS_QUEUE,
    RETIRE_SALTS,
    TRANSFORM_HITS,
    EnqueueHitsSettings,
    Function,
    ProcessQueueSettings,
    RetireSaltsSettings,
    Settings,
    TransformHitsSettings,
)
from local.aws import LocalAws, Resources
from local.runtime import LambdaFunction

REPOSITORY: Final = Path(__file__).parents[1]
LAYER: Final = REPOSITORY / "lambdas" / "layer" / "python"


def settings_of(function: Function, resources: Resources, configuration_path: Path) -> Settings:
    """The settings that the template would give a function."""
    if function is TRANSFORM_HITS:
        return TransformHitsSettings(configuration_path=str(configuration_path), salt_table=resources.salt_table)
    if function is RETIRE_SALTS:
        return RetireSaltsSettings(salt_table=resources.salt_table)
    if function is ENQUEUE_HITS:
        return EnqueueHitsSettings(
            configuration_path=str(configuration_path), salt_table=resources.salt_table, queue_url=resources.output_url
        )
    if function is PROCESS_QUEUE:
        return ProcessQueueSettings(
            configuration_path=str(configuration_path),
            queue_url=resources.input_url,
            dead_letters_url=resources.dead_letters_url,
            delivery_table=resources.delivery_table,
        )
    raise KeyError(function.name)


def start_function(function: Function, settings: Settings, *, aws: LocalAws, python_path: list[Path], log: Path) -> LambdaFunction:
    """One Lambda function of this repository, in a process of its own."""
    return LambdaFunction(
        function.name,
        task_root=REPOSITORY / "lambdas" / function.name,
        python_path=python_path,
        environment={**aws.environment(), **settings.to_env()},
        timeout=function.timeout,
        memory_mb=function.memory_mb,
        log=log,
    )
