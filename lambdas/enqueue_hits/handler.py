"""Put the hits of a Kinesis batch into the tracking queue; what SQS did not confirm comes again."""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from footfall import observability
from footfall.aws.queues import OutputQueue
from footfall.aws.tables import SaltTable
from footfall.configuration import Configuration
from footfall.functions import EnqueueHitsSettings
from footfall.hits.salts import Salts
from footfall.queueing.enqueue import Enqueuer

logger = observability.make_logger("enqueue_hits")
settings = EnqueueHitsSettings.from_env(os.environ)
enqueuer = Enqueuer(Configuration.from_json(Path(settings.configuration_path).read_text("utf-8")))
salts = Salts(SaltTable(settings.salt_table))
queue = OutputQueue(settings.queue_url)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a Kinesis event with the first record that is to come again, if any.

    Raises:
        UnavailableError: the day's salt cannot be had, without which visits would fall apart; nothing was sent.
    """
    del context
    records = event["Records"]
    enqueued = enqueuer.enqueue(records, _salts_of, queue, now_ms=time.time_ns() // 1_000_000)
    rate = enqueuer.configuration.edge.sampling_rate
    observability.count_enqueued(enqueued.counts, unconfirmed=enqueued.failures, sampling_rate=rate)
    logger.info("batch enqueued", extra={"records": len(records), **enqueued.totals(), "sampling_rate": rate})
    first = [] if enqueued.failed_from is None else [records[enqueued.failed_from]["kinesis"]["sequenceNumber"]]
    return {"batchItemFailures": [{"itemIdentifier": sequence_number} for sequence_number in first]}


def _salts_of(days: set[str]) -> Mapping[str, bytes]:
    return salts.require(days, datetime.now(UTC))
