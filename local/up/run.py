"""Run the pipeline and its page together, until someone stops it or something fails."""

import queue
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from footfall.configuration import Configuration
from footfall.errors import FootfallError
from footfall.functions import RETIRE_SALTS, TRANSFORM_HITS
from local.pipeline import Additions, Pipeline, PutLine, fresh_folder, run_pipeline
from local.runtime import InvocationFailed
from local.schedule import Scheduler, Schedules
from local.up.deliveries import Deliveries
from local.up.delivering import Delivering, deliver
from local.up.failures import explain
from local.up.keep import Keep
from local.up.last_requests import LastRequests
from local.up.last_words import left_behind, relative, stopped, undelivered
from local.up.queue_calls import listen
from local.up.restored import last_requests
from local.up.server import PageServer, Stage
from local.up.stand_ins import stand_ins
from local.up.terminal import Terminal
from local.up.warm import warm
from local.up.watch import watch

FLUSH_S: Final = 0.1
DELIVER_S: Final = 1.0
"""How long what is in the stream may still take when the journal cannot be written."""

CHECK_S: Final = 0.2
"""How often Firehose is looked after and totals are saved: so much of them a killed process can lose."""

Stops = queue.SimpleQueue[OSError | None]
"""Why to stop: None because someone asks, else what failed. Its `put` may be called by a signal handler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says; `edge_port` 0 is any free port, `keep` None a new folder."""

    port: int
    edge_port: int
    keep: Path | None
    configuration: Path


class PortError(FootfallError):
    """A port that cannot be listened on; `args` are the sentence and the exit code."""


def serve(options: Options, stops: Stops, terminal: Terminal) -> int:
    """Run until `stops` says why not; returns the exit code.

    What is under way then is delivered first. After a failure that cannot be done; the journal has what was not delivered.
    """
    try:
        configuration = Configuration.load(options.configuration)
        with closing(_take_ports(options)) as page:
            return _serve_kept(configuration, options, page, stops, terminal)
    except PortError as busy:
        sentence, code = busy.args
    except (OSError, FootfallError) as failed:
        sentence, code = explain(failed)
    terminal.complain(str(sentence))
    return int(code)


@contextmanager
def _listening(port: int) -> Iterator[None]:
    """Translate a refusal to listen on a port."""
    try:
        yield
    except OSError as refused:
        raise PortError(*explain(refused, port=port)) from refused


def _take_ports(options: Options) -> PageServer:
    """See that the edge's port can be had, and take the page's, before anything takes time."""
    with _listening(options.edge_port), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", options.edge_port))
    with _listening(options.port):
        return PageServer(options.port)


def _serve_kept(configuration: Configuration, options: Options, page: PageServer, stops: Stops, terminal: Terminal) -> int:
    folder = options.keep or fresh_folder(f"up-{page.port}")
    with closing(Keep(folder)) as keep:
        requests = LastRequests(configuration.edge.log_fields, keep.journal.strike)
        requests.restore(last_requests(keep.lake), keep.totals)
        deliveries = Deliveries(configuration, requests)
        additions = _additions(keep, requests, deliveries, stops)
        try:
            with (
                stand_ins(configuration, deliveries.answered) as led_there,
                run_pipeline(led_there, folder, port=options.edge_port, is_demo=True, flush_s=FLUSH_S, additions=additions) as pipeline,
                deliver(pipeline, deliveries, terminal) as delivering,
            ):
                _run(pipeline, keep, requests, page, stops, terminal, delivering)
            keep.save_totals(requests.finished())
        except OSError as failed:
            sentence, code = explain(failed)
            terminal.complain(f"{sentence}{left_behind(keep, requests)}")
            return code
        terminal.say(stopped(requests, keep.lake, is_kept=options.keep is not None) + undelivered(deliveries))
        return 0


def _additions(keep: Keep, requests: LastRequests, deliveries: Deliveries, stops: Stops) -> Additions:
    """Write lines and objects to disk before the stores have them, and show each step."""

    def journal(put: PutLine) -> PutLine:
        for line in keep.journal.left:
            requests.put(line, is_replayed=True)
            put(line)

        def write_and_put(line: bytes) -> None:
            requests.put(line)
            try:
                keep.journal.append(line)
            except OSError as failed:
                failed.filename = failed.filename or str(keep.folder / "journal")
                stops.put(failed)
            put(line)

        return write_and_put

    return Additions(
        make_trace=lambda: requests,
        around_aws=lambda aws: listen(aws, deliveries),
        open_store=keep.open_store,
        around_invoke=lambda invoke: watch(invoke, keep.folder / "logs" / "transform_hits.log", requests.transformed),
        around_put_line=journal,
    )


def _run(
    pipeline: Pipeline,
    keep: Keep,
    requests: LastRequests,
    page: PageServer,
    stops: Stops,
    terminal: Terminal,
    delivering: Delivering,
) -> None:
    edge_url = pipeline.edge.url.replace("127.0.0.1", "localhost")  # the visitor's own address is taken out of every row
    warm(pipeline.functions[TRANSFORM_HITS.name].invoke, pipeline.configuration.edge.log_fields)
    with _scheduler(pipeline, keep, terminal):
        page.start(_stage(pipeline.configuration, requests, keep.lake, edge_url))
        if keep.restored or keep.journal.left:
            terminal.say(f"brought back: {keep.restored} objects, {len(keep.journal.left)} lines that were not delivered")
        terminal.say(f"up: {page.url}   edge: {edge_url}   Parquet: {relative(keep.lake)}   Ctrl-C stops")
        failed = _wait(pipeline, keep, requests, stops, delivering)
        page.close()
    if failed is not None:
        pipeline.wait_until_settled(DELIVER_S)
        raise failed
    keep.save_salts()


def _stage(configuration: Configuration, requests: LastRequests, lake: Path, edge_url: str) -> Stage:
    routes = {site.key: [name for name, _ in site.deliver] for site in configuration.sites.registered}
    return Stage(requests=requests, fields=configuration.edge.log_fields, lake=lake, edge_url=edge_url, routes=routes)


def _scheduler(pipeline: Pipeline, keep: Keep, terminal: Terminal) -> Scheduler:
    def retire(event: object) -> Any:
        answer = pipeline.functions[RETIRE_SALTS.name].invoke(event)
        keep.save_salts()
        return answer

    def failed(name: str, failure: InvocationFailed) -> None:
        terminal.complain(f"{name}: {failure}")

    return Scheduler(
        Schedules((RETIRE_SALTS,), datetime.now(UTC)),
        {RETIRE_SALTS.name: retire},
        region=pipeline.resources.region,
        account=pipeline.resources.account,
        failed=failed,
    )


def _wait(pipeline: Pipeline, keep: Keep, requests: LastRequests, stops: Stops, delivering: Delivering) -> OSError | None:
    """Wait for a reason to stop; raises what ended Firehose, or the delivery."""
    while True:
        try:
            return stops.get(timeout=CHECK_S)
        except queue.Empty:
            pipeline.firehose.check()
            delivering.check()
            keep.save_totals(requests.finished())
