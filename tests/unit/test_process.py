"""The drain, from a received message to a deleted one."""

from tests.drain_world import World, a_hit


def test_what_is_acknowledged_is_in_the_ledger_and_its_message_deleted():
    world = World()
    world.enqueue(a_hit("a"), a_hit("b"))

    tally = world.run()

    assert {"a": 1, "b": 1} == world.matomo.stored
    assert ([], {("matomo", "main"): 2}) == (world.queue.messages, tally.delivered)
    assert [2] == [len(marks["delivered"]) for marks in world.table.slots.values()]
