"""What becomes of a hit behind the stream is told by what the functions say to the queue, and what its destination answers."""

import io
import json

import pytest

from footfall.configuration import Configuration
from local.matomo.core import answer
from local.matomo.exchange import Request
from local.matomo.settings import Site, Token
from local.matomo.state import State
from local.runtime import FunctionCrashed
from local.up import kept_deliveries
from local.up.both_ways import BothWays
from local.up.bulk_entries import pair
from local.up.deliveries import Deliveries
from local.up.drainer import PATIENCE_S, RETRY_S, Drainer
from local.up.kept_queue import KeptQueue
from local.up.last_requests import LastRequests
from local.up.passage import messages_of
from local.up.queue_calls import listen
from local.up.section import Known
from local.up.sections import sections_of
from local.up.seen import Seen
from tests.builders import FIELDS
from tests.up_client import DEMO, columns_of

NOW_S = 1_795_000_000
AGENT = {"ua": "Mozilla/5.0 (X11)", "cip": "203.0.113.0", "cdt": str(NOW_S), "cid": "0123456789abcdef"}


def a_message(*event_ids, site="main", **parameters):
    """The body of a message of hits, told apart by their titles."""
    requests = [{"idsite": "1", "rec": "1", "action_name": event_id, **AGENT, **parameters} for event_id in event_ids]
    hits = [{"id": event_id, "received_ms": NOW_S * 1000, "site": site} for event_id in event_ids]
    own = {"version": 1, "layout": "packed", "shard": 2, "shards": 8, "hits": hits}
    content = {"requests": requests, "env": {"server": {}}, "tokenAuth": False, "time": NOW_S}
    return json.dumps({"piwik": True, "content": content, "footfall": own})


def a_letter(event_id, reason, detail):
    return json.dumps({"footfall_dead_letter": 1, "destination": "matomo", "reason": reason, "detail": detail, "event_ids": [event_id]})


class World:
    """Deliveries with requests that are known, a folder of messages, and a stand-in that is asked without a socket."""

    def __init__(self, folder):
        self.failures = []
        self.requests = LastRequests(FIELDS, settled=lambda _: None)
        self.kept = KeptQueue(folder / "queue", self.failures.append)
        self.deliveries = Deliveries(Configuration.load(DEMO), self.requests, self.kept, clock=lambda: NOW_S + 1.5)
        self.state = State(sites={1: Site()}, tokens={"secret": Token(access="super")})

    def queue(self, *event_ids, message_id="m1", **parameters):
        for event_id in event_ids:
            self.requests.see(event_id, "edge")
        self.deliveries.sent(message_id, a_message(*event_ids, **parameters))

    def bulk(self, *entries):
        body = json.dumps({"requests": entries, "token_auth": "secret"}).encode()
        request = Request(method="POST", target="/matomo.php", body=body, now_s=NOW_S)
        reply, changes = answer(request, self.state)
        self.state.commit(changes)
        self.deliveries.answered("matomo", request, reply, changes)

    def shown(self, event_id, section):
        seen = self.requests.get(event_id)
        (found,) = (one for one in sections_of(Known(seen=seen, fields=FIELDS, lake=self.kept.folder)) if one["name"] == section)
        return found

    def columns(self, event_id, section):
        return columns_of({"sections": [self.shown(event_id, section)]}, section)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def an_entry(event_id, **parameters):
    return {"idsite": "1", "rec": "1", "action_name": event_id, **AGENT, **parameters}


def test_a_message_is_shown_for_its_hit_alone_with_its_shard_and_how_many_are_beside_it(world):
    world.queue("a", "b", "c")

    assert ("2 of 8", "packed", "2 more hits", "b") == tuple(
        world.columns("b", "message")[name] for name in ("shard", "layout", "beside it", "action_name")
    )
    assert '"c"' not in world.shown("b", "message")["raw"]
    assert world.deliveries.arrived.is_set()


def test_each_hit_of_a_bulk_has_its_own_entry_verdict_and_visit(world):
    world.queue("a", "b")
    world.bulk(an_entry("b"), an_entry("a"))
    world.deliveries.deleted("m1")

    assert ("2 of 2", "a") == tuple(world.columns("a", "delivery")[name] for name in ("position", "action_name"))
    assert ("1 of 2", "delivered") == tuple(world.columns("b", "delivery")[name] for name in ("position", "verdict"))
    assert ("a", "1, of 2 actions") == tuple(world.columns("a", "visit")[name] for name in ("title", "visit"))
    assert "secret" not in world.shown("a", "delivery")["raw"]


def test_a_hit_is_delivered_only_when_its_message_is_deleted(world):
    world.queue("a")
    world.bulk(an_entry("a"))
    before = world.columns("a", "delivery")["verdict"]
    world.deliveries.deleted("m1")

    assert ("waiting", "delivered") == (before, world.columns("a", "delivery")["verdict"])
    assert (0, []) == (world.deliveries.waiting(), list(world.kept.folder.iterdir()))


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [("refused", "rejected: a dead letter"), ("too_old", "rejected: a dead letter"), ("uncertain", "uncertain: a dead letter")],
)
def test_a_dead_letter_is_the_verdict_with_its_reason_and_what_to_do(world, reason, verdict):
    world.queue("a")
    world.deliveries.sent("letter", a_letter("a", reason, "as it said"))
    world.deliveries.deleted("m1")
    shown = world.columns("a", "delivery")

    assert (verdict, f"{reason}: as it said") == (shown["verdict"], shown["reason"])
    assert shown["meaning"]
    assert "There is none: the hit was not accepted." == world.shown("a", "visit")["empty"]


def test_what_a_run_leaves_says_why_it_waits_and_is_on_disk(world):
    world.queue("a")
    world.deliveries.ran({"circuits_open": "matomo: paused, other: unavailable"})

    assert ("waiting", "the circuit is open: paused") == tuple(world.columns("a", "delivery")[name] for name in ("verdict", "reason"))
    assert {"matomo": 1} == world.deliveries.waiting_for()
    assert ["m1.json"] == [path.name for path in world.kept.folder.iterdir()]


def test_a_hit_that_is_queued_twice_stays_delivered(world):
    world.queue("a")
    world.bulk(an_entry("a"))
    world.deliveries.deleted("m1")
    world.queue("a", message_id="m2")
    twice = world.columns("a", "delivery")["verdict"]
    world.deliveries.deleted("m2")

    assert ("delivered", "a") == (twice, world.columns("a", "delivery")["action_name"])


def test_a_message_that_cannot_be_kept_is_told_of_and_delivered(world):
    world.kept.folder.rmdir()
    world.kept.folder.write_text("")
    world.queue("a")

    assert [FileExistsError] == [type(failed) for failed in world.failures]
    assert 1 == world.deliveries.waiting()


def test_probes_and_hits_of_nobody_are_paired_with_none(world):
    world.queue("a")
    world.bulk({"idsite": "1", "rec": "0", "cip": "0.0.0.0"})
    world.bulk(an_entry("a", action_name="of another writer"))

    assert "action_name" not in world.columns("a", "delivery")


def test_equal_hits_are_paired_in_their_order_and_mended_ones_are_found():
    (first,) = messages_of("m", json.loads(a_message("a", e_v="inf")))
    (second,) = messages_of("m", json.loads(a_message("a", cdt=str(NOW_S + 1))))

    paired = list(pair([an_entry("a", cdt=str(NOW_S + 1)), an_entry("a")], [(first, "1"), (second, "1")]))

    assert [(0, second), (1, first)] == paired


def test_what_was_known_comes_back_and_what_was_not_says_so(world, tmp_path):
    world.queue("a")
    world.bulk(an_entry("a"))
    world.deliveries.deleted("m1")
    written = json.loads(json.dumps(kept_deliveries.to_json(world.requests.shown())))
    restored = [Seen(request_id=name, at={"edge": 1.0}, outcome="row", is_restored=True, row={"site": "main"}) for name in ("a", "lost")]
    kept_deliveries.give_back(restored, written, "deliveries.json")
    known, lost = (sections_of(Known(seen=seen, fields=FIELDS, lake=tmp_path, routes={"main": ["matomo"]})) for seen in restored)

    assert ("delivered", "a") == tuple(columns_of({"sections": known}, "delivery")[name] for name in ("verdict", "action_name"))
    assert known[3]["note"].startswith("Of an earlier run")
    assert {"Nothing is known of it any more: its queue ended with an earlier run."} == {section["empty"] for section in lost[2:]}


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_the_drain_runs_when_something_arrives_and_again_only_while_something_waits(world):
    runs, clock = [], Clock()
    drainer = Drainer(lambda event: runs.append(event) or {"circuits_open": ""}, world.deliveries, failed=None, clock=clock)
    steps = [drainer.step(), drainer.step()]  # the first starts the function
    clock.now = RETRY_S
    steps.append(drainer.step())
    world.queue("a")
    steps += [drainer.step(), drainer.step()]
    clock.now = 2 * RETRY_S
    steps.append(drainer.step())

    assert [True, False, False, True, False, True] == steps
    assert [{}] * 3 == runs


def test_rows_that_are_under_way_go_first_but_not_for_long(world):
    clock, busy = Clock(), [True]
    drainer = Drainer(lambda _event: {"circuits_open": ""}, world.deliveries, failed=None, is_busy=lambda: busy[0], clock=clock)
    steps = [drainer.step()]
    clock.now = PATIENCE_S
    steps.append(drainer.step())
    world.queue("a")
    steps.append(drainer.step())
    busy[0] = False
    steps.append(drainer.step())

    assert [False, True, False, True] == steps


def test_a_run_that_gave_no_answer_is_told_of_and_the_next_one_follows(world):
    failures = []

    def crash(_event):
        raise FunctionCrashed("process_queue: the process ended with status 1")

    Drainer(crash, world.deliveries, failures.append).step()

    assert ["process_queue: the process ended with status 1"] == [str(failure) for failure in failures]


@pytest.mark.parametrize(
    ("has_queue", "lake", "queue", "finished"), [(True, 1, 0, 0), (True, 0, 1, 0), (True, 1, 1, 1), (True, 2, 1, 1), (False, 2, 0, 2)]
)
def test_a_copy_of_a_line_is_finished_when_it_has_ended_on_both_its_ways(has_queue, lake, queue, finished):
    lines = []
    ways = BothWays(lines.append, has_queue=has_queue)
    for way, copies in ((ways.in_lake, lake), (ways.in_queue, queue)):
        for _ in range(copies):
            way(b"a line\n")

    assert [b"a line\n"] * finished == lines


class Told:
    def __init__(self):
        self.calls = []

    def sent(self, message_id, body):
        self.calls.append(("sent", message_id, body))

    def deleted(self, message_id):
        self.calls.append(("deleted", message_id))


def test_who_listens_is_told_what_the_queue_confirmed_and_no_receive_waits():
    told, asked = Told(), []
    answers = {
        "SendMessageBatch": {"Successful": [{"Id": "0", "MessageId": "m1"}], "Failed": [{"Id": "1"}]},
        "ReceiveMessage": {"Messages": [{"MessageId": "m1", "ReceiptHandle": "r1"}]},
        "DeleteMessageBatch": {"Successful": [{"Id": "0"}]},
        "GetQueueUrl": {},
    }

    def sqs(environ, start_response):
        asked.append(json.loads(environ["wsgi.input"].read()))
        start_response("200 OK", [("Content-Type", "application/x-amz-json-1.0")])
        return [json.dumps(answers[environ["HTTP_X_AMZ_TARGET"].partition(".")[2]]).encode()]

    heard = listen(sqs, told)
    for operation, call in (
        ("SendMessageBatch", {"Entries": [{"Id": "0", "MessageBody": "{}"}, {"Id": "1", "MessageBody": "lost"}]}),
        ("ReceiveMessage", {"WaitTimeSeconds": 1}),
        ("DeleteMessageBatch", {"Entries": [{"Id": "0", "ReceiptHandle": "r1"}]}),
        ("GetQueueUrl", {}),
    ):
        body = json.dumps(call).encode()
        environ = {"HTTP_X_AMZ_TARGET": f"AmazonSQS.{operation}", "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        answer = b"".join(heard({"REQUEST_METHOD": "POST", **environ}, lambda *_: None))
        assert answers[operation] == json.loads(answer)

    assert [("sent", "m1", "{}"), ("deleted", "m1")] == told.calls
    assert {"WaitTimeSeconds": 0} == asked[1]
