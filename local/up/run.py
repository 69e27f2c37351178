"""Run the pipeline and its page together, until someone stops it or something fails."""

import queue
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from footfall.configuration import Configuration
from footfall.errors import FootfallError
from footfall.functions import RETIRE_SALTS, TRANSFORM_HITS
from local.pipeline import Pipeline, fresh_folder, run_pipeline
from local.runtime import InvocationFailed
from local.schedule import Scheduler, Schedules
from local.up.delivering import deliver
from local.up.failures import explain
from local.up.keep import Keep
from local.up.last_requests import LastRequests
from local.up.last_words import brought_back, left_behind, relative, stopped
from local.up.parts import Parts, Stops, parts_in
from local.up.server import PageServer, Stage
from local.up.stand_ins import stand_ins
from local.up.terminal import Terminal
from local.up.warm import warm

FLUSH_S: Final = 0.1
DELIVER_S: Final = 1.0
"""How long what is in the stream may still take when the journal cannot be written."""

CHECK_S: Final = 0.2
"""How often Firehose is looked after and totals are saved: so much of them a killed process can lose."""


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
    with parts_in(folder, configuration, stops) as parts:
        try:
            with (
                stand_ins(configuration, parts.deliveries.answered) as led_there,
                run_pipeline(
                    led_there, folder, port=options.edge_port, is_demo=True, flush_s=FLUSH_S, additions=parts.additions()
                ) as pipeline,
                deliver(pipeline, parts.deliveries, terminal) as check,
            ):
                _run(pipeline, parts, page, terminal, check)
            parts.save()
        except OSError as failed:
            sentence, code = explain(failed)
            terminal.complain(f"{sentence}{left_behind(parts)}")
            return code
        terminal.say(stopped(parts, is_kept=options.keep is not None))
        return 0


def _run(pipeline: Pipeline, parts: Parts, page: PageServer, terminal: Terminal, check: Callable[[], None]) -> None:
    keep = parts.keep
    edge_url = pipeline.edge.url.replace("127.0.0.1", "localhost")  # the visitor's own address is taken out of every row
    warm(pipeline.functions[TRANSFORM_HITS.name].invoke, pipeline.configuration.edge.log_fields)
    with _scheduler(pipeline, keep, terminal) as scheduler:
        page.start(_stage(pipeline.configuration, parts.requests, keep.lake, edge_url))
        if brought := brought_back(parts):
            terminal.say(brought)
        terminal.say(f"up: {page.url}   edge: {edge_url}   Parquet: {relative(keep.lake)}   Ctrl-C stops")
        failed = _wait(parts, [pipeline.firehose.check, check, scheduler.check])
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


def _wait(parts: Parts, checks: Sequence[Callable[[], None]]) -> OSError | None:
    """Wait for a reason to stop; raises what ended one of those that are looked after."""
    while True:
        try:
            return parts.stops.get(timeout=CHECK_S)
        except queue.Empty:
            for check in checks:
                check()
            parts.save()
