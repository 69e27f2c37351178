"""The Lambda functions: runtime, environment, schedule and what each may do."""

from collections.abc import Iterator, Mapping

import pytest

from footfall.functions import CONFIGURATION_PATH, FUNCTIONS, Function, deployed
from tests.infra.templates import Templates, as_list, environment_of

every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)


class Recorded(Mapping[str, str]):
    """An environment that remembers which of its variables were read."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return self.environment[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.environment)

    def __len__(self) -> int:
        return len(self.environment)


@every_function
def test_the_environment_is_exactly_what_the_settings_read(routed: Templates, function: Function) -> None:
    environment = environment_of(routed.function(function.name))
    own = {name: "value" for name in environment if not name.startswith("POWERTOOLS_")}
    recorded = Recorded(own)

    function.settings.from_env(recorded)

    assert recorded.read == set(own)


@every_function
def test_the_environment_stays_under_4_kb_with_a_thousand_sites(tailored: Templates, function: Function) -> None:
    longest_name = 255  # what a reference may become; a DynamoDB table name may be this long
    environment = environment_of(tailored.function(function.name))
    size = sum(len(name) + (len(value) if isinstance(value, str) else longest_name) for name, value in environment.items())

    assert size < 4096


@every_function
def test_it_runs_the_handler_of_its_folder_as_declared(routed: Templates, function: Function) -> None:
    deployed = routed.function(function.name).properties

    assert ("python3.13", ["arm64"], "handler.handler") == (deployed["Runtime"], deployed["Architectures"], deployed["Handler"])
    assert (function.memory_mb, function.timeout.total_seconds()) == (deployed["MemorySize"], deployed["Timeout"])
    assert 2 == len(deployed["Layers"])


@every_function
def test_its_log_is_its_own_and_expires(routed: Templates, function: Function) -> None:
    deployed = routed.function(function.name)
    (log,) = (
        resource
        for resource in routed.of("AWS::Logs::LogGroup")
        if {"Ref": resource.id} == deployed.properties["LoggingConfig"]["LogGroup"] and resource.stack == deployed.stack
    )

    assert 30 == log.properties["RetentionInDays"]


def test_every_log_expires(routed: Templates) -> None:
    assert {30} == {log.properties.get("RetentionInDays") for log in routed.of("AWS::Logs::LogGroup")}


def test_the_configuration_lies_where_the_functions_read_it(shipped: Templates) -> None:
    environment = environment_of(shipped.function("transform_hits"))

    assert CONFIGURATION_PATH == environment["FOOTFALL_CONFIGURATION"]


def test_every_declared_function_is_deployed_where_it_is_needed_and_no_other_of_ours(shipped: Templates, routed: Templates) -> None:
    for templates, functions in ((shipped, deployed(FUNCTIONS, has_queue=False)), (routed, FUNCTIONS)):
        found = {environment_of(function).get("POWERTOOLS_SERVICE_NAME") for function in templates.of("AWS::Lambda::Function")} - {None}
        assert {function.name for function in functions} == found


def test_what_makes_salts_cannot_delete_them_and_what_deletes_them_cannot_make_any(shipped: Templates) -> None:
    actions = {
        policy.stack: statement["Action"]
        for policy, statement in shipped.statements()
        if any(action.startswith("dynamodb:") for action in as_list(statement["Action"]))
    }

    assert {
        "footfall-lake": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "footfall-jobs": ["dynamodb:DeleteItem", "dynamodb:Scan"],
    } == {stack: sorted(names) for stack, names in actions.items()}


def test_salts_are_retired_every_hour_and_a_late_or_failed_call_is_not_repeated(shipped: Templates) -> None:
    schedule = shipped.only("AWS::Scheduler::Schedule").properties

    assert "rate(1 hour)" == schedule["ScheduleExpression"]
    assert {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 0} == schedule["Target"]["RetryPolicy"]
    assert 0 == shipped.only("AWS::Lambda::EventInvokeConfig").properties["MaximumRetryAttempts"]


def test_nothing_runs_in_a_vpc(routed: Templates) -> None:
    assert not any("VpcConfig" in function.properties for function in routed.of("AWS::Lambda::Function"))
    assert [] == [resource.type for resource in routed.all() if resource.type.startswith("AWS::EC2::")]
