"""Dead letters: written, read, looked at, sent again and deleted."""

import pytest

from footfall.errors import RejectedError
from footfall.queueing.dead_letters import LARGEST_BYTES, letter_of, read_letter, write_letter
from footfall.queueing.redrive import Chosen, Purged, Redriven, peek, purge, redrive
from tests.builders import NOW_MS
from tests.drain_world import Clock, FakeQueue, World, a_hit


def a_letter(event_id="a", *, reason="refused", destination="matomo", now_ms=NOW_MS, **hit):
    return letter_of(
        a_hit(event_id, **hit), destination=destination, reason=reason, detail="", site="main", first_ms=NOW_MS - 5_000, now_ms=now_ms
    )


def a_queue(*letters):
    queue = FakeQueue(Clock())
    for letter in letters:
        queue.put(write_letter(letter))
    return queue


def test_a_letter_that_is_written_is_read_back_equal():
    letter = a_letter(parameters={"action_name": "Jane"})

    assert letter == read_letter(write_letter(letter).decode())


def test_a_letter_that_would_be_too_large_goes_without_its_hit_and_says_so():
    body = write_letter(a_letter(parameters={"action_name": "x" * LARGEST_BYTES}))

    assert len(body) < LARGEST_BYTES
    assert (None, b"left_out" in body) == (read_letter(body.decode()).hit, True)


@pytest.mark.parametrize("body", ["", "null", "[]", "{}", '{"destination":"m"}', '"203.0.113.7"'])
def test_what_is_no_letter_is_refused_without_showing_it(body):
    with pytest.raises(RejectedError, match=r"not a dead letter: [A-Za-z]+$"):
        read_letter(body)


def test_peeking_leaves_every_letter_where_it_is():
    queue = a_queue(*[a_letter(str(number)) for number in range(25)])

    found = peek(queue, Chosen(), limit=20)

    assert (20, 25, 25) == (len(found), len(queue.messages), sum(message.visible_ms <= queue.clock() for message in queue.messages))


def test_letters_are_chosen_by_reason_destination_and_time():
    queue = a_queue(a_letter("a"), a_letter("b", reason="poison"), a_letter("c", destination="other"), a_letter("d", now_ms=NOW_MS - 9))

    chosen = [
        {letter.event_ids[0] for letter in peek(queue, choice, limit=9)}
        for choice in (Chosen(), Chosen(reason="poison"), Chosen(destination="other"), Chosen(since_ms=NOW_MS))
    ]

    assert [{"a", "b", "c", "d"}, {"b"}, {"c"}, {"a", "b", "c"}] == chosen


def test_a_redrive_sends_the_hit_to_that_destination_alone_as_a_new_generation_and_deletes_the_letter():
    queue, sent, progress = a_queue(a_letter("a"), a_letter("b", reason="poison")), [], []

    done = redrive(queue, Chosen(reason="refused"), lambda hits: sent.extend(hits) or set(), observe=progress.append)

    (hit,) = sent
    assert ("a!1", ("matomo",)) == (hit.delivery_id, hit.only)
    assert (Redriven(sent=1, stayed=1), 1, 2) == (done, len(queue.messages), len(progress))


def test_a_hit_that_the_queue_did_not_confirm_keeps_its_letter():
    queue = a_queue(a_letter("a"))

    assert Redriven(failed=1) == redrive(queue, Chosen(), lambda _hits: {0})
    assert 1 == len(queue.messages)


def test_a_letter_without_a_hit_is_not_sent_and_stays():
    queue = a_queue(a_letter("a", parameters={"action_name": "x" * LARGEST_BYTES}))

    assert Redriven(without_hit=1) == redrive(queue, Chosen(), lambda _hits: set())
    assert 1 == len(queue.messages)


def test_purging_deletes_what_was_chosen_and_nothing_else():
    queue = a_queue(a_letter("a"), a_letter("b", reason="poison"))
    queue.put("no letter")

    assert (Purged(deleted=1), 2) == (purge(queue, Chosen(reason="poison")), len(queue.messages))


class KeepingQueue(FakeQueue):
    """A queue that confirms no delete, and keeps what it was to delete."""

    def delete(self, receipts):
        return len(receipts)


def test_a_letter_whose_delete_is_not_confirmed_is_not_counted_as_deleted_and_is_there_again():
    queue, progress = KeepingQueue(Clock()), []
    queue.put(write_letter(a_letter("a")))

    assert Purged(unconfirmed=1) == purge(queue, Chosen(), observe=progress.append)
    assert (["a"], [Purged(unconfirmed=1)]) == (
        [each for (each,) in (letter.event_ids for letter in peek(queue, Chosen(), limit=9))],
        progress,
    )


def test_a_hit_that_was_sent_while_its_letter_stays_is_counted_by_itself_and_sent_as_the_same_delivery_again():
    queue, sent = KeepingQueue(Clock()), []
    queue.put(write_letter(a_letter("a")))

    done = [redrive(queue, Chosen(), lambda hits: sent.extend(hits) or set()) for _ in range(2)]

    assert [Redriven(sent_but_kept=1)] * 2 == done
    assert ["a!1", "a!1"] == [hit.delivery_id for hit in sent]


def test_a_redrive_that_is_repeated_delivers_once_and_each_later_redrive_is_a_new_attempt():
    """Interrupted between sending and deleting: the same delivery ids again, which the ledger knows."""
    world = World()
    world.matomo.sites = {"2"}
    world.enqueue(a_hit("a"))
    world.run()
    world.matomo.sites = {"1", "2"}
    world.table.circuits.clear()
    letters = FakeQueue(world.clock)
    letters.put(world.dead_letters.bodies[0])
    letters.put(world.dead_letters.bodies[0])

    redrive(letters, Chosen(), lambda hits: world.enqueue(*hits))
    world.run()

    assert ({"a": 1}, []) == (world.matomo.stored, world.queue.messages)
