"""What the deploy rehearsal leaves out of the templates and changes in them, and that the emulator really cannot take it."""

import json

import pytest

from footfall.errors import StoppedError
from local.rehearsal import refused
from local.rehearsal.assembly import Changes, Gone, adapt, place_layers
from local.rehearsal.left_out import LEFT_OUT, Refusal, leave_out
from local.rehearsal.run import differences

LOG = {"Type": "AWS::CloudFront::RealtimeLogConfig", "Properties": {}}


def a_template(**resources):
    return {"Resources": resources}


def test_every_type_that_is_left_out_has_a_reason_and_it_is_printed():
    changes = Changes(gone={type_: (Gone(stack="s", resource={}),) for type_ in LEFT_OUT}, references=5, retained={})

    said = "\n".join(differences(changes))

    assert [] == [type_ for type_, refusal in LEFT_OUT.items() if f"1 {type_}: {refusal.reason}" not in said or len(refusal.reason) < 20]


def test_a_resource_is_left_out_with_what_refers_to_it():
    cache = {"PathPattern": "/1x1.png", "RealtimeLogConfigArn": {"Fn::GetAtt": ["Log", "Arn"]}}
    template = a_template(Log=LOG, Cdn={"Type": "AWS::CloudFront::Distribution", "Properties": {"CacheBehaviors": [cache]}})

    kept, references = leave_out(template)

    cdn = {"Type": "AWS::CloudFront::Distribution", "Properties": {"CacheBehaviors": [{"PathPattern": "/1x1.png"}]}}
    assert ({"Cdn": cdn}, 1) == (kept["Resources"], references)


def test_an_expression_with_a_left_out_resource_in_it_is_left_out_as_a_whole():
    joined = {"Fn::Join": ["", ["arn:", {"Ref": "Log"}]]}
    template = a_template(Log=LOG, Queue={"Type": "AWS::SQS::Queue", "Properties": {"Tag": joined, "Name": {"Ref": "Other"}}})

    kept, _ = leave_out(template)

    assert {"Name": {"Ref": "Other"}} == kept["Resources"]["Queue"]["Properties"]


def test_only_the_alarms_that_the_emulator_refuses_are_left_out_and_the_dashboard_keeps_the_rest():
    math = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": []}}
    plain = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}}
    body = {"Fn::Join": ["", [{"Fn::GetAtt": ["Math", "Arn"]}, ", ", {"Fn::GetAtt": ["Plain", "Arn"]}]]}
    template = a_template(Math=math, Plain=plain, Shown={"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": body}})

    kept, _ = leave_out(template)

    assert {"Plain", "Shown"} == kept["Resources"].keys()
    assert ["Math", ", ", {"Fn::GetAtt": ["Plain", "Arn"]}] == kept["Resources"]["Shown"]["Properties"]["DashboardBody"]["Fn::Join"][1]


@pytest.mark.parametrize(("needs", "expected"), [("Log", {}), (["Log", "Role"], {"DependsOn": ["Role"]})])
def test_nothing_waits_for_a_resource_that_is_left_out(needs, expected):
    template = a_template(Log=LOG, Queue={"Type": "AWS::SQS::Queue", "DependsOn": needs})

    kept, _ = leave_out(template)

    assert {"Type": "AWS::SQS::Queue", **expected} == kept["Resources"]["Queue"]


def test_a_template_without_such_a_resource_stays_as_it_is():
    template = a_template(Queue={"Type": "AWS::SQS::Queue", "DependsOn": ["Role"], "Properties": {"Name": {"Ref": "Role"}}})

    assert (template, 0) == leave_out(template)


def test_a_setting_below_opt_is_looked_for_in_the_layers_of_its_function(tmp_path):
    (tmp_path / "asset.b" / "footfall").mkdir(parents=True)
    (tmp_path / "asset.b" / "footfall" / "configuration.json").write_text("{}")
    layers = {name: {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": {"S3Key": f"{name.lower()}.zip"}}} for name in "AB"}
    settings = {"FILE": "/opt/footfall/configuration.json", "TABLE": {"Ref": "Table"}, "UNKNOWN": "/opt/other"}
    properties = {"Layers": [{"Ref": "A"}, {"Ref": "B"}], "Environment": {"Variables": settings}}

    place_layers(a_template(**layers, F={"Type": "AWS::Lambda::Function", "Properties": properties}), tmp_path)

    assert {"FILE": "../layer_1/footfall/configuration.json", "TABLE": {"Ref": "Table"}, "UNKNOWN": "/opt/other"} == settings


def a_layer(folder, text="built for this machine"):
    (folder / "python" / "footfall").mkdir(parents=True)
    (folder / "python" / "native.so").write_text(text)
    return folder


def an_assembly(folder, *templates):
    """A cloud assembly of stacks `s0`, `s1` … with one asset, the shared layer."""
    a_layer(folder / "asset.a", "built for arm64")
    for number, template in enumerate(templates):
        (folder / f"s{number}.template.json").write_text(json.dumps(template))
    (folder / "s0.assets.json").write_text(json.dumps({"files": {"a": {"destinations": {"d": {"assumeRoleArn": "r", "objectKey": "k"}}}}}))
    return folder


def test_an_adapted_assembly_has_the_layer_of_this_machine_and_uploads_with_the_caller_s_rights(tmp_path, monkeypatch):
    monkeypatch.setattr("local.rehearsal.assembly.LEFT_OUT", {LOG["Type"]: LEFT_OUT[LOG["Type"]]})
    assembly = an_assembly(tmp_path / "assembly", a_template(Log=LOG))

    adapt(assembly, a_layer(tmp_path / "layer"))

    assert "built for this machine" == (assembly / "asset.a" / "python" / "native.so").read_text()
    assert {"d": {"objectKey": "k"}} == json.loads((assembly / "s0.assets.json").read_text())["files"]["a"]["destinations"]


def test_an_adapted_assembly_accounts_for_what_is_gone_and_what_will_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("local.rehearsal.assembly.LEFT_OUT", {LOG["Type"]: LEFT_OUT[LOG["Type"]]})
    other = {"Type": "A::B::C", "DeletionPolicy": "RetainExceptOnCreate", "Properties": [{"Ref": "Log"}]}
    assembly = an_assembly(
        tmp_path / "assembly", a_template(Log=LOG, Other=other), a_template(Third={"Type": "A::B::C", "DeletionPolicy": "Delete"})
    )

    changes = adapt(assembly, a_layer(tmp_path / "layer"))

    expected = Changes(gone={LOG["Type"]: (Gone(stack="s0", resource=LOG),)}, references=1, retained={"s0": {"Other"}, "s1": frozenset()})
    assert expected == changes


def test_a_type_that_no_template_has_may_not_be_in_the_table(tmp_path):
    assembly = an_assembly(tmp_path / "assembly", a_template(Log=LOG))

    with pytest.raises(
        StoppedError, match="AWS::Athena::NamedQuery, AWS::CloudWatch::Alarm, Custom::CDKBucketDeployment, which no template has"
    ):
        adapt(assembly, a_layer(tmp_path / "layer"))


class ACloudFormation:
    """Deploys stacks of one resource, ends as told, and remembers what it was given."""

    def __init__(self, *, resources=(), status="", reason=""):
        self._resources = {name: name.lower() for name in resources}
        self._status, self._reason = status, reason
        self.seen = []

    def resources(self, stack):
        return self._resources

    def client(self, service):
        return self

    def create_stack(self, StackName, TemplateBody):  # noqa: N803 - boto3's names
        self.seen.append(json.loads(TemplateBody)["Resources"]["Probe"])

    def delete_stack(self, StackName):  # noqa: N803
        self.seen.append("deleted")

    def describe_stacks(self, StackName):  # noqa: N803
        return {"Stacks": [{"StackStatus": self._status}]}

    def describe_stack_events(self, StackName):  # noqa: N803
        return {"StackEvents": [{"ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": self._reason}]}


CUSTOM = {
    "Type": "Custom::Copy",
    "Properties": {"ServiceToken": {"Fn::GetAtt": ["Fn", "Arn"]}, "To": [{"Ref": "Lake"}, {"Ref": "AWS::Region"}]},
}


def ask(monkeypatch, cloud):
    monkeypatch.setattr(refused, "LEFT_OUT", {"Custom::Copy": Refusal(reason="no /opt", answer="/opt/aws")})
    return refused.check_refused(cloud, Changes(gone={"Custom::Copy": (Gone(stack="s", resource=CUSTOM),)}, references=0, retained={}))


def test_a_type_that_is_left_out_is_asked_for_as_it_stands_in_the_template(monkeypatch):
    cloud = ACloudFormation(resources=["Fn", "Lake"], status="ROLLBACK_COMPLETE", reason="no /opt/aws here")

    ask(monkeypatch, cloud)

    token = "arn:aws:lambda:eu-central-1:123456789012:function:fn"
    assert [
        {"Type": "Custom::Copy", "Properties": {"ServiceToken": token, "To": ["lake", {"Ref": "AWS::Region"}]}},
        "deleted",
    ] == cloud.seen


@pytest.mark.parametrize(
    ("status", "heard"), [("CREATE_COMPLETE", "heard: no failure"), ("ROLLBACK_COMPLETE", "heard: ROLLBACK_COMPLETE; another reason")]
)
def test_a_type_that_the_emulator_can_serve_may_not_be_left_out(monkeypatch, status, heard):
    cloud = ACloudFormation(resources=["Fn", "Lake"], status=status, reason="another reason")

    with pytest.raises(StoppedError, match=heard):
        ask(monkeypatch, cloud)
