"""process_queue against the local AWS APIs and a Matomo on loopback: the handler is imported and called as Lambda does."""

import http.server
import json
import threading
from dataclasses import dataclass

import pytest

from footfall.errors import ConfigurationError
from footfall.functions import ProcessQueueSettings
from footfall.queueing.dead_letters import read_letter
from footfall.queueing.message import write_message
from footfall.transport import Posted
from tests.aws.test_transform_hits import load_handler
from tests.drain_world import TOKEN, Clock, ModelMatomo, a_configuration, a_destination, a_hit


@dataclass
class Context:
    """What Lambda tells a function of its invocation."""

    aws_request_id: str = "6f7f1e3c-0000-4000-8000-000000000001"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


@pytest.fixture
def matomo():
    """A server on loopback that answers as the model does, and keeps what it was sent."""
    model = ModelMatomo(Clock())
    model.paths = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            model.paths.append(self.path)
            answer = model.answer(Posted(self.path, body, self.headers["Content-Type"], 30.0))
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("content-type", "text/html"))
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_address[1]}/matomo.php"
    yield model
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def account(deliveries, matomo, monkeypatch, tmp_path):
    path = tmp_path / "configuration.json"
    path.write_text(a_configuration(a_destination(url=matomo.url, token_secret="matomo-token")).to_json())
    deliveries.aws.client("secretsmanager").create_secret(Name="matomo-token", SecretString=TOKEN)
    settings = ProcessQueueSettings(
        configuration_path=str(path),
        queue_url=deliveries.queue_url,
        dead_letters_url=deliveries.dead_letters_url,
        delivery_table=deliveries.table,
    )
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)
    return deliveries


def put(account, *hits):
    body = write_message(hits, layout="packed", shard=0, shards=4).decode()
    account.aws.client("sqs").send_message(QueueUrl=account.queue_url, MessageBody=body)


def run():
    return load_handler("process_queue")({}, Context())


def test_hits_are_delivered_and_their_messages_deleted(account, matomo):
    put(account, a_hit("a"), a_hit("b"))
    put(account, a_hit("c"))

    totals = run()

    assert {"a": 1, "b": 1, "c": 1} == matomo.stored
    assert {"/matomo.php?queuedtracking=0"} == set(matomo.paths)
    assert (3, 2, 2) == (totals["delivered"], totals["messages_received"], totals["messages_deleted"])


def test_a_message_that_comes_again_is_not_delivered_again(account, matomo):
    put(account, a_hit("a"))
    run()
    put(account, a_hit("a"))

    totals = run()

    assert ({"a": 1}, 0, 1) == (matomo.stored, totals["delivered"], totals["messages_deleted"])


def test_what_is_refused_is_a_dead_letter_with_its_reason_and_its_hit(account, matomo):
    put(account, a_hit("good"), a_hit("bad", parameters={"idgoal": "999"}))

    run()

    (letter,) = (read_letter(body) for body in account.waiting(account.dead_letters_url))
    assert ("refused", "matomo", "main", ("bad",)) == (letter.reason, letter.destination, letter.site, letter.event_ids)
    assert {"good": 1} == matomo.stored


def test_a_refused_token_opens_the_circuit_and_the_new_one_is_used_when_it_is_there(account, matomo):
    matomo.tokens = {"another"}
    put(account, a_hit("a"))
    refused = run()
    matomo.tokens = {TOKEN}

    assert ("matomo: refused", 1, {}) == (refused["circuits_open"], refused["messages_waiting"], matomo.stored)


def test_metrics_and_the_log_line_count_everything_and_name_nobody(account, matomo, capsys):
    put(account, a_hit("good"), a_hit("bad", parameters={"idgoal": "999"}))

    run()

    written = capsys.readouterr().out
    lines = [json.loads(line) for line in written.splitlines()]
    metrics = {name: line for line in lines if "_aws" in line for name in ("delivered", "losses", "circuit_open") if name in line}
    assert ("matomo", "main", [1.0]) == tuple(metrics["delivered"][name] for name in ("destination", "site", "delivered"))
    assert ("process", "refused") == (metrics["losses"]["stage"], metrics["losses"]["reason"])
    assert [0.0] == metrics["circuit_open"]["circuit_open"]
    (log,) = [line for line in lines if line.get("message") == "queue processed"]
    assert (1, 1, "") == (log["delivered"], log["losses"], log["circuits_open"])
    assert not any(secret in written for secret in (TOKEN, "203.0.113", "Firefox"))


def test_an_incomplete_environment_fails_the_cold_start_and_names_what_is_missing(account, monkeypatch):
    monkeypatch.delenv("DEAD_LETTERS")

    with pytest.raises(ConfigurationError, match="DEAD_LETTERS"):
        load_handler("process_queue")
