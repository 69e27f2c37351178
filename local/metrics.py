"""Play CloudWatch for the embedded metric format: sum what functions wrote into their logs.

Source: "Specification: Embedded metric format" in the Amazon CloudWatch User Guide.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

Metric = tuple[str, frozenset[tuple[str, str]]]
"""A metric's name and its dimensions, for example `("losses", frozenset({("stage", "transform"), ("reason", "no_room")}))`."""


def read_metrics(logs: Iterable[Path]) -> dict[Metric, float]:
    """Sum every metric of these log files; a file that is not there yet has none, other lines are not metrics."""
    totals: defaultdict[Metric, float] = defaultdict(float)
    for log in logs:
        if log.exists():
            for line in log.read_bytes().splitlines():
                for metric, value in read_line(line):
                    totals[metric] += value
    return dict(totals)


def read_line(line: bytes) -> Iterator[tuple[Metric, float]]:
    """Read one line: a metric for each of its sets of dimensions, with the sum of its values; nothing if it is none."""
    document = _document(line)
    directives = document.get("_aws", {}).get("CloudWatchMetrics", []) if isinstance(document.get("_aws"), dict) else []
    for directive in directives:
        for names in directive.get("Dimensions") or [[]]:
            dimensions = frozenset((name, str(document[name])) for name in names if name in document)
            for definition in directive.get("Metrics", []):
                if (value := _value(document.get(definition["Name"]))) is not None:
                    yield (definition["Name"], dimensions), value


def _document(line: bytes) -> Mapping[str, Any]:
    if b'"_aws"' not in line:
        return {}
    try:
        document = json.loads(line)
    except ValueError:  # cut short when its process was killed
        return {}
    return document if isinstance(document, dict) else {}


def _value(value: Any) -> float | None:
    values = value if isinstance(value, list) else [value]
    numbers = [number for number in values if isinstance(number, (int, float)) and not isinstance(number, bool)]
    return float(sum(numbers)) if numbers else None
