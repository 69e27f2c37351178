"""Change a copy of what CDK wrote so that the emulator can take it, and keep account of every change."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from footfall.errors import StoppedError
from local.rehearsal.left_out import LEFT_OUT, leave_out, named_in

ADAPTED: Final = (
    "the shared layer is the one for this machine's Python: that for Lambda (arm64) cannot be imported here",
    "a setting below /opt is written relative to the function's folder: MiniStack unpacks layers beside it",
    "assets are uploaded without CDK's publishing role: it depends on `aws:ResourceAccount`, which MiniStack does not evaluate",
    "Firehose reads its stream in the background: MiniStack's own reads inside the request that writes (local/rehearsal/emulator.py)",
)
"""What is otherwise than on AWS, one line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A resource that is not deployed, and the stack it belongs to."""

    stack: str
    resource: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is not deployed, by type; how many values referred to it; and which resources of each stack are retained when it goes."""

    gone: Mapping[str, tuple[Gone, ...]]
    references: int
    retained: Mapping[str, frozenset[str]]


def adapt(assembly: Path, layer: Path) -> Changes:
    """Change the cloud assembly in this folder for MiniStack: as LEFT_OUT and ADAPTED say, and in nothing else.

    `layer` is the shared layer built for this machine.

    Raises:
        StoppedError: LEFT_OUT has a type that no template has.
    """
    for asset in assembly.glob("asset.*/python/footfall"):
        shutil.rmtree(asset.parents[1])
        shutil.copytree(layer, asset.parents[1])
    for path in assembly.glob("*.assets.json"):
        path.write_text(json.dumps(_without_roles(json.loads(path.read_text("utf-8")))), "utf-8")
    templates = {path: json.loads(path.read_text("utf-8")) for path in sorted(assembly.glob("*.template.json"))}
    gone = [Gone(stack=_stack_of(path), resource=each) for path, template in templates.items() for each in named_in(template).values()]
    by_type = {type_: tuple(each for each in gone if each.resource["Type"] == type_) for type_ in LEFT_OUT}
    unused = [type_ for type_, resources in by_type.items() if not resources]
    if unused:
        raise StoppedError(f"LEFT_OUT has {', '.join(unused)}, which no template has: take it out of the table")
    references = sum(_write(path, template, assembly) for path, template in templates.items())
    return Changes(
        gone=by_type, references=references, retained={_stack_of(path): _retained(template) for path, template in templates.items()}
    )


def place_layers(template: dict[str, Any], assembly: Path) -> None:
    """Rewrite settings that name a file below /opt: `../layer_1/footfall/configuration.json` is in the second layer of a function."""
    resources = template["Resources"]
    for resource in resources.values():
        if resource["Type"] != "AWS::Lambda::Function":
            continue
        settings = resource["Properties"].get("Environment", {}).get("Variables", {})
        folders = list(_layer_folders(resource, resources, assembly))
        for name, value in settings.items():
            if isinstance(value, str) and value.startswith("/opt/"):
                settings[name] = next(
                    (f"../layer_{index}/{value[5:]}" for index, folder in enumerate(folders) if (folder / value[5:]).is_file()), value
                )


def _write(path: Path, template: dict[str, Any], assembly: Path) -> int:
    kept, references = leave_out(template)
    place_layers(kept, assembly)
    path.write_text(json.dumps(kept, indent=1), "utf-8")
    return references


def _layer_folders(function: Mapping[str, Any], resources: Mapping[str, Any], assembly: Path) -> Iterator[Path]:
    for layer in function["Properties"].get("Layers", ()):
        key = resources[layer["Ref"]]["Properties"]["Content"]["S3Key"]
        yield assembly / f"asset.{key.removesuffix('.zip')}"


def _stack_of(path: Path) -> str:
    return path.name.removesuffix(".template.json")


def _retained(template: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for name, each in template.get("Resources", {}).items() if str(each.get("DeletionPolicy")).startswith("Retain"))


def _without_roles(assets: dict[str, Any]) -> dict[str, Any]:
    for file in assets["files"].values():
        for destination in file["destinations"].values():
            destination.pop("assumeRoleArn", None)
    return assets
