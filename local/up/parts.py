"""What `make up` puts around the pipeline: the folder, what is known of each request, and where they listen in."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from footfall.configuration import Configuration
from local.additions import Additions, PutLine
from local.aws import LocalAws, Resources
from local.firehose_buffer import Record
from local.up import kept_deliveries
from local.up.both_ways import BothWays
from local.up.deliveries import Deliveries
from local.up.keep import Keep
from local.up.kept_queue import KeptQueue
from local.up.last_requests import LastRequests
from local.up.queue_calls import listen
from local.up.restored import last_requests
from local.up.watch import watch

Stops = SimpleQueue[OSError | None]
"""Why to stop: None because someone asks, else what failed. Its `put` may be called by a signal handler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`keep` and `messages` are on disk; `ways` knows which lines are done, `requests` and `deliveries` what the page shows."""

    keep: Keep
    messages: KeptQueue
    ways: BothWays
    requests: LastRequests
    deliveries: Deliveries
    stops: Stops

    def save(self) -> None:
        """Write what has changed of the totals and of the last deliveries."""
        self.keep.save_totals(self.requests.finished())
        self.keep.save_deliveries(self.requests.version(), lambda: kept_deliveries.to_json(self.requests.shown()))

    def additions(self) -> Additions:
        """Write lines, messages and objects to disk before the stores have them, and show each step."""
        return Additions(
            make_trace=lambda: self.requests,
            around_aws=lambda aws: listen(aws, self.deliveries),
            open_store=self._open_store,
            around_invoke=lambda invoke: watch(invoke, self.keep.folder / "logs" / "transform_hits.log", self.requests.transformed),
            around_put_line=self._journal,
            queued=self._queued,
        )

    def _open_store(self, aws: LocalAws, resources: Resources) -> Any:
        if resources.input_url:
            self.messages.send_left(aws.client("sqs"), resources.input_url)
        return self.keep.open_store(aws, resources)

    def _queued(self, records: Sequence[Record]) -> None:
        for record in records:
            self.ways.in_queue(record.line)

    def _journal(self, put: PutLine) -> PutLine:
        for line in self.keep.journal.left:
            self.requests.put(line, is_replayed=True)
            put(line)

        def write_and_put(line: bytes) -> None:
            self.requests.put(line)
            try:
                self.keep.journal.append(line)
            except OSError as failed:
                failed.filename = failed.filename or str(self.keep.folder / "journal")
                self.stops.put(failed)
            put(line)

        return write_and_put


@contextmanager
def parts_in(folder: Path, configuration: Configuration, stops: Stops) -> Iterator[Parts]:
    """Open the folder, and begin with what an earlier process left in it.

    Raises:
        StoppedError, ConfigurationError, OSError: as `Keep`.
    """
    with closing(Keep(folder)) as keep:
        messages = KeptQueue(folder / "queue", stops.put)
        ways = BothWays(keep.journal.strike, has_queue=configuration.has_queue)
        requests = LastRequests(configuration.edge.log_fields, ways.in_lake)
        restored = last_requests(keep.lake)
        kept_deliveries.give_back(restored, keep.deliveries, str(keep.deliveries_path))
        requests.restore(restored, keep.totals)
        deliveries = Deliveries(configuration, requests, messages)
        yield Parts(keep=keep, messages=messages, ways=ways, requests=requests, deliveries=deliveries, stops=stops)
