"""`footfall queue` against the AWS APIs of this machine and a stand-in Matomo: what an operator does at three in the morning."""

import json
import time

import pytest

from footfall.cli.main import main
from footfall.configuration import Configuration
from footfall.queueing import redrive as redriving
from footfall.queueing.message import QueuedHit, write_message
from local.aws import LocalAws
from local.matomo.server import Matomo
from local.matomo.settings import Site, Token
from local.matomo.state import State
from local.tracking_queue import keep_tokens, with_destination
from tests.builders import a_configuration

TOKEN = "0123456789abcdef0123456789abcdef"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
ROUTED = {
    "sites": {"default": "main", "main": {"ids": ["1"], "deliver": {"matomo": "1"}}},
    "queue": {"settle_s": 0},
    "destinations": {"matomo": {"url": "https://matomo.example.org/matomo.php", "token_secret": "matomo/token"}},
}


class World:
    """The queue's resources, a Matomo, and the command line that is led to both."""

    def __init__(self, aws, resources, matomo, capsys):
        self.aws, self.resources, self.matomo, self._capsys = aws, resources, matomo, capsys

    def enqueue(self, name, **parameters):
        message = write_message([a_hit(name, **parameters)], layout="packed", shard=0, shards=8)
        self.aws.client("sqs").send_message(QueueUrl=self.resources.input_url, MessageBody=message.decode())

    def run(self, *arguments):
        """The exit code, and the JSON that was printed (else the text)."""
        code = main(["queue", *arguments, "--json"])
        out = self._capsys.readouterr().out
        return code, json.loads(out) if out else None

    def stored(self):
        return sorted(hit.parameters["pv_id"] for hits in self.matomo.hits.values() for hit in hits)


def a_hit(name, **parameters):
    now_ms = int(time.time() * 1000)
    values = {"idsite": "1", "rec": "1", "url": "https://www.example.org/secret-page", "pv_id": name, **parameters}
    return QueuedHit(
        event_id=f"event-{name}",
        received_ms=now_ms,
        event_ms=now_ms,
        time_s=now_ms // 1000,
        parameters=values,
        site="main",
        address="203.0.113.0",
        user_agent=AGENT,
        visitor_id="a" * 16,
    )


@pytest.fixture
def world(monkeypatch, capsys):
    configuration = a_configuration(**ROUTED)
    state = State(sites={1: Site()}, tokens={TOKEN: Token(access="super")})
    with LocalAws() as aws, Matomo(state=state) as matomo:
        resources = aws.create(configuration)
        keep_tokens(aws, configuration, {"matomo": TOKEN})
        local = with_destination(configuration, "matomo", matomo.url + "matomo.php")
        monkeypatch.setattr(Configuration, "load", staticmethod(lambda _path: local))
        environment = {
            "INPUT_QUEUE": resources.input_url,
            "DEAD_LETTERS": resources.dead_letters_url,
            "DELIVERY_TABLE": resources.delivery_table,
        }
        for name, value in {**aws.environment(), **environment}.items():
            monkeypatch.setenv(name, value)
        yield World(aws, resources, state, capsys)


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


@pytest.mark.parametrize(("answer", "code", "left"), [("no\n", 1, 1), ("yes\n", 0, 0)])
def test_letters_are_deleted_only_by_who_says_yes(world, monkeypatch, answer, code, left):
    world.enqueue("bad", idgoal="99")
    world.run("process")
    monkeypatch.setattr("sys.stdin.readline", lambda: answer)

    assert code == world.run("purge", "--all")[0]
    assert left == sum(world.run("status")[1]["dead letters"].values())


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
