"""Turn the log lines of a Firehose batch into rows; every record of the batch gets one answer."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from footfall import observability
from footfall.aws.tables import SaltTable
from footfall.configuration import Configuration
from footfall.functions import TransformHitsSettings
from footfall.hits.salts import Salts
from footfall.hits.transform import Transformer

logger = observability.make_logger("transform_hits")
settings = TransformHitsSettings.from_env(os.environ)
transformer = Transformer(Configuration.from_json(Path(settings.configuration_path).read_text("utf-8")))
salts = Salts(SaltTable(settings.salt_table))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer Firehose's transformation event; see footfall.hits.transform for the contract."""
    del context
    now = datetime.now(UTC)
    records, counts = transformer.transform(event["records"], lambda days: salts.of(days, now), now_ms=time.time_ns() // 1_000_000)
    rate = transformer.configuration.edge.sampling_rate
    observability.count_transformed(counts, salts_unavailable=salts.take_unavailable(), sampling_rate=rate)
    logger.info("batch transformed", extra={"records": len(records), **counts.totals(), "sampling_rate": rate})
    return {"records": records}
