"""`make demo`: send real requests through the whole pipeline on this machine, and account for every one of them."""

import argparse
import http.client
import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from footfall.configuration import Configuration
from footfall.errors import FootfallError
from local import read_back
from local.account import Entry, Lake, Sent, account_for
from local.deliveries import account_for_deliveries
from local.findings import STORES, Findings, judge
from local.functions import REPOSITORY
from local.matomo.server import Matomo
from local.matomo.settings import Site, Token
from local.matomo.state import State
from local.metrics import read_metrics
from local.pipeline import Pipeline, fresh_folder, run_pipeline
from local.report import json_report, report
from local.tracking_queue import keep_tokens, with_destination
from local.visitors import ADDRESSES, KINDS, Request, requests

CONFIGURATION: Final = REPOSITORY / "local" / "demo.toml"
MATOMO_TOKEN: Final = "0123456789abcdef0123456789abcdef"  # noqa: S105 - the stand-in's only token; it opens nothing else
QUEUED: Final = "queued"
"""Folder of a run into which the queues are copied before they are drained."""
SENDERS: Final = 8
TIMEOUT_S: Final = 10


def send(url: str, request: Request) -> Sent:
    """Send one request on a connection of its own, as visitors do; an answer that never came is recorded as such."""
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=TIMEOUT_S)
    sent_at = time.time()
    try:
        connection.request(request.method, request.target, body=request.body, headers=dict(request.headers))
        response = connection.getresponse()
        response.read()
        return Sent(kind=request.kind.name, request_id=response.headers.get("x-amz-cf-id", ""), status=response.status, sent_at=sent_at)
    except (OSError, http.client.HTTPException):
        return Sent(kind=request.kind.name, request_id="", status=0, sent_at=sent_at)
    finally:
        connection.close()


def send_all(url: str, all_requests: Sequence[Request]) -> Iterator[Sent]:
    """Send the requests from several senders at once, in the order of their answers' requests."""
    with ThreadPoolExecutor(SENDERS) as senders:
        yield from senders.map(lambda request: send(url, request), all_requests)


class Progress:
    """One line on a terminal that says what is being done; silent where nobody watches."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Replace the line."""
        if self._is_shown:
            sys.stderr.write(f"\r\033[K{text}")
            sys.stderr.flush()


def run(configuration: Configuration, folder: Path, progress: Progress) -> tuple[list[Entry], Findings]:
    """Run the demo in an empty folder; return what became of each request, and everything that was checked."""
    progress.say("starting embedded AWS, the edge, a Matomo and four Lambda functions …")
    with (
        Matomo(state=State(sites={1: Site(), 2: Site()}, tokens={MATOMO_TOKEN: Token(access="super")})) as matomo,
        run_pipeline(with_destination(configuration, "matomo", matomo.url + "matomo.php"), folder, is_demo=True) as pipeline,
    ):
        keep_tokens(pipeline.aws, configuration, {"matomo": MATOMO_TOKEN})
        all_requests = list(requests())
        sent = []
        for one in send_all(pipeline.edge.url, all_requests):
            sent.append(one)
            progress.say(f"sent {len(sent)} of {len(all_requests)} requests …")
        pipeline.functions["retire_salts"].invoke({})
        progress.say("waiting for the last rows …")
        pipeline.wait_until_settled()
        read_back.export_queues(pipeline.aws, folder / QUEUED)
        progress.say("delivering into Matomo …")
        messages = deliver(pipeline)
        progress.say("reading every store back …")
        exported = folder / STORES
        read_back.export(pipeline.aws, exported, logs=(folder / "logs").iterdir())
    lake = Lake(exported / "s3" / pipeline.resources.bucket)
    entries = account_for(sent, pipeline.trace, lake, {kind.name: kind.reason for kind in KINDS})
    metrics = read_metrics(sorted((folder / "logs").glob("*.log")))
    deliveries = account_for_deliveries(
        configuration, lake=lake, metrics=metrics, queues=exported / "sqs", matomo=matomo.state, messages=messages
    )
    shutil.move(folder / QUEUED, exported / "sqs-before-delivery")
    findings = judge(
        entries, KINDS, lake=lake, metrics=metrics, folder=folder, addresses=ADDRESSES, trace=pipeline.trace, deliveries=deliveries
    )
    progress.say("")
    return entries, findings


def deliver(pipeline: Pipeline) -> int:
    """Drain the tracking queue as the schedule does; returns how many messages were delivered."""
    if pipeline.queue is None:
        return 0
    pipeline.queue.drain_all()
    return sum(int(run["messages_deleted"]) for run in pipeline.queue.runs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when every request is accounted for and every check holds, else 1."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--all", action="store_true", help="list every request")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    chosen = parser.parse_args(arguments)
    try:
        entries, findings = run(Configuration.load(CONFIGURATION), fresh_folder("demo"), Progress())
    except FootfallError as failed:
        sys.stderr.write(f"demo: {failed}\n")
        return 1
    if chosen.json:
        sys.stdout.write(json.dumps(json_report(entries, findings), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(report(entries, findings, lists_all=chosen.all)) + "\n")
    return 0 if findings.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
