"""`footfall queue` against the AWS APIs of this machine and a stand-in Matomo: what an operator does at three in the morning."""

import json
import time
from dataclasses import replace

import pytest

from footfall.aws.delivery_table import DeliveryTable
from footfall.cli import queue
from footfall.cli.main import main, parser
from footfall.configuration import Configuration
from footfall.errors import UnavailableError
from footfall.queueing.message import write_message
from tests.cli_queue_world import AGENT, TOKEN, a_hit


def test_what_waits_is_delivered_and_the_status_says_so(world):
    world.enqueue("a")
    world.enqueue("b")
    _, before = world.run("status")

    code, processed = world.run("process")

    _, after = world.run("status")
    assert (2, 0) == (before["queue"]["waiting"], after["queue"]["waiting"])
    assert (0, 2, ["a", "b"]) == (code, processed["delivered"], world.stored())
    assert ({}, "closed") == (after["dead letters"], after["circuit matomo"])


def test_a_hit_that_is_refused_is_a_letter_with_its_reason_and_nothing_that_could_be_read(world):
    world.enqueue("good")
    world.enqueue("bad", idgoal="99")

    code, _ = world.run("process")
    _, letters = world.run("peek", "--reason", "refused")

    assert (1, ["good"]) == (code, world.stored())
    (letter,) = letters
    assert ("refused", "matomo", ["event-bad"], True) == (
        letter["reason"],
        letter["destination"],
        letter["event_ids"],
        letter["can_redrive"],
    )
    assert not [secret for secret in (AGENT, TOKEN, "203.0.113", "secret-page") if secret in json.dumps(letters)]
    assert {"matomo refused": 1} == world.run("status")[1]["dead letters"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("redrive",),
        ("purge",),
        ("redrive", "--reason", "unattributed"),
        ("redrive", "--from-failures"),
        ("purge", "--from-failures", "--yes"),
        ("redrive", "--reason", "refusd"),
    ],
)
def test_what_would_do_too_much_or_nothing_is_refused(world, arguments, capsys):
    assert 2 == main(["queue", *arguments])
    assert "allowed is" in capsys.readouterr().err


def test_one_message_from_a_file_is_delivered_and_given_again_is_not_stored_twice(world, tmp_path):
    file = tmp_path / "message.json"
    file.write_bytes(write_message([a_hit("one")], layout="compatible", shard=0, shards=8))

    codes = [world.run("process", "--event", str(file))[0] for _ in range(2)]

    assert ([0, 0], ["one"]) == (codes, world.stored())


@pytest.mark.parametrize("content", [b"\xff", b"{}", b"[1]"])
def test_a_file_that_is_no_message_is_a_clear_answer_and_an_exit_code(world, tmp_path, content, capsys):
    file = tmp_path / "message.json"
    file.write_bytes(content)

    assert 1 == main(["queue", "process", "--event", str(file)])
    said = capsys.readouterr()
    assert "not UTF-8" in said.err or "unreadable" in said.out


def test_a_test_says_what_works_and_stores_nothing(world):
    code, checks = world.run("test")

    assert (0, ["ok"] * 4, []) == (code, [check["verdict"] for check in checks], world.stored())


def test_a_test_names_the_destination_that_refuses_the_token(world):
    world.matomo.tokens.clear()

    code, checks = world.run("test")

    assert (1, "fail", "destination matomo") == (code, checks[-1]["verdict"], checks[-1]["name"])
    assert "token is refused for its sites 1" in checks[-1]["seen"]


def test_a_queue_that_does_not_exist_is_one_line(world, monkeypatch, capsys):
    monkeypatch.setenv("INPUT_QUEUE", world.resources.input_url + "-not")

    assert 1 == main(["queue", "status"])
    assert capsys.readouterr().err.startswith("footfall: count messages: ")


def test_without_names_every_missing_one_is_listed(world, monkeypatch, capsys):
    for name in ("INPUT_QUEUE", "DEAD_LETTERS", "DELIVERY_TABLE"):
        monkeypatch.delenv(name)

    assert 2 == main(["queue", "status"])
    said = capsys.readouterr().err
    assert all(name in said for name in ("INPUT_QUEUE", "DEAD_LETTERS", "DELIVERY_TABLE"))


def test_names_come_from_the_outputs_of_a_stack(world, monkeypatch):
    outputs = {
        "InputQueue": world.resources.input_url,
        "DeadLetters": world.resources.dead_letters_url,
        "DeliveryTable": world.resources.delivery_table,
    }
    monkeypatch.setattr("footfall.cli.queue_actions.read_outputs", lambda stack: outputs if stack == "footfall-queue" else {})
    for name in ("INPUT_QUEUE", "DEAD_LETTERS", "DELIVERY_TABLE"):
        monkeypatch.delenv(name)

    assert 0 == world.run("status", "--stack", "footfall-queue")[0]


def test_a_run_that_meets_an_open_circuit_says_that_hits_wait(world):
    world.matomo.tokens.clear()
    world.enqueue("a")
    world.run("process")

    code, processed = world.run("process")

    assert (1, []) == (code, world.stored())
    assert processed["circuits_open"]


def test_a_message_is_given_a_verdict_for_each_of_its_hits(world, tmp_path, capsys):
    file = tmp_path / "message.json"
    file.write_bytes(write_message([a_hit("good"), a_hit("bad", idgoal="99")], layout="packed", shard=0, shards=8))

    code, first = world.run("process", "--event", str(file))
    main(["queue", "process", "--event", str(file)])

    assert (1, ["delivered", "rejected"]) == (code, [each["outcome"] for each in first["hits"]])
    assert ("event-bad", "matomo", "refused") == tuple(first["hits"][1][name] for name in ("event_id", "destination", "reason"))
    again = capsys.readouterr().out
    assert "event_id=event-good  destination=matomo  outcome=already delivered" in again
    assert "event_id=event-bad  destination=matomo  outcome=already a dead letter  reason=refused" in again


def test_what_strangers_wrote_does_not_steer_the_terminal(world, capsys):
    world.bury("a", reason="refused", detail="\x1b[2J\x9bgone")

    for arguments in (["peek"], ["peek", "--json"], ["status"]):
        assert 0 == main(["queue", *arguments])
    said = capsys.readouterr().out
    assert "detail=\\u001b[2J\\u009bgone" in said
    assert said.replace("\n", "").isprintable()


def test_the_status_says_of_how_many_letters_it_looked_at_how_many(world, monkeypatch):
    monkeypatch.setattr("footfall.cli.queue_status._MOST_LETTERS", 1)
    world.bury("a", reason="refused")
    world.bury("b", reason="refused")

    _, status = world.run("status")

    assert ({"matomo refused": 1}, {"looked_at": 1, "of_about": 2}) == (status["dead letters"], status["dead letters seen"])


def test_the_status_shows_which_shards_are_held_and_what_may_be_under_way(world):
    table, now_ms = DeliveryTable(world.resources.delivery_table), int(time.time() * 1000)
    for shard, until_ms in ((2, now_ms + 60_000), (5, now_ms - 60_000), (7, now_ms + 60_000)):
        table.take_lease(f"lease/footfall-tracking/matomo/8/{shard}", "a run", now_ms=now_ms - 120_000, until_ms=until_ms)
        table.renew_lease(f"lease/footfall-tracking/matomo/8/{shard}", "a run", until_ms=until_ms, in_flight={7: {b"a" * 8, b"b" * 8}})
    table.release_lease("lease/footfall-tracking/matomo/8/7", "a run")

    before, (code, status), after = world.items(), world.run("status"), world.items()

    live, left = status["leases"]
    assert (0, "matomo", "2 of 8", 2, "a run delivers it") == (
        code,
        *(live[name] for name in ("destination", "shard", "in_flight", "meaning")),
    )
    assert ("5 of 8", True) == (left["shard"], "nobody knows the outcome" in left["meaning"])
    assert before == after


def test_a_watched_status_comes_again_until_ctrl_c_which_is_a_good_end(world, capsys):
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    assert 0 == queue.run(parser().parse_args(["queue", "status", "--watch"]), pause=pause)
    assert ([5.0, 5.0], 2) == (pauses, capsys.readouterr().out.count("circuit matomo"))


def test_a_test_writes_to_the_delivery_table_and_leaves_nothing_there(world, monkeypatch):
    written = []
    rehearse = DeliveryTable.rehearse_write
    monkeypatch.setattr(DeliveryTable, "rehearse_write", lambda self, key, **named: written.append(key) or rehearse(self, key, **named))

    code, _ = world.run("test")

    assert (0, True, []) == (code, written[0].startswith("test/"), world.items())


def test_a_test_notices_that_the_delivery_table_cannot_be_written(world, monkeypatch):
    def refuse(*_arguments, **_named):
        raise UnavailableError("write delivery table: AccessDeniedException")

    monkeypatch.setattr(DeliveryTable, "_update", refuse)

    code, checks = world.run("test")

    assert (1, ["delivery table"]) == (code, [check["name"] for check in checks if check["verdict"] == "fail"])


@pytest.mark.parametrize("is_there", [True, False])
def test_a_test_names_the_secret_when_it_is_the_secret_that_is_missing(world, is_there):
    secrets = world.aws.client("secretsmanager")
    if is_there:
        secrets.put_secret_value(SecretId="matomo/token", SecretString="\n")
    else:
        secrets.delete_secret(SecretId="matomo/token", ForceDeleteWithoutRecovery=True)

    code, checks = world.run("test")

    assert (1, True, True) == (code, "secret matomo/token: " in checks[-1]["seen"], "this secret" in checks[-1]["todo"])


def test_a_destination_without_a_site_is_a_warning_and_no_failure(world, monkeypatch):
    configuration = Configuration.load(None)
    idle = replace(configuration.destinations[0], name="idle")
    more = replace(configuration, destinations=(*configuration.destinations, idle))
    monkeypatch.setattr(Configuration, "load", staticmethod(lambda _path: more))

    code, checks = world.run("test")

    assert (0, ["ok"] * 4 + ["warn"]) == (code, [check["verdict"] for check in checks])
    assert ("destination idle", "no site is routed to it") == (checks[-1]["name"], checks[-1]["seen"])


def test_a_run_too_short_for_one_request_is_refused_instead_of_doing_nothing(world, capsys):
    assert 2 == main(["queue", "process", "--minutes", "1"])
    assert "allowed is more than 1.25" in capsys.readouterr().err
