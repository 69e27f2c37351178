import pytest

from footfall.errors import ConfigurationError
from footfall.functions import FUNCTIONS, ProcessQueueSettings, RetireSaltsSettings, TransformHitsSettings

SETTINGS = [
    TransformHitsSettings(configuration_path="/opt/footfall/configuration.json", salt_table="salts"),
    RetireSaltsSettings(salt_table="salts"),
    ProcessQueueSettings(
        configuration_path="/opt/footfall/configuration.json",
        queue_url="https://sqs.eu-central-1.amazonaws.com/123456789012/tracking",
        dead_letters_url="https://sqs.eu-central-1.amazonaws.com/123456789012/dead",
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
    assert {type(settings) for settings in SETTINGS} == {function.settings for function in FUNCTIONS}
