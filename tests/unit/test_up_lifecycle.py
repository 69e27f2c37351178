"""`make up` starts, stops, comes back with what it kept, and says in one line what keeps it from running."""

import errno
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from footfall.configuration import Configuration
from local.account import Lake
from local.demo import send
from local.functions import REPOSITORY
from local.matomo.settings import Fault, Plan
from local.matomo.state import State
from local.schedule import Schedules
from local.up import __main__ as command_line
from local.up import run, stand_ins
from local.up.failures import explain
from local.up.journal import Journal
from local.up.run import serve
from local.visitors import CHROME, FIREFOX, KINDS, Request
from tests.builders import a_log_line
from tests.up_client import DEMO, Told, an_up, columns_of, options

pytestmark = pytest.mark.slow

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY / "lambdas" / "layer" / "python"), "PYTHONUNBUFFERED": "1"}


def rows_in(lake):
    return sum(pq.read_metadata(path).num_rows for path in lake.glob("hits/**/*.parquet"))


def a_process(*arguments):
    command = [sys.executable, "-m", "local.up", "--port", "0", *map(str, arguments)]
    return subprocess.Popen(command, cwd=REPOSITORY, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def pixel(user_agent=FIREFOX):
    return Request(kind=KINDS[0], method="GET", target=KINDS[0].target, headers={"User-Agent": user_agent}, body=None)


def edge_of(process):
    """The edge's address, once the process says that it is up."""
    for line in process.stdout:
        if found := re.search(r"up: \S+   edge: http://localhost:(\d+)", line):
            return f"http://127.0.0.1:{found[1]}"
    raise AssertionError(process.stderr.read())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_everything_delivered_and_says_what_was_written_where(tmp_path, number):
    with a_process("--keep", tmp_path / "kept") as process:
        edge_url = edge_of(process)
        sent = [send(edge_url, pixel()) for _ in range(20)]
        process.send_signal(number)
        said, complaints = process.communicate(timeout=60)

    assert {200} == {one.status for one in sent}
    assert (0, "") == (process.returncode, complaints)
    assert re.fullmatch(r"stopped: 20 rows and 0 rejects are Parquet in \S*kept/lake", said.splitlines()[-1])
    assert 20 == rows_in(tmp_path / "kept" / "lake")
    assert 0 == (tmp_path / "kept" / "journal").stat().st_size


def stored_in(lake):
    with closing(Lake(lake)) as opened:
        return {event_id for (event_id,) in opened.query("SELECT event_id FROM hits")[1]}


def test_a_killed_process_loses_no_line_that_it_had_begun_to_deliver(tmp_path):
    """What the journal has and the lake has not yet, the next start delivers; nothing that was in the lake is gone."""
    with a_process("--keep", tmp_path) as process:
        edge_url = edge_of(process)
        sent = [send(edge_url, pixel()) for _ in range(30)]
        process.kill()
        process.communicate(timeout=60)
    waiting = (tmp_path / "journal").read_text()
    begun = {one.request_id for one in sent if one.request_id in waiting} | stored_in(tmp_path / "lake")

    with an_up(tmp_path) as up:
        up.settled(up.send("/1x1.gif?last=1"))

    assert begun
    assert set() == begun - stored_in(tmp_path / "lake")


def test_rows_requests_totals_and_the_salt_of_the_day_survive_a_restart(tmp_path):
    with an_up(tmp_path) as up:
        first = up.settled(up.send("/1x1.gif?n=1"))
        rejected, suppressed = up.sample("body"), up.sample("gpc")
        assert 0 == up.stop()
    with an_up(tmp_path) as up:
        listed = next(event for name, event in up.events() if name == "changes")
        restored = up.read(f"/requests/{first['id']}")
        again = up.settled(up.send("/1x1.gif?n=2"))
        other = up.settled(up.send("/1x1.gif?n=3", **{"User-Agent": CHROME}))

    assert [first["id"], rejected["id"]] == [request["id"] for request in listed["requests"]]
    assert "suppressed" == suppressed["outcome"]
    assert {"row": 1, "reject": 1, "suppressed": 1, "refused": 0, "failed": 0, "waiting": 0} == listed["totals"]
    assert columns_of(first, "row") == columns_of(restored, "row")
    assert "deleted when its row is stored" in restored["sections"][0]["empty"]
    assert (True, False) == tuple(columns_of(one, "row")["visitor_id"] == columns_of(first, "row")["visitor_id"] for one in (again, other))


def test_what_an_earlier_process_could_not_deliver_is_delivered_and_said(tmp_path):
    fields = Configuration.load(DEMO).edge.log_fields
    (tmp_path / "journal").write_text(a_log_line(fields))
    with an_up(tmp_path) as up:
        delivered = up.settled("DHj-0123456789abcdef==")

    assert ("row", True) == (delivered["outcome"], delivered["is_replayed"])
    assert "brought back: 0 objects, 1 line and 0 messages not delivered" in up.told.said


PAGE_VIEW = "/matomo.php?idsite=1&rec=1&action_name=Boots&url=https://www.example.org/boots"


def test_what_was_delivered_is_shown_again_as_of_an_earlier_run(tmp_path):
    with an_up(tmp_path) as up:
        before = up.delivered(up.send(PAGE_VIEW))
        assert 0 == up.stop()
    with an_up(tmp_path) as up:
        after = up.read(f"/requests/{before['id']}")

    assert "delivered" == after["delivery"]
    assert all(columns_of(before, name) == columns_of(after, name) for name in ("message", "visit"))
    assert after["sections"][3]["note"].startswith("Of an earlier run")
    assert [] == list((tmp_path / "queue").iterdir())


def test_what_a_destination_does_not_take_is_named_at_the_end_and_delivered_by_the_next_start(tmp_path, monkeypatch):
    monkeypatch.setattr(stand_ins, "State", partial(State, plan=Plan(every=Fault(kind="unavailable"))))
    with an_up(tmp_path) as up:
        sent = up.send(PAGE_VIEW)
        up.wait_for(lambda request: request["id"] == sent and request["outcome"] == "row" and request["delivery"] == "waiting")
        waited = up.waiting(sent)
        assert 0 == up.stop()
        last = up.told.said[-1]
    monkeypatch.undo()
    with an_up(tmp_path) as up:
        delivered = up.delivered(sent)

    assert re.search(r"; not delivered: 1 hit for matomo, which --keep \S+ delivers$", last)
    assert ("waiting", "the circuit is open: unavailable") == (
        columns_of(waited, "delivery")["verdict"],
        columns_of(waited, "delivery")["reason"],
    )
    assert "brought back: 1 object, 0 lines and 1 message not delivered" in up.told.said
    assert "delivered" == delivered["delivery"]
    assert "1, of 1 action" == columns_of(delivered, "visit")["visit"]


def test_a_message_that_is_spoilt_is_named(tmp_path):
    (tmp_path / "queue").mkdir()
    (tmp_path / "queue" / "a.json").write_text("{")

    code, (complaint,) = ended(options(tmp_path))

    assert (2, True) == (code, f"{tmp_path / 'queue' / 'a.json'}" in complaint and "is no message: remove it" in complaint)


def test_a_killed_process_loses_no_message_that_its_queue_had(tmp_path):
    (tmp_path / "queue").mkdir()
    hit = {"id": "earlier", "received_ms": 1_795_000_000_000, "site": "main"}
    own = {"version": 1, "layout": "packed", "shard": 0, "shards": 8, "hits": [hit]}
    content = {"requests": [{"idsite": "1", "rec": "1"}], "env": {"server": {}}, "tokenAuth": False, "time": 1_795_000_000}
    (tmp_path / "queue" / "earlier.json").write_text(json.dumps({"piwik": True, "content": content, "footfall": own}))
    with an_up(tmp_path) as up:
        assert 0 == up.stop()

    assert "brought back: 0 objects, 0 lines and 1 message not delivered" in up.told.said
    assert "not delivered" not in up.told.said[-1]
    assert [] == list((tmp_path / "queue").iterdir())


def test_nothing_kept_can_be_read_by_others(tmp_path):
    folder = tmp_path / "kept"
    with an_up(folder) as up:
        up.settled(up.send("/1x1.gif"))

    assert 0o700 == folder.stat().st_mode & 0o777
    assert {0o600} == {path.stat().st_mode & 0o777 for path in (folder / "lake").rglob("*") if path.is_file()}


def ended(chosen):
    """Exit code and complaints of one that cannot start."""
    told = Told()
    code = serve(chosen, queue.SimpleQueue(), told)
    assert [] == told.said
    return code, told.complaints


@pytest.mark.parametrize("which", ["port", "edge_port"])
def test_a_busy_port_is_named(tmp_path, which):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]

        assert (3, [f"Address already in use: port {port}; choose another with --port"]) == ended(options(tmp_path, **{which: port}))


def test_a_folder_is_used_by_one_process_at_a_time(tmp_path):
    with an_up(tmp_path):
        code, complaints = ended(options(tmp_path))

    assert (3, [f"{tmp_path} is in use by another process; stop that first, or choose another folder with --keep"]) == (code, complaints)


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    file = tmp_path / "file"
    file.write_text("")

    assert (2, [f"File exists: {file}; choose a folder with --keep"]) == ended(options(file))


def test_a_folder_that_may_not_be_made_is_named(tmp_path):
    """The kernel's own tree takes no folder of anybody's, not even root's."""
    code, (complaint,) = ended(options(Path("/sys/footfall")))

    assert 4 == code
    assert re.fullmatch(
        r"[A-Z][a-z -]+: /sys/footfall; choose a folder of your own with --keep, or a port above 1023 with --port", complaint
    )


def test_a_port_that_may_not_be_listened_on_is_named():
    refused = PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    sentence, code = explain(refused, port=80)

    assert (4, "Permission denied: port 80; ") == (code, sentence[:28])
    assert "a port above 1023 with --port" in sentence


@pytest.mark.parametrize("name", ["salts.json", "totals.json", "deliveries.json"])
def test_a_kept_file_that_is_spoilt_is_named(tmp_path, name):
    (tmp_path / name).write_text("{")

    code, (complaint,) = ended(options(tmp_path))

    assert 2 == code
    assert f"{tmp_path / name}" in complaint
    assert "remove it, or choose another folder with --keep" in complaint


def test_an_object_that_is_no_parquet_is_named(tmp_path):
    path = tmp_path / "lake" / "hits" / "spoilt.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"spoilt")

    code, (complaint,) = ended(options(tmp_path))

    assert (2, True) == (code, str(path) in complaint)


def test_a_configuration_that_is_not_there_is_named(tmp_path):
    code, (complaint,) = ended(options(tmp_path, configuration=tmp_path / "none.toml"))

    assert (2, True) == (code, "none.toml" in complaint)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_disk_that_is_full_when_a_row_is_written_ends_it_and_what_waits_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "Schedules", lambda _functions, begun_at: Schedules((), begun_at))  # which writes salts too, and may be first
    (tmp_path / "totals.json").write_text("{}")
    with an_up(tmp_path) as up:
        (tmp_path / "salts.json.unfinished").symlink_to("/dev/full")
        up.send("/1x1.gif")
        code = up.wait_until_ended()

    assert (5, 1) == (code, len(up.told.complaints))
    assert re.fullmatch(
        r"No space left on device.*; make room and start again; 1 lines wait in (\S+): --keep \1 delivers them", up.told.complaints[0]
    )
    with an_up(tmp_path) as up:
        up.wait_for(lambda request: request["is_replayed"] and request["outcome"] == "row")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_disk_that_is_full_when_salts_are_retired_ends_it(tmp_path):
    """The schedule has a thread of its own, and the first run is due at once."""
    (tmp_path / "salts.json.unfinished").symlink_to("/dev/full")
    with an_up(tmp_path) as up:
        code = up.wait_until_ended()

    assert (5, 1) == (code, len(up.told.complaints))
    assert up.told.complaints[0].startswith("No space left on device")


def test_a_disk_that_is_full_when_a_line_is_written_ends_it_with_that_line_delivered(tmp_path, monkeypatch):
    def append(_journal, _line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with an_up(tmp_path) as up:
        monkeypatch.setattr(Journal, "append", append)
        up.send("/1x1.gif")
        code = up.wait_until_ended()

    assert (5, [f"No space left on device: {tmp_path / 'journal'}; make room and start again"]) == (code, up.told.complaints)
    assert 1 == rows_in(tmp_path / "lake")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--port", "65536"], "'65536': allowed is 0 to 65535"),
        (["--port", "http"], "'http': allowed is 0 to 65535"),
        (["--port", "65535"], "--edge-port 65536: allowed is 0 to 65535"),
        (["--port", "80", "--edge-port", "80"], "another than --port 80"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(capsys, arguments, complaint):
    with pytest.raises(SystemExit) as ended:
        command_line.parse(arguments)

    assert 2 == ended.value.code
    assert complaint in capsys.readouterr().err


def test_the_edge_takes_the_port_after_the_page_s():
    chosen = command_line.parse(["--port", "9000"])

    assert (9000, 9001, None) == (chosen.port, chosen.edge_port, chosen.keep)
