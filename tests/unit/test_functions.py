from pathlib import Path

import pytest

from footfall.errors import ConfigurationError
from footfall.functions import (
    ENQUEUE_HITS,
    FUNCTIONS,
    EnqueueHitsSettings,
    ProcessQueueSettings,
    RetireSaltsSettings,
    TransformHitsSettings,
    deployed,
)

LAMBDAS = Path(__file__).parents[2] / "lambdas"
SETTINGS = [
    TransformHitsSettings(configuration_path="/opt/footfall/configuration.json", salt_table="salts"),
    RetireSaltsSettings(salt_table="salts"),
    EnqueueHitsSettings(configuration_path="/opt/footfall/configuration.json", salt_table="salts", queue_url="https://sqs.example.org/1/q"),
    ProcessQueueSettings(
        configuration_path="/opt/footfall/configuration.json",
        queue_url="https://sqs.example.org/1/q",
        dead_letters_url="https://sqs.example.org/1/d",
        delivery_table="deliveries",
    ),
]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: type(settings).__name__)
def test_what_the_template_writes_is_what_the_function_reads(settings):
    assert settings == type(settings).from_env(settings.to_env())


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: type(settings).__name__)
def test_every_missing_variable_is_named_at_once(settings):
    with pytest.raises(ConfigurationError) as error:
        type(settings).from_env({})

    assert settings.to_env().keys() == {problem.partition(" ")[0] for problem in error.value.problems}


def test_every_function_has_its_folder_and_settings():
    assert {type(settings) for settings in SETTINGS} >= {function.settings for function in FUNCTIONS}
    assert all((LAMBDAS / function.name / "handler.py").is_file() for function in FUNCTIONS)


def test_without_a_queue_nothing_that_needs_one_is_deployed():
    assert ENQUEUE_HITS in deployed(FUNCTIONS, has_queue=True)
    assert not any(function.needs_queue for function in deployed(FUNCTIONS, has_queue=False))
