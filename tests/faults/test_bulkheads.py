"""Our own code fails on one record, line or message, at every function below its bulkhead in turn: the neighbours go on."""

import base64
import io
import json
from collections import Counter
from pathlib import Path

import pytest

from footfall.hits.transform import Transformer
from footfall.importing import parts
from footfall.importing.inputs import Input
from footfall.importing.run import Importer
from footfall.queueing import bury, pack, plan
from footfall.queueing.deliver import ShardDelivery
from footfall.queueing.enqueue import Enqueuer, Sent
from tests.builders import NOW_MS, SALTS, a_configuration, a_kinesis_record, a_log_line, a_record
from tests.drain_world import World, a_hit
from tests.import_lake import MemoryLake, a_standard_line
from tests.planted_fault import PlantedError, functions_called, planted

ROUTED = {
    "sites": {"main": {"ids": ["1"], "deliver": {"matomo": "1"}}},
    "destinations": {"matomo": {"url": "https://matomo.example.org/matomo.php", "token_secret": "t"}},
}
MATOMO = "idsite=1&rec=1&url=https%3A%2F%2Fexample.org%2F%3Futm_source%3Da&e_c=a&e_a=b&dimension1=x&h=1&m=2&s=3&odd=%3D&pf_net=5"
LINES = [
    a_log_line(cs_uri_stem="/matomo.php", cs_uri_query=MATOMO, cs_referer="https://www.google.com/search?q=a", x_edge_request_id="one-1"),
    a_log_line(cs_uri_query="a=203.0.113.7&utm_medium=email", x_edge_request_id="two-2"),
    a_log_line(cs_uri_query="idsite=7&rec=1", x_edge_request_id="three-3"),
    a_log_line(cs_headers="sec-gpc:1%0A", cs_headers_count="1", x_edge_request_id="four-4"),
    "broken\n",
    a_log_line(cs_uri_stem="/matomo.php", cs_uri_query=MATOMO + "&token_auth=abcdefgh&a=1&a=2", x_edge_request_id="six-6"),
]


def transform():
    records = [a_record(line, str(number)) for number, line in enumerate(LINES)]
    return Transformer(a_configuration()).transform(records, lambda _days: SALTS, now_ms=NOW_MS)


class Outbox:
    def __init__(self):
        self.bodies = []

    def send(self, messages):
        self.bodies += [message.body for message in messages]
        return Sent({}, 1)


def enqueue():
    outbox = Outbox()
    records = [a_kinesis_record(line, str(number)) for number, line in enumerate(LINES)]
    return Enqueuer(a_configuration(**ROUTED)).enqueue(records, lambda _days: SALTS, outbox, now_ms=NOW_MS), outbox


def _codes(run, below, at_least=4):
    """The functions below a bulkhead that a second run reaches too: what is remembered for the life of the process is computed once."""
    run()
    found = functions_called(run, below=below)
    assert len(found) >= at_least
    return found


def test_whatever_fails_on_one_record_transform_answers_each_and_its_neighbours_are_written():
    whole, plain = transform()
    for code in _codes(transform, Transformer._answer_record):
        with planted(code, below=Transformer._answer_record) as failed:
            answers, counts = transform()
        assert [code.co_qualname] == failed
        changed = [(old, new) for old, new in zip(whole, answers, strict=True) if old != new]
        assert len(changed) <= 1, failed
        assert (1, 6) == (counts.losses["crashed", ""], sum(counts.totals().values())), failed
        for _, new in changed:
            row = json.loads(base64.b64decode(new["data"])) if new["result"] == "Ok" else {"crash": "PlantedError", "reason": "crashed"}
            assert ("crashed", "PlantedError") == (row["reason"], row["crash"])
            assert b"secret" not in json.dumps(row).encode()
    assert 0 == plain.losses.total()


def test_a_crashed_record_keeps_its_shape_and_nothing_of_what_it_says(monkeypatch):
    monkeypatch.setattr("footfall.hits.accept.Acceptor.accept", _fail)

    answers, _ = transform()

    row = json.loads(base64.b64decode(answers[0]["data"]))
    assert {"partitionKeys": {"place": "rejects", "date": "2026-11-18"}} == answers[0]["metadata"]
    assert ("crashed", "transform", "PlantedError") == (row["reason"], row["stage"], row["crash"])
    assert {"line_bytes", "line_hash"} < row.keys()
    assert "203.0.113" not in json.dumps(row)


def _fail(*_arguments, **_named):
    raise PlantedError


def test_a_salt_that_fails_for_one_record_is_asked_for_again_by_the_next():
    """Else the rest of the batch would have no visitor ids, and nobody would know why."""
    asked = []

    def salts_of(days):
        asked.append(set(days))
        if len(asked) == 1:
            raise PlantedError
        return SALTS

    answers, counts = Transformer(a_configuration()).transform([a_record(LINES[1]), a_record(LINES[1])], salts_of, now_ms=NOW_MS)

    assert ("crashed", "main") == (*[reason for reason, _ in counts.losses], *counts.hits)
    assert "visitor_id" in json.loads(base64.b64decode(answers[1]["data"]))


def test_whatever_fails_on_one_record_enqueue_counts_it_and_sends_its_neighbours():
    whole, sent = enqueue()
    assert ({"main": 2}, 0) == (whole.counts.enqueued, whole.crashes.total())
    for below in (Enqueuer._take, pack._Packing.add):
        for code in _codes(enqueue, below):
            with planted(code, below=below) as failed:
                enqueued, _ = enqueue()
            lost = enqueued.counts.losses.total()
            assert (1, {"PlantedError": 1}, None) == (lost, enqueued.crashes, enqueued.failed_from), failed
            assert whole.counts.enqueued.total() - 1 <= enqueued.counts.enqueued.total() <= whole.counts.enqueued.total(), failed
    assert sent.bodies


FOREIGN = {
    "content": {
        "requests": ["?idsite=1&rec=1&pv_id=x&url=https%3A%2F%2Fexample.org%2F%3Fsid%3D1&uadata=%7B%7D", {"idsite": 1, "pv_id": "y"}],
        "env": {
            "server": {"HTTP_REFERER": "https://www.example.org/", "REMOTE_ADDR": "203.0.113.7", "REQUEST_TIME": NOW_MS // 1000 - 9000}
        },
        "tokenAuth": "abcdefgh",
        "time": NOW_MS // 1000 - 9000,
    }
}


def a_world():
    world = World()
    world.enqueue(a_hit("a"), a_hit("b", visitor_id="b" * 16, site="", referer="https://www.example.org/"))
    world.enqueue(a_hit("c", parameters={"ca": "1"}), layout="compatible")
    world.queue.put(json.dumps(FOREIGN))
    world.queue.put("broken")
    return world


BULKHEADS_OF_THE_DRAIN = (plan.read_received, plan.Router.route, ShardDelivery._prepare, bury._letter)


@pytest.mark.parametrize("below", BULKHEADS_OF_THE_DRAIN, ids=lambda below: below.__qualname__)
def test_whatever_fails_on_one_message_the_run_ends_well_and_each_hit_is_stored_or_a_letter(below):
    for code in _codes(lambda: _settled(a_world()), below, at_least=3):
        world = a_world()
        with planted(code, below=below) as failed:
            world.run()
        _settled(world)
        assert [code.co_qualname] == failed
        assert [] == world.queue.messages, failed
        _assert_each_hit_has_one_end(world, failed)


def _settled(world):
    for _ in range(6):
        world.clock.sleep(30_000)
        world.run()
    return world


def _assert_each_hit_has_one_end(world, failed):
    """Four hits are good, one is poison, one message is unreadable: all of these and no more, whatever failed."""
    assert {1} >= set(world.matomo.stored.values()), failed
    crashed = [letter for letter in world.dead_letters.letters if letter.reason == "crashed"]
    ends = sum(world.matomo.stored.values()) + sum(letter.count for letter in world.dead_letters.letters)
    if failed[0] and crashed and not crashed[0].event_ids:  # a message that could not even be read is one loss
        assert 5 <= ends <= 6, failed
    else:
        assert 6 == ends, failed
    assert world.tally.losses.total() == sum(letter.count for letter in world.dead_letters.letters), failed
    assert all("secret" not in body.decode() for body in world.dead_letters.bodies)


def test_a_shard_whose_delivery_fails_is_given_up_for_this_run_and_the_others_go_on(monkeypatch):
    world = World()
    world.enqueue(a_hit("a", visitor_id="a" * 16), a_hit("b", visitor_id="b" * 16))
    turns, exchange = iter([_fail]), ShardDelivery._send

    def send(self, bulk):
        next(turns, exchange)(self, bulk)

    monkeypatch.setattr(ShardDelivery, "_send", send)

    tally = world.run()

    assert (1, {"PlantedError": 1}, 1) == (tally.crashes, tally.stopped, sum(world.matomo.stored.values()))
    _settled(world)
    assert {"a": 1, "b": 1} == world.matomo.stored


STANDARD = [a_standard_line(**{"cs-uri-query": query, "x-edge-request-id": f"id-{query}"}) for query in ("a=1", "b=2", "idsite=9&rec=1")]


def import_lines(lake):
    body = "".join(STANDARD).encode()
    source = Input(
        name="log", size_bytes=len(body), about_ms=NOW_MS, identify=lambda: "e", open=lambda: io.BytesIO(body), has_changed=lambda: False
    )
    configuration = a_configuration(privacy={"unknown_signal": "off"})
    (report,) = Importer(configuration=configuration, lake=lake, salts_of=lambda _days: SALTS, now_ms=NOW_MS).run([source])
    return report


@pytest.mark.parametrize("below", [parts.PartMaker._judge_line, parts.PartMaker._write], ids=lambda below: below.__qualname__)
def test_whatever_fails_on_one_line_an_import_goes_on_and_its_account_balances(below):
    codes = _codes(lambda: import_lines(MemoryLake()), below)
    for code in codes:
        if code.co_filename.endswith("importing/parquet.py"):
            continue  # packs whole row groups
        lake = MemoryLake()
        with planted(code, below=below) as failed:
            report = import_lines(lake)
        outcome = (report.error, report.account.lines, report.account.unaccounted(), len(lake.rows("hits")) + len(lake.rows("rejects")))
        assert (None, 3, 0, 3) == outcome, failed
        assert {"crashed": 1} == {
            reason: n for reason, n in report.account.rejects.items() if reason == "crashed"
        } or below is parts.PartMaker._write


def test_a_line_that_cannot_be_written_even_by_itself_is_a_reject(monkeypatch):
    monkeypatch.setattr("footfall.importing.hit_table.HitTables.of_groups", _fail)
    monkeypatch.setattr("footfall.hits.row.RowWriter.hit_row", _fail)
    lake = MemoryLake()

    report = import_lines(lake)

    assert ({"crashed": 2, "bad_columns": 1}, 0) == (report.account.rejects, report.account.unaccounted())
    assert {"PlantedError"} == {row["crash"] for row in lake.rows("rejects") if row["reason"] == "crashed"}


def test_a_file_that_ends_our_own_code_fails_by_itself_and_the_next_is_imported(monkeypatch):
    monkeypatch.setattr("footfall.importing.run.Importer._import_lines", _fail)

    report = import_lines(MemoryLake())

    assert ("failed", "Footfall's own code failed: PlantedError; please report it") == (report.outcome, report.error)


def test_only_the_bulkheads_catch_whatever_is_raised():
    """A handler that catches everything hides defects: these are all, and each says which unit of work it keeps apart."""
    root = Path(__file__).parents[2]
    found = Counter()
    for folder in ("lambdas", "stacks", "local"):
        for file in sorted((root / folder).rglob("*.py")):
            for line in file.read_text("utf-8").splitlines():
                if line.strip().startswith(("except Exception", "except BaseException", "except:")):
                    assert "the bulkhead of a " in line or "Lambda reports" in line, f"{file}: {line.strip()}"
                    found[file.name] += 1
    assert {
        "transform.py": 2,
        "enqueue.py": 1,
        "pack.py": 1,
        "plan.py": 2,
        "deliver.py": 1,
        "bury.py": 1,
        "shards.py": 1,
        "parts.py": 3,
        "run.py": 1,
        "bootstrap.py": 2,
    } == found
