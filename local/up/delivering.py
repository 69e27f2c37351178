"""Deliver what is queued while `make up` runs, and what is left of it on the way out."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from footfall.functions import PROCESS_QUEUE
from local.pipeline import Pipeline
from local.tracking_queue import keep_tokens
from local.up.deliveries import Deliveries
from local.up.drainer import Drainer
from local.up.stand_ins import TOKEN
from local.up.terminal import Terminal

POLL_S: Final = 0.02


@contextmanager
def deliver(pipeline: Pipeline, deliveries: Deliveries, terminal: Terminal) -> Iterator[Callable[[], None]]:
    """Drain the queue as messages arrive, if there is one; at the end close the edge and deliver what came until then.

    What it gives raises what ended the delivery, if something did.
    """
    queue = pipeline.queue
    if queue is None:
        yield lambda: None
        return
    keep_tokens(pipeline.aws, pipeline.configuration, {each.name: TOKEN for each in pipeline.configuration.destinations})
    drainer = Drainer(
        queue.drain.invoke,
        deliveries,
        failed=lambda failure: terminal.complain(f"{PROCESS_QUEUE.name}: {failure}"),
        is_busy=lambda: pipeline.trace.outstanding() > 0,
    )

    def check() -> None:
        queue.source.check()
        drainer.check()

    with ExitStack() as last_first:
        drainer.start(poll_s=POLL_S)
        last_first.callback(drainer.stop)
        last_first.callback(queue.source.stop)
        last_first.callback(pipeline.edge.stop)
        yield check
