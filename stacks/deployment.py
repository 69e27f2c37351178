"""Compose the stacks into one CDK app; the only module that knows them all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from footfall.configuration import Configuration
from footfall.monitoring.metrics import DELIVERY, DISTRIBUTION, LOST, STREAM
from stacks import nag
from stacks.artifacts import Artifacts
from stacks.edge import EdgeStack
from stacks.jobs import JobsStack
from stacks.lake import LakeStack
from stacks.monitoring import MonitoringStack
from stacks.queue import QueueStack
from stacks.queue_findings import QUEUE


def compose(
    configuration: Configuration,
    artifacts: Artifacts,
    *,
    flags: Mapping[str, Any],
    outdir: Path | None,
) -> App:
    """Compose the app; `synth()` on the result writes the templates and raises when a rule of cdk-nag is not met.

    The stack of the tracking queue is there only where a site is routed to a destination. `flags` are the CDK feature flags of
    cdk.json; `outdir` None means where the CDK command line says (`CDK_OUTDIR`).
    """
    app = App(context=dict(flags), outdir=None if outdir is None else str(outdir), analytics_reporting=False)
    lake = LakeStack(app, f"{configuration.name}-lake", configuration=configuration, artifacts=artifacts)
    edge = EdgeStack(app, f"{configuration.name}-edge", configuration=configuration, artifacts=artifacts, stream=lake.hits.stream)
    jobs = JobsStack(app, f"{configuration.name}-jobs", artifacts=artifacts, salts=lake.salts)
    queue = _queue(app, configuration, artifacts, lake) if configuration.has_queue else None
    MonitoringStack(
        app,
        f"{configuration.name}-monitoring",
        configuration=configuration,
        names={
            STREAM: lake.hits.stream.stream_name,
            DELIVERY: lake.delivery.stream.delivery_stream_name,
            LOST: lake.lake.lost.queue_name,
            DISTRIBUTION: edge.pixel.distribution.distribution_id,
            **(queue.names if queue else {}),
        },
        functions=[lake.transform, jobs.retire_salts, *(queue.functions if queue else ())],
    )
    Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True), ServerlessChecks(app, verbose=True))
    for stack, findings in ((lake, nag.LAKE), (edge, nag.EDGE), (jobs, nag.JOBS)):
        nag.acknowledge(stack, findings)
    if queue:
        nag.acknowledge(queue, QUEUE)
    return app


def _queue(app: App, configuration: Configuration, artifacts: Artifacts, lake: LakeStack) -> QueueStack:
    return QueueStack(
        app,
        f"{configuration.name}-queue",
        configuration=configuration,
        artifacts=artifacts,
        hits=lake.hits,
        salts=lake.salts,
    )
