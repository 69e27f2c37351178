"""Synthesised templates, asked by resource type: tests speak of decisions, never of logical ids."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    stack: str
    id: str
    type: str
    properties: dict[str, Any]
    whole: dict[str, Any]


class Templates:
    """All templates of one synthesis."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.by_stack = {path.name.removesuffix(".template.json"): json.loads(path.read_text()) for path in folder.glob("*.template.json")}

    def all(self) -> Iterator[Resource]:
        for stack, template in self.by_stack.items():
            for id_, whole in template["Resources"].items():
                yield Resource(stack=stack, id=id_, type=whole["Type"], properties=whole.get("Properties", {}), whole=whole)

    def of(self, type_: str) -> list[Resource]:
        return [resource for resource in self.all() if resource.type == type_]

    def only(self, type_: str) -> Resource:
        (resource,) = self.of(type_)
        return resource

    def in_stack(self, stack: str, type_: str) -> list[Resource]:
        """What is in the stack of this name, whatever the deployment is called."""
        return [resource for resource in self.of(type_) if resource.stack.endswith(f"-{stack}")]

    def table(self, name: str) -> dict[str, Any]:
        (found,) = (r.properties["TableInput"] for r in self.of("AWS::Glue::Table") if r.properties["TableInput"]["Name"] == name)
        return found

    def function(self, name: str) -> Resource:
        """The Lambda function of a row of footfall.functions."""
        (found,) = (r for r in self.of("AWS::Lambda::Function") if environment_of(r).get("POWERTOOLS_SERVICE_NAME") == name)
        return found

    def outputs(self, stack: str) -> dict[str, Any]:
        return {name: output["Value"] for name, output in self.by_stack[stack]["Outputs"].items() if "Export" not in output}

    def statements(self) -> Iterator[tuple[Resource, dict[str, Any]]]:
        """Every statement of every policy an identity has."""
        for resource in self.of("AWS::IAM::Policy"):
            for statement in resource.properties["PolicyDocument"]["Statement"]:
                yield resource, statement


def environment_of(function: Resource) -> dict[str, Any]:
    return function.properties.get("Environment", {}).get("Variables", {})


def as_text(value: Any) -> str:
    """A value of a template with its references spelt out, for example `s3://${LakeBucket}/hits/`."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(as_text(part) for part in parts)
        case {"Fn::Sub": text}:
            return text
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::ImportValue": name}:
            return f"${{{as_text(name)}}}"
        case _:
            return str(value)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
