"""Leases as `footfall queue status` reads them: by their keys, a hundred at a time, without taking any."""

import pytest

from footfall.queueing.held import HeldShard, held_shards
from tests.drain_world import FakeTable, World, a_hit


class CountingTable(FakeTable):
    """A table that takes at most 100 keys at once, as DynamoDB does."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def read_leases(self, keys):
        self.asked.append(len(keys))
        return super().read_leases(keys)


def test_every_shard_of_every_destination_is_asked_for_a_hundred_at_a_time():
    table = CountingTable()
    for destination, shard in (("matomo", 255), ("second", 0)):
        table.take_lease(f"lease/tracking/{destination}/256/{shard}", "a run", now_ms=0, until_ms=9)

    held = held_shards(table, "tracking", ["matomo", "second"], shards=256)

    assert [HeldShard("matomo", (255, 256), 9, 0), HeldShard("second", (0, 256), 9, 0)] == held
    assert (512, 100) == (sum(table.asked), max(table.asked))


def test_the_leases_of_the_drain_are_found_by_the_names_that_it_gives_them():
    """A run that is ended between sending and noting the answer leaves its lease, and what was in flight."""
    world = World()
    world.enqueue(a_hit("a"))

    def killed(point):
        if point == "after matomo post":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.run(killed)

    (held,) = held_shards(world.table, "tracking", ["matomo"], shards=4)
    assert ("matomo", 1) == (held.destination, held.in_flight)


@pytest.mark.parametrize(
    ("until_ms", "in_flight", "meaning"),
    [
        (2, 3, "a run delivers it"),
        (2, 0, "a run holds it"),
        (1, 0, "its run ended without giving it back; the next run takes it"),
    ],
)
def test_a_lease_is_told_as_what_it_means(until_ms, in_flight, meaning):
    assert meaning == HeldShard("matomo", (0, 8), until_ms, in_flight).describe(now_ms=1)
