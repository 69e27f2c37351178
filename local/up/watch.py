"""Look over the transform's shoulder: which row it made of each line, and which reason it counted where it made none."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from local.firehose_transform import Invoke
from local.metrics import read_line

ALONE: Final = 25
"""Up to so many lines are transformed one by one: then what the function counts belongs to one line without doubt."""

Tell = Callable[[bytes, Mapping[str, Any] | None, Sequence[str]], None]
"""Takes a line, its row or None, and the reasons that were counted for what has no row."""


def watch(invoke: Invoke, log: Path, tell: Tell) -> Invoke:
    """An `invoke` that tells what came of every line; the event and the answer stay Firehose's.

    A line without a row has its reason in the metrics only, which the function writes into its log. Of a batch of more than ALONE
    lines it may be known only as one of several.
    """

    def invoke_and_tell(event: Any) -> Any:
        records = event["records"]
        if not 1 < len(records) <= ALONE:
            return _observe(invoke, event, log, tell)
        answers = [_observe(invoke, {**event, "records": [record]}, log, tell) for record in records]
        return {"records": [record for answer in answers for record in answer["records"]]}

    return invoke_and_tell


def _observe(invoke: Invoke, event: Any, log: Path, tell: Tell) -> Any:
    begin = log.stat().st_size if log.exists() else 0
    answer = invoke(event)
    counted = counted_reasons(log, begin)
    lines = {record["recordId"]: base64.b64decode(record["data"]) for record in event["records"]}
    for record in answer["records"]:
        row = json.loads(base64.b64decode(record["data"])) if record["result"] == "Ok" else None
        tell(lines[record["recordId"]], row, counted)
    return answer


def counted_reasons(log: Path, begin: int) -> list[str]:
    """The reasons for which lines were suppressed or lost, in what a function has logged since the byte `begin`."""
    with log.open("rb") as file:
        file.seek(begin)
        metrics = [metric for line in file for metric, _ in read_line(line)]
    reasons = [dict(dimensions).get("reason", "") for name, dimensions in metrics if name in {"suppressed", "losses"}]
    return sorted(set(filter(None, reasons)))
