"""Let the transform take one line before the first visitor's, so that what it does only once makes nobody wait."""

import base64
import time
from collections.abc import Sequence
from typing import Final

from local import edge_log
from local.firehose_transform import Invoke
from local.visitors import ADDRESSES, FIREFOX

_VALUES: Final = {
    "c-ip": ADDRESSES[0],
    "sc-status": "200",
    "cs-method": "GET",
    "cs-host": "localhost",
    "cs-uri-stem": "/1x1.gif",
    "x-edge-request-id": "warm-up",
    "cs-user-agent": FIREFOX,
    "x-edge-result-type": "FunctionGeneratedResponse",
    **edge_log.header_values([("Accept-Language", "en")]),
}


def warm(invoke: Invoke, fields: Sequence[str]) -> None:
    """Invoke with one hit, and throw the answer away: it reaches neither the page nor the lake."""
    now = time.time()
    line = edge_log.write_line({**_VALUES, "timestamp": f"{now:.3f}"}, fields)
    record = {"recordId": "warm-up", "approximateArrivalTimestamp": round(now * 1000), "data": base64.b64encode(line).decode()}
    invoke({"invocationId": "warm-up", "deliveryStreamArn": "", "region": "", "records": [record]})
