"""`bench transform`: the handler of transform_hits against a null transform and a naive reference that yields the same rows."""

import gc
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pybase64

from bench import lines, measure
from bench.equality import DifferenceError, prove
from bench.naive import Naive
from footfall.errors import UnavailableError
from footfall.hits.transform import Transformer
from stacks.artifacts import HOST, LAMBDA, ROOT, build_layer

DEFAULT_SEED: Final = 20_261_118
ROUNDS: Final = 9
RECORDS_PER_ROUND: Final = 4_000
WARM_UP_RECORDS: Final = 16_000
EVENT_BYTES: Final = 5_000_000

Batches = list[list[dict[str, Any]]]

_HANDLE_EVENT: Final = """
import json, pathlib, sys
from footfall import observability
from footfall.configuration import Configuration
from footfall.hits.transform import Transformer
event = json.load(open(sys.argv[1]))
salts = {day: bytes.fromhex(salt) for day, salt in event["salts"].items()}
transformer = Transformer(Configuration.from_json(event["configuration"]))
records, _ = transformer.transform(event["records"], lambda days: salts, now_ms=event["now_ms"])
json.dumps({"records": records})
status = pathlib.Path("/proc/self/status").read_text().split()
print(status[status.index("VmHWM:") + 1])
"""
"""What the runtime and the handler do with one event: read it, transform it, write the answer. Then, its peak in KiB.

Not getrusage: Linux hands the peak of the process that starts another down to it, and this one's is larger.
"""


def run(seed: int = DEFAULT_SEED, *, lines_to_prove: int = 104_000) -> int:
    """Prove that the rows are equal, measure, print the line; returns 1 at the first difference, else 0."""
    unseen = lines.unseen_seed()
    say(f"seed {seed}; unseen seed {unseen}: repeat with --seed {unseen}")
    try:
        compared = sum(prove(one, lines_to_prove // 2, say) for one in (seed, unseen))
    except DifferenceError as difference:
        say(f"the rows differ:\n{difference}")
        return 1
    say(f"{compared} lines compared, half of them mutated in every field: no difference")
    figures = {**throughput(seed), **cold_start(), "peak_mb": measure_peak(seed)}
    print("bench transform " + " ".join(f"{name}={figures[name]:.{digits}f}" for name, digits in _FIGURES.items()))
    return 0


_FIGURES: Final = {
    "records_per_s": 0,
    "ratio_vs_naive": 2,
    "null_share": 3,
    "import_ms": 0,
    "handler_import_ms": 0,
    "layer_mb": 1,
    "peak_mb": 0,
}
"""What the last line holds, in order, with how many decimals."""


def throughput(seed: int) -> dict[str, float]:
    """Records per CPU second of the handler, how much faster than naive, and its share of the null transform's speed."""
    now_ms, salts = lines.NOW_MS, lines.salts()
    configuration = lines.configuration()
    naive, handler = Naive(configuration), Transformer(configuration)
    candidates = {
        "null": lambda batches: [null_transform(records) for records in batches],
        "naive": lambda batches: [naive.transform(records, lambda _: salts, now_ms=now_ms) for records in batches],
        "handler": lambda batches: [handler.transform(records, lambda _: salts, now_ms=now_ms) for records in batches],
    }
    warm_up, *rounds = _rounds(seed)
    measure.alternate([warm_up], candidates)
    gc.collect()
    gc.freeze()  # the generated lines are no part of what is measured
    seconds = measure.alternate(rounds, candidates)
    per_record = {name: statistics.median(taken) / RECORDS_PER_ROUND for name, taken in seconds.items()}
    say("us per record: " + ", ".join(f"{name} {1e6 * taken:.1f}" for name, taken in per_record.items()))
    return {
        "records_per_s": 1 / per_record["handler"],
        "ratio_vs_naive": measure.median_ratio(seconds["naive"], seconds["handler"]),
        "null_share": measure.median_ratio(seconds["null"], seconds["handler"]),
    }


def null_transform(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Decode every line and give it back as it is: what no transform can be faster than."""
    return [
        {
            "recordId": record["recordId"],
            "result": "Ok",
            "data": pybase64.b64encode(pybase64.b64decode(record["data"], validate=True)).decode("ascii"),
        }
        for record in records
    ]


def _rounds(seed: int) -> list[Batches]:
    """Fresh lines for every round after those to warm up: memos are met by new values as often as in production."""
    endless = lines.generate_lines(seed)
    return [lines.batches(list(itertools.islice(endless, number))) for number in (WARM_UP_RECORDS, *[RECORDS_PER_ROUND] * ROUNDS)]


def cold_start() -> dict[str, float]:
    """Import times from the layer as it is built, with its bytecode, and the size of the layer that is deployed."""
    layer = _layer(HOST) / "python"
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "configuration.json"
        document.write_text(lines.configuration().to_json(), encoding="utf-8")
        environment = {"FOOTFALL_CONFIGURATION": str(document), "SALT_TABLE": "salts", "AWS_DEFAULT_REGION": "eu-central-1"}
        path = [ROOT / "lambdas" / "transform_hits", layer]
        return {
            "import_ms": measure.import_ms("import footfall.hits.transform", path=path, environment={}),
            "handler_import_ms": measure.import_ms("import handler", path=path, environment=environment),
            "layer_mb": measure.size_mb(_layer(LAMBDA)),
        }


def _layer(target: Any) -> Path:
    """Build the layer, or take the one that is there where wheels cannot be had."""
    try:
        return build_layer(target)
    except UnavailableError as unavailable:
        present = ROOT / "build" / f"layer-{target.name}"
        if not present.is_dir():
            raise
        say(f"{unavailable}\nmeasured instead: the layer that was built before")
        return present


def measure_peak(seed: int) -> float:
    """Peak memory in MB of a process that handles one event of 5 MB."""
    event = {
        "records": _event_records(seed),
        "configuration": lines.configuration().to_json(),
        "salts": {day: salt.hex() for day, salt in lines.salts().items()},
        "now_ms": lines.NOW_MS,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "event.json"
        file.write_text(json.dumps(event), encoding="utf-8")
        return measure.peak_mb(_HANDLE_EVENT, str(file), path=[_layer(HOST) / "python"])


def _event_records(seed: int) -> list[dict[str, Any]]:
    size, records = 0, []
    for record in _records(seed):
        size += len(json.dumps(record)) + 2
        if size > EVENT_BYTES:
            break
        records.append(record)
    return records


def _records(seed: int) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines.generate_lines(seed)):
        yield lines.record_of(line.encode(), number)


def say(text: str) -> None:
    """Tell the person who waits how it goes."""
    print(text, file=sys.stderr, flush=True)
