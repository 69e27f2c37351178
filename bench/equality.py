"""Prove that the handler and the naive reference give the same answers, whatever the line; show the smallest example where not."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import pybase64

from bench import lines
from bench.mutation import mutate
from bench.naive import Naive
from footfall.configuration import Configuration
from footfall.hits.log_fields import CANONICAL_ORDER, FORBIDDEN
from footfall.hits.transform import Transformer

MANY_FIELDS: Final = [name for name in CANONICAL_ORDER if name not in FORBIDDEN]

VARIANTS: Final[tuple[dict[str, dict[str, Any]], ...]] = (
    {},
    {"privacy": {"ip": "hash", "gpc": "strip", "dnt": "keep", "user_agent": "keep", "user_id": "authenticated"}},
    {"privacy": {"ip": "keep", "gpc": "keep", "dnt": "drop", "user_agent": "drop", "user_id": "drop", "unknown_signal": "off"}},
    {"privacy": {"ip": "drop", "gpc": "keep", "dnt": "strip"}, "edge": {"query_escaping": "escaped_again", "sampling_rate": 50}},
    {"privacy": {"url_parameters_removed": ["q", "userid", "cs"]}, "edge": {"query_escaping": "as_received", "log_fields": MANY_FIELDS}},
    {"sites": {"default": "", "main": {"ids": ["1"]}, "shop": {"ids": ["2"], "hosts": ["shop.example.org"]}}},
)
"""Sections of footfall.toml: together they take every policy to each of its choices."""

Answer = tuple[dict[str, Any], Any]
"""What Firehose reads: the answer without its data, and the row."""


class DifferenceError(Exception):
    """The handler and the reference disagree; the text holds the smallest line found, and what differs."""


def prove(seed: int, number: int, say: Callable[[str], None]) -> int:
    """Compare answers and counts on `number` lines, every other one mutated, over all variants; returns how many were compared.

    Raises:
        DifferenceError: with a minimal line.
    """
    each = -(-number // len(VARIANTS) // 2)
    for position, sections in enumerate(VARIANTS):
        compare(seed + position, each, lines.configuration(**sections), escapes_percent=position % 2 == 0)
        say(f"  seed {seed}: {2 * each * (position + 1)} lines compared")
    return 2 * each * len(VARIANTS)


def compare(seed: int, number: int, configuration: Configuration, *, escapes_percent: bool) -> None:
    """Compare `number` lines as generated and as many mutated ones; raises DifferenceError."""
    fields = configuration.edge.log_fields
    plain = list(itertools.islice(lines.generate_lines(seed, fields, escapes_percent=escapes_percent), number))
    random = Random(seed)
    handler, naive = Transformer(configuration), Naive(configuration)
    for records in lines.batches([*plain, *(mutate(line, random) for line in plain)]):
        ours, our_counts = handler.transform(records, _salts_of, now_ms=lines.NOW_MS)
        theirs, their_counts = naive.transform(records, _salts_of, now_ms=lines.NOW_MS)
        if _rows(ours) != _rows(theirs) or our_counts != their_counts:
            record = next(
                (record for record, *pair in zip(records, ours, theirs, strict=True) if _row(pair[0]) != _row(pair[1])), records[0]
            )
            raise DifferenceError(explain(pybase64.b64decode(record["data"]).decode(), configuration))


def explain(line: str, configuration: Configuration) -> str:
    """Cut a line down as far as the difference remains, and say what differs."""
    for step in (256, 64, 16, 4, 1):
        position = 0
        while position < len(line):
            shorter = line[:position] + line[position + step :]
            if difference(shorter, configuration):
                line = shorter
            else:
                position += step
    return f"{line!r}\n(handler, reference): {difference(line, configuration)}"


def difference(line: str, configuration: Configuration) -> dict[str, tuple[Any, Any]]:
    """The columns (and the fields of the answer) in which the handler and the reference differ for one line."""
    records = [lines.record_of(line.encode(), 0)]
    both = []
    for candidate in (Transformer(configuration), Naive(configuration)):
        answers, counts = candidate.transform(records, _salts_of, now_ms=lines.NOW_MS)
        answer, row = _row(answers[0])
        both.append({**answer, **(row or {}), "counts": [Counter(count) for count in counts]})
    ours, theirs = both
    return {name: (ours.get(name), theirs.get(name)) for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}


def _salts_of(days: set[str]) -> dict[str, bytes]:
    del days
    return lines.salts()


def _rows(answers: Sequence[dict[str, Any]]) -> list[Answer]:
    return [_row(answer) for answer in answers]


def _row(answer: dict[str, Any]) -> Answer:
    rest = {name: value for name, value in answer.items() if name != "data"}
    return rest, json.loads(pybase64.b64decode(answer["data"])) if "data" in answer else None
