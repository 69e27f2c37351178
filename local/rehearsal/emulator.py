"""Run MiniStack with a Firehose that reads its stream in the background, as AWS's does; a program of the rehearsal's own environment.

As it comes, MiniStack 1.5.33 calls Firehose, and Firehose the Lambda, inside the request that puts the record, and on the one
thread that answers requests: a function that calls an AWS service itself (ours reads the salt) then waits for ever.
It is started as a program by local.rehearsal.server and imports nothing of Footfall.
"""

import importlib
from typing import Any


def main() -> None:
    """Serve until this process is ended."""
    firehose: Any = importlib.import_module("ministack.services.firehose")
    spawn: Any = importlib.import_module("ministack.core.concurrency").spawn_background
    deliver = firehose.ingest_from_kinesis_source

    def deliver_later(stream_arn: str, records: list[Any]) -> None:
        spawn(deliver, stream_arn, records)

    firehose.ingest_from_kinesis_source = deliver_later
    importlib.import_module("ministack.app").main()


if __name__ == "__main__":
    main()
