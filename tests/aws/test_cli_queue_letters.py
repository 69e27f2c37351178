"""`footfall queue redrive` and `purge`, of letters and of batches put aside: what is asked, what is confirmed, what stays."""

import time

import pytest

from footfall.aws.queue_reader import QueueReader
from footfall.cli.main import main
from footfall.queueing import redrive as redriving
from footfall.queueing.incoming import read_message
from local.matomo.settings import Site
from tests.builders import a_kinesis_record, a_log_line


def test_a_redrive_that_was_interrupted_before_the_letter_was_deleted_delivers_once(world, monkeypatch):
    world.enqueue("bad", idgoal="7")
    world.run("process")
    world.matomo.sites[1] = Site(goals=frozenset({7}))
    with monkeypatch.context() as interrupted:
        interrupted.setattr(redriving._Look, "delete", lambda _self, _received: False)
        world.run("redrive", "--reason", "refused")

    _, again = world.run("redrive", "--reason", "refused")
    world.run("process")

    assert (1, ["bad"]) == (again["sent"], world.stored())
    assert {} == world.run("status")[1]["dead letters"]


def test_a_redrive_takes_only_what_it_is_asked_for(world):
    world.enqueue("bad", idgoal="99")
    world.run("process")

    assert 0 == world.run("redrive", "--reason", "poison")[1]["sent"]
    assert 0 == world.run("redrive", "--reason", "refused", "--since", "2100-01-01T00:00:00Z")[1]["sent"]
    assert 1 == world.run("redrive", "--reason", "refused", "--since", "1h")[1]["sent"]


@pytest.mark.parametrize(("answer", "code", "left"), [("no\n", 1, 1), ("yes\n", 0, 0)])
def test_letters_are_deleted_only_by_who_says_yes(world, monkeypatch, answer, code, left):
    world.enqueue("bad", idgoal="99")
    world.run("process")
    monkeypatch.setattr("sys.stdin.readline", lambda: answer)

    assert code == world.run("purge", "--all")[0]
    assert left == sum(world.run("status")[1]["dead letters"].values())


def stack_outputs(world, monkeypatch, *, without=()):
    """The outputs of the queue's stack in place of the variables."""
    outputs = {
        "InputQueue": world.resources.input_url,
        "OutputQueue": world.resources.output_url,
        "DeadLetters": world.resources.dead_letters_url,
        "DeliveryTable": world.resources.delivery_table,
        "Failures": world.resources.failures,
        "SaltTable": world.resources.salt_table,
    }
    chosen = {name: value for name, value in outputs.items() if name not in without}
    monkeypatch.setattr("footfall.cli.queue_actions.read_outputs", lambda _stack: chosen)
    for name in ("INPUT_QUEUE", "DEAD_LETTERS", "DELIVERY_TABLE"):
        monkeypatch.delenv(name)


def test_batches_that_were_put_aside_become_messages_once_and_what_is_no_batch_stays(world, monkeypatch):
    stack_outputs(world, monkeypatch)
    lines = [a_log_line(timestamp=f"{time.time():.3f}", x_edge_request_id=f"request-{number}") for number in range(2)]
    world.put_aside("aws/lambda/batch", {"payload": {"Records": [a_kinesis_record(line, str(at)) for at, line in enumerate(lines)]}})

    first = world.run("redrive", "--from-failures", "--stack", "footfall-queue")
    queued = world.waiting(world.resources.output_url)
    second = world.run("redrive", "--from-failures", "--stack", "footfall-queue")
    world.put_aside("other", {"hello": 1})
    third = world.run("redrive", "--from-failures", "--stack", "footfall-queue")

    assert (0, {"batches": 1, "records": 2, "hits": 2, "kept": {}}) == first
    hits = [hit.event_id for body in queued for hit in read_message(body, sent_ms=0, is_accepted=lambda _: False).hits]
    assert ["request-0", "request-1"] == sorted(hits)
    assert (0, {"batches": 0, "records": 0, "hits": 0, "kept": {}}) == second
    assert (1, ["other"]) == (third[0], list(third[1]["kept"]))
    assert 1 == world.aws.client("s3").list_objects_v2(Bucket=world.resources.failures)["KeyCount"]


def test_a_redrive_of_batches_shows_how_far_it_is_and_says_what_stays(world, monkeypatch, capsys):
    stack_outputs(world, monkeypatch)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    world.put_aside("aws/lambda/batch", {"payload": {"Records": [a_kinesis_record("garbage", "0")]}})
    world.put_aside("other", {"hello": 1})

    assert 1 == main(["queue", "redrive", "--from-failures", "--stack", "footfall-queue"])
    said = capsys.readouterr().err
    assert "enqueued 1 records of 1 batches" in said
    assert "footfall: 1 batches stay" in said


def test_a_stack_without_the_table_of_salts_is_said_before_anything_is_read(world, monkeypatch, capsys):
    stack_outputs(world, monkeypatch, without=["SaltTable"])

    assert 2 == main(["queue", "redrive", "--from-failures", "--stack", "footfall-queue"])
    assert "SALT_TABLE = '': allowed is the table of salts" in capsys.readouterr().err


def test_a_redrive_that_sqs_does_not_confirm_fails_and_says_how_many(world, monkeypatch, capsys):
    world.bury("a", reason="refused")
    monkeypatch.setenv("INPUT_QUEUE", world.resources.input_url + "-not")

    assert 1 == main(["queue", "redrive", "--reason", "refused"])
    said = capsys.readouterr()
    assert "did not confirm 1 hits" in said.err
    assert ["sent", "0"] == said.out.splitlines()[0].split()


def test_letters_whose_delete_is_not_confirmed_fail_the_command_and_are_not_counted_as_gone(world, monkeypatch, capsys):
    world.bury("a", reason="refused")
    monkeypatch.setattr(QueueReader, "delete", lambda _self, receipts: len(receipts))

    redriven, purged = world.run("redrive", "--reason", "refused"), world.run("purge", "--reason", "refused", "--yes")

    assert (1, 0, 1) == (redriven[0], redriven[1]["sent"], redriven[1]["sent_but_kept"])
    assert (1, {"deleted": 0, "unconfirmed": 1}) == purged


@pytest.mark.parametrize("which", [("--reason", "uncertain"), ("--all",)])
@pytest.mark.parametrize(("answer", "yes", "code", "sent"), [("no\n", (), 1, 0), ("yes\n", (), 0, 1), ("", ("--yes",), 0, 1)])
def test_hits_that_may_be_stored_already_are_sent_again_only_by_who_says_yes(world, monkeypatch, capsys, which, answer, yes, code, sent):
    world.bury("a", reason="uncertain")
    monkeypatch.setattr("sys.stdin.readline", lambda: answer)

    assert code == main(["queue", "redrive", *which, *yes])
    assert "sent again they are doubled" in capsys.readouterr().err
    assert sent == len(world.waiting(world.resources.input_url))
