"""Delete the salts that are older than 48 hours, so that past visitor ids can never be computed again."""

import os
from datetime import UTC, datetime
from typing import Any

from footfall import observability
from footfall.aws.tables import SaltTable
from footfall.functions import RetireSaltsSettings
from footfall.hits.visitor import oldest_salt_age

logger = observability.make_logger("retire_salts")
salts = SaltTable(RetireSaltsSettings.from_env(os.environ).salt_table)


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Run on a schedule; returns how many salts were deleted, and reports how old the oldest is that is left. Idempotent."""
    del event, context
    now = datetime.now(UTC)
    retired = salts.retire(now)
    oldest = oldest_salt_age(salts.days(), now)
    observability.report_salts(retired=retired, oldest=oldest)
    logger.info("salts retired", extra={"retired": retired, "oldest_s": int(oldest.total_seconds())})
    return {"retired": retired}
