"""Deliver what is queued while `make up` runs, and what is left of it on the way out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from footfall.functions import PROCESS_QUEUE
from local.pipeline import Pipeline
from local.tracking_queue import keep_tokens
from local.up.deliveries import Deliveries
from local.up.drainer import Drainer
from local.up.stand_ins import TOKEN
from local.up.terminal import Terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """`check` raises what ended the delivery, if something did."""

    check: Callable[[], None]


@contextmanager
def deliver(pipeline: Pipeline, deliveries: Deliveries, terminal: Terminal) -> Iterator[Delivering]:
    """Drain the queue as messages arrive, if there is one; at the end close the edge and deliver what came until then.

    After a failure nothing more is delivered: what waits is for whoever tells of the failure to name.
    """
    queue = pipeline.queue
    if queue is None:
        yield Delivering(check=lambda: None)
        return
    keep_tokens(pipeline.aws, pipeline.configuration, {each.name: TOKEN for each in pipeline.configuration.destinations})
    drainer = Drainer(queue.drain.invoke, deliveries, lambda failure: terminal.complain(f"{PROCESS_QUEUE.name}: {failure}"))

    def check() -> None:
        queue.source.check()
        drainer.check()

    with drainer:
        yield Delivering(check=check)
        pipeline.edge.stop()
        queue.source.stop()
