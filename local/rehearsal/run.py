"""The steps of a rehearsal in their order."""

import json
import time
from pathlib import Path
from typing import Final

from footfall.configuration import Configuration
from local.rehearsal import steps
from local.rehearsal.assembly import ADAPTED, Changes, adapt
from local.rehearsal.cloud import Cloud
from local.rehearsal.left_out import LEFT_OUT
from local.rehearsal.lines import log_lines
from local.rehearsal.programs import PYTHON, Programs
from local.rehearsal.progress import Progress
from local.rehearsal.refused import check_refused
from local.rehearsal.remains import Remains
from local.rehearsal.server import ACCOUNT, REGION, Server, serve

CONFIGURATION: Final = Path(__file__).parent / "rehearse.toml"
TOOLKIT: Final = "CDKToolkit"
"""The stack that `cdk bootstrap` makes, which stays."""


def rehearse(folder: Path, progress: Progress) -> None:
    """Go through all steps in an empty folder.

    Raises:
        FootfallError: a step failed, or something is not as it must be.
    """
    configuration = Configuration.load(CONFIGURATION)
    programs = Programs(folder)
    with progress.of("synth") as found:
        assembly = programs.synthesise(CONFIGURATION)
        changes = adapt(assembly, programs.build_layer())
        found.append("app.py, and the shared layer built for this machine")
    with serve(PYTHON, folder, programs.path) as server:
        cloud = deploy(programs, server, assembly, changes, configuration.name, progress)
        try:
            try_out(cloud, server, configuration, folder, progress)
            with progress.of("left out") as found:
                found.append(check_refused(cloud, changes))
            destroy(programs, server, assembly, cloud, changes, progress)
        finally:
            cloud.close()
    for line in differences(changes):
        progress.say(line)


def deploy(programs: Programs, server: Server, assembly: Path, changes: Changes, name: str, progress: Progress) -> Cloud:
    """Bootstrap the account and deploy all stacks with the CDK command line."""
    with progress.of("bootstrap") as found:
        programs.cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}", environment=server.environment())
        found.append(f"cdk bootstrap; the emulator listens on {server.check_listeners()}")
    with progress.of("deploy") as found:
        outputs = assembly.with_name("outputs.json")
        arguments = ["--all", "--app", str(assembly), "--require-approval", "never", "--outputs-file", str(outputs)]
        programs.cdk("deploy", *arguments, environment=server.environment())
        cloud = Cloud(server.environment(), name, json.loads(outputs.read_text("utf-8")))
        steps.expect("stacks", sorted([*changes.retained, TOOLKIT]), cloud.stacks())
        found.append(f"cdk deploy --all: {', '.join(changes.retained)}")
    return cloud


def try_out(cloud: Cloud, server: Server, configuration: Configuration, folder: Path, progress: Progress) -> None:
    """Use what was deployed as CloudFront, Firehose, the scheduler and an analyst do."""
    with progress.of("outputs") as found:
        found.append(steps.check_outputs(cloud))
    with progress.of("edge") as found:
        found.append(steps.check_edge(cloud, server.endpoint))
    sent = log_lines(configuration.edge.log_fields, time.time())
    with progress.of("hits") as found:
        found.extend(steps.send(cloud, sent, folder / "lake"))
    with progress.of("privacy") as found:
        found.append(steps.search(cloud, sent, folder))
    with progress.of("salts") as found:
        found.extend([steps.retire(cloud), steps.check_rights(cloud)])
    with progress.of("tables") as found:
        found.append(steps.check_tables(cloud, folder / "lake"))
    server.check_listeners()


def destroy(programs: Programs, server: Server, assembly: Path, cloud: Cloud, changes: Changes, progress: Progress) -> None:
    """Destroy all stacks and look at what stays."""
    with progress.of("destroy") as found:
        bucket = cloud.output("lake", "Bucket")
        keys, remains = cloud.keys(bucket), Remains(cloud, changes.retained)
        programs.cdk("destroy", "--all", "--force", "--app", str(assembly), environment=server.environment())
        steps.expect("stacks that stay", [TOOLKIT], cloud.stacks())
        found.extend(["cdk destroy --all", remains.check()])
        steps.expect("the objects of the lake bucket", keys, cloud.keys(bucket))
        found.append(f"the lake bucket has its {len(keys)} objects; {TOOLKIT} stays")


def differences(changes: Changes) -> list[str]:
    """What was not deployed, and what was deployed otherwise, each with its reason."""
    return [
        f"not deployed, with {changes.references} values that referred to it (LEFT_OUT in local/rehearsal/left_out.py):",
        *(f"  {len(changes.gone[type_])} {type_}: {refusal.reason}" for type_, refusal in LEFT_OUT.items()),
        "otherwise than on AWS (besides what an emulator cannot be: docs/deploy.md):",
        *(f"  {each}" for each in ADAPTED),
    ]
