"""Deliver the hits that wait in the tracking queue, until it is empty or time is nearly up."""

import os
from pathlib import Path
from typing import Any

from footfall import observability
from footfall.aws.drain import DrainMaker, make_queue
from footfall.configuration import Configuration
from footfall.functions import ProcessQueueSettings
from footfall.queueing.process import process
from footfall.queueing.tally import Tally

logger = observability.make_logger("process_queue")
settings = ProcessQueueSettings.from_env(os.environ)
maker = DrainMaker(Configuration.from_json(Path(settings.configuration_path).read_text("utf-8")), settings)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run on a schedule; returns the totals. Two runs at once are safe, and what a run cannot finish the next one does."""
    del event
    tally = Tally()
    try:
        drain = maker.make(owner=context.aws_request_id, seconds_left=context.get_remaining_time_in_millis() / 1000)
        process(drain, make_queue(settings), tally)
    finally:
        observability.count_processed(tally)
        logger.info("queue processed", extra=tally.totals())
    return tally.totals()
