"""The handler and the naive reference of bench/ give the same rows, under mutation of every field: the bench proves 104,000 lines, this a few."""

from random import Random

import pytest

from bench import equality, lines
from bench.mutation import mutate
from footfall.hits.transform import Transformer


def quietly(_text):
    """Say nothing."""


@pytest.mark.parametrize("seed", [20261118, 7, 4711])
def test_handler_and_reference_agree_on_every_row_and_every_count(seed):
    assert equality.prove(seed, 1_200, quietly) >= 1_200


def test_the_comparison_sees_a_wrong_row(monkeypatch):
    """Negative control: a handler that gets one column wrong is caught, and the smallest line is shown."""
    written = Transformer._encode
    monkeypatch.setattr(Transformer, "_encode", lambda self, row, hit: written(self, row | {"title": "wrong"}, hit))

    with pytest.raises(equality.DifferenceError, match="title"):
        equality.prove(7, 240, quietly)


def test_the_mutations_reach_every_field():
    random = Random(1)
    changed = set()
    for line in lines.generate_lines(3):
        before, after = line.rstrip("\n").split("\t"), mutate(line, random).rstrip("\n").split("\t")
        if len(before) == len(after):
            changed |= {lines.FIELDS[position] for position, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]}
        if changed == set(lines.FIELDS):
            break

    assert changed == set(lines.FIELDS)
