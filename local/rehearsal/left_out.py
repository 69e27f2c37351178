"""What is not deployed in a rehearsal: one table, and the rule that takes such a resource out of a template with all that refers to it."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why MiniStack cannot serve a type, and a text that is in its answer when it is asked to all the same.

    `holding` names a property: only resources that have it are left out.
    """

    reason: str
    answer: str
    holding: str = ""

    def is_about(self, resource: Mapping[str, Any]) -> bool:
        """Whether a resource of the type is one of those."""
        return not self.holding or self.holding in resource.get("Properties", {})


_UNKNOWN: Final = "MiniStack does not know it"

LEFT_OUT: Final[Mapping[str, Refusal]] = {
    "AWS::CloudFront::RealtimeLogConfig": Refusal(
        reason=f"{_UNKNOWN}, so the rehearsal writes the log lines", answer="Unrecognized resource"
    ),
    "AWS::Athena::NamedQuery": Refusal(reason=f"{_UNKNOWN}; `make test` runs every documented query", answer="Unrecognized resource"),
    "AWS::CloudWatch::Alarm": Refusal(
        reason="MiniStack knows alarms on one metric, and not on metric math", answer="metric math", holding="Metrics"
    ),
    "Custom::CDKBucketDeployment": Refusal(
        reason="CDK's function runs /opt/awscli/aws, and MiniStack has no /opt: the page bucket stays empty", answer="/opt/awscli/aws"
    ),
}
"""The resource types that are not deployed. What refers to such a resource is left out with it.

One unknown type makes MiniStack refuse the whole stack, so a type that is missing here ends the rehearsal with its name. One that no
template has, or that MiniStack serves, ends it too: the table is never larger than it must be.
"""


def named_in(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The resources of a template that are left out, by logical id."""
    resources = template.get("Resources", {})
    return {name: each for name, each in resources.items() if each["Type"] in LEFT_OUT and LEFT_OUT[each["Type"]].is_about(each)}


def leave_out(template: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """A template without the resources of the types in LEFT_OUT; returns with it how many values referred to one.

    >>> leave_out({"Resources": {"Log": {"Type": "AWS::CloudFront::RealtimeLogConfig"},
    ...     "Cdn": {"Type": "AWS::CloudFront::Distribution", "Properties": {"Log": {"Ref": "Log"}, "Enabled": True}}}})
    ({'Resources': {'Cdn': {'Type': 'AWS::CloudFront::Distribution', 'Properties': {'Enabled': True}}}}, 1)
    """
    gone = named_in(template).keys()
    resources = {
        name: _spelt(_independent(resource, gone), gone) if resource["Type"] == _TEXT else _independent(resource, gone)
        for name, resource in template["Resources"].items()
        if name not in gone
    }
    removed: list[Any] = []
    return _prune({**template, "Resources": resources}, gone, removed), len(removed)


def _independent(resource: Mapping[str, Any], gone: AbstractSet[str]) -> dict[str, Any]:
    """A resource that waits only for what is there."""
    needs = resource.get("DependsOn", [])
    others = [name for name in ([needs] if isinstance(needs, str) else needs) if name not in gone]
    return {**{name: value for name, value in resource.items() if name != "DependsOn"}, **({"DependsOn": others} if others else {})}


_TEXT: Final = "AWS::CloudWatch::Dashboard"
"""Its body is one text made of many references: those to what is gone become plain names, so that the rest stays."""


def _spelt(node: Any, gone: AbstractSet[str]) -> Any:
    """Copy a part of a template with plain names in the place of references to what is gone."""
    match node:
        case {"Ref": name} if name in gone:
            return name
        case {"Fn::GetAtt": [name, *_]} if name in gone:
            return name
        case dict():
            return {key: _spelt(value, gone) for key, value in node.items()}
        case list():
            return [_spelt(value, gone) for value in node]
    return node


def _prune(node: Any, gone: AbstractSet[str], removed: list[Any]) -> Any:
    """Copy a part of a template without the values that refer to what is gone, which are added to `removed`."""
    if isinstance(node, dict):
        return {name: _prune(value, gone, removed) for name, value in node.items() if not _is_gone(value, gone, removed)}
    if isinstance(node, list):
        return [_prune(value, gone, removed) for value in node if not _is_gone(value, gone, removed)]
    return node


def _is_gone(value: Any, gone: AbstractSet[str], removed: list[Any]) -> bool:
    """Whether a value is an expression (Ref, Fn::GetAtt, Fn::Join …) with something that is gone anywhere in it."""
    is_expression = isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))
    if is_expression and _refers(value, gone):
        removed.append(value)
        return True
    return False


def _refers(node: Any, gone: AbstractSet[str]) -> bool:
    if isinstance(node, dict):
        attribute = node.get("Fn::GetAtt")
        is_reference = node.get("Ref") in gone or (isinstance(attribute, list) and attribute[0] in gone)
        return is_reference or any(_refers(value, gone) for value in node.values())
    return isinstance(node, list) and any(_refers(value, gone) for value in node)
