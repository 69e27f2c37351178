"""cdk-nag: it really runs, every acknowledgement answers a finding, and each says why."""

import json
from pathlib import Path
from typing import Any

import pytest

from footfall.configuration import Configuration, Destination, Site, Sites
from stacks.artifacts import LAMBDA, ROOT, Artifacts, build_layer, write_configuration
from stacks.node import use_packaged_node

MATOMO = Destination(name="matomo", url="https://matomo.example.org/matomo.php", token_secret="footfall/matomo")

Both = tuple[dict[tuple[str, str], str], set[tuple[str, str]]]
"""By (path, rule): the reasons of what is acknowledged, and what is found."""


def compose(folder: Path) -> Any:
    use_packaged_node()
    from stacks import deployment

    configuration = Configuration(sites=Sites(registered=(Site(key="main", deliver=(("matomo", "1"),)),)), destinations=(MATOMO,))
    artifacts = Artifacts(
        layer=build_layer(LAMBDA),
        configuration=write_configuration(configuration, build=folder / "build"),
    )
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    return deployment.compose(configuration, artifacts, flags=flags, outdir=folder / "out")


@pytest.fixture(scope="module")
def acknowledged_and_found(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """The findings that are acknowledged, with their reasons; and those of the same stacks when nothing is acknowledged."""
    use_packaged_node()
    from aws_cdk import Acknowledgment

    acknowledged: dict[tuple[str, str], str] = {}

    class Kept:
        """Takes the place of CDK's acknowledgements and remembers them."""

        def __init__(self, path: str) -> None:
            self.path = path

        def acknowledge(self, given: Acknowledgment) -> None:
            acknowledged[self.path, given.id] = given.reason

    class Recorder:
        of = staticmethod(lambda construct: Kept(construct.node.path))

    folder = tmp_path_factory.mktemp("findings")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stacks.nag.Validations", Recorder)
        app = compose(folder)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    return acknowledged, findings_of(folder / "out" / "validation-report.json")


def findings_of(report: Path) -> set[tuple[str, str]]:
    return {
        (construct["constructPath"], violation["ruleName"])
        for plugin in json.loads(report.read_text())["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    }


def test_every_acknowledgement_answers_a_finding_and_every_finding_is_answered(acknowledged_and_found: Both) -> None:
    acknowledged, found = acknowledged_and_found

    assert set(acknowledged) == found


def test_every_acknowledgement_says_why(acknowledged_and_found: Both) -> None:
    acknowledged, _ = acknowledged_and_found

    assert [] == [rule for rule, reason in acknowledged.items() if len(reason.split()) < 5]


def test_a_new_wildcard_permission_stops_the_synthesis(tmp_path: Path) -> None:
    app = compose(tmp_path)
    from aws_cdk import aws_iam as iam

    role = app.node.find_child("footfall-jobs").node.find_child("RetireSalts").node.find_child("Role")
    role.add_to_policy(iam.PolicyStatement(actions=["dynamodb:*"], resources=["*"]))

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()

    wildcards = {rule for _, rule in findings_of(tmp_path / "out" / "validation-report.json")}
    assert {"AwsSolutions-IAM5[Action::dynamodb:*]", "AwsSolutions-IAM5[Resource::*]"} == wildcards
