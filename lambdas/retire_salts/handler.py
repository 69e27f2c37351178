"""Delete the salts that are older than 48 hours, so that past visitor ids can never be computed again."""

import os
from datetime import UTC, datetime
from typing import Any

from footfall import observability
from footfall.aws.tables import SaltTable
from footfall.functions import RetireSaltsSettings

logger = observability.make_logger("retire_salts")
salts = SaltTable(RetireSaltsSettings.from_env(os.environ).salt_table)


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Run on a schedule; returns how many salts were deleted. Idempotent."""
    del event, context
    retired = salts.retire(datetime.now(UTC))
    observability.count("salts_retired", [((), retired)], ())
    logger.info("salts retired", extra={"retired": retired})
    return {"retired": retired}
