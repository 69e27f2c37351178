"""Ask the emulator for every type that is left out, so that none is left out that it could serve."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from footfall.errors import StoppedError
from local.rehearsal.assembly import Changes, Gone
from local.rehearsal.cloud import Cloud
from local.rehearsal.left_out import LEFT_OUT
from local.rehearsal.server import ACCOUNT, REGION

_PROBE: Final = "left-out"
_WITHIN_S: Final = 60.0
_POLL_S: Final = 0.1


def check_refused(cloud: Cloud, changes: Changes) -> str:
    """Each type is refused, or fails, with the answer that LEFT_OUT expects.

    Raises:
        StoppedError: one is served, or answers otherwise.
    """
    for type_, refusal in LEFT_OUT.items():
        answer = _ask(cloud, changes.gone[type_][0])
        if refusal.answer not in answer:
            raise StoppedError(
                f"LEFT_OUT has {type_}, expected to hear {refusal.answer!r} when it is deployed, heard: {answer or 'no failure'}"
            )
    return f"{len(LEFT_OUT)} types are left out, and MiniStack refuses or fails each"


def _ask(cloud: Cloud, gone: Gone) -> str:
    """Deploy a stack of this resource alone; returns why that failed, or "" when it did not."""
    client = cloud.client("cloudformation")
    template = json.dumps({"Resources": {"Probe": _alone(gone.resource, cloud.resources(gone.stack))}})
    try:
        client.create_stack(StackName=_PROBE, TemplateBody=template)
    except ClientError as refused:
        return str(refused)
    until = time.monotonic() + _WITHIN_S
    while (status := _status(cloud)).endswith("IN_PROGRESS") and time.monotonic() < until:
        time.sleep(_POLL_S)
    events = client.describe_stack_events(StackName=_PROBE)["StackEvents"]
    client.delete_stack(StackName=_PROBE)
    reasons = [each.get("ResourceStatusReason", "") for each in events if "FAILED" in each["ResourceStatus"]]
    return "" if status == "CREATE_COMPLETE" else "; ".join([status, *reasons])


def _status(cloud: Cloud) -> str:
    return str(cloud.client("cloudformation").describe_stacks(StackName=_PROBE)["Stacks"][0]["StackStatus"])


def _alone(resource: Mapping[str, Any], physical: Mapping[str, str]) -> dict[str, Any]:
    """The resource with the names of what it refers to; a type of AWS's is refused by name and needs no properties, or for one of them."""
    type_ = resource["Type"]
    is_refused_by_name = type_.startswith("AWS::") and not LEFT_OUT[type_].holding
    properties = {} if is_refused_by_name else _resolve(resource.get("Properties", {}), physical)
    return {"Type": resource["Type"], "Properties": properties}


def _resolve(node: Any, physical: Mapping[str, str]) -> Any:
    match node:
        case {"Ref": name} if name in physical:
            return physical[name]
        case {"Fn::GetAtt": [name, "Arn"]}:  # a custom resource's: its function
            return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{physical[name]}"
        case dict():
            return {name: _resolve(value, physical) for name, value in node.items()}
        case list():
            return [_resolve(value, physical) for value in node]
    return node
