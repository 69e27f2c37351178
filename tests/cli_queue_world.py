"""A tracking queue, a stand-in Matomo, and the command line that is led to both, for the tests of `footfall queue`."""

import json
import time
from contextlib import contextmanager

from footfall.cli.main import main
from footfall.configuration import Configuration
from footfall.queueing.dead_letters import letter_of, write_letter
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

    def bury(self, name, *, reason, detail=""):
        """Put a dead letter where the drain would have."""
        hit, now_ms = a_hit(name), int(time.time() * 1000)
        letter = letter_of(hit, destination="matomo", reason=reason, detail=detail, site="main", first_ms=now_ms, now_ms=now_ms)
        self.aws.client("sqs").send_message(QueueUrl=self.resources.dead_letters_url, MessageBody=write_letter(letter).decode())

    def put_aside(self, key, content):
        """Put an object where Lambda puts batches that it gave up."""
        self.aws.client("s3").put_object(Bucket=self.resources.failures, Key=key, Body=json.dumps(content))

    def waiting(self, url):
        """The bodies of the messages of a queue."""
        answer = self.aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in answer.get("Messages", ())]

    def items(self):
        """What stands in the delivery table."""
        return self.aws.client("dynamodb").scan(TableName=self.resources.delivery_table)["Items"]

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


@contextmanager
def cli_queue_world(monkeypatch, capsys):
    """What the command meets, and the environment that leads it there."""
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
