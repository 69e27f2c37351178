"""The stand-in over HTTP: keep-alive, many senders, and connections that end as a scripted fault says."""

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from local.matomo.server import Matomo, acknowledge
from local.matomo.settings import Fault, Plan, Site
from local.matomo.state import State

NOW_S = 1_795_000_000  # 2026-11-18 11:06:40 UTC


def a_matomo(*, is_sink=False, **changes):
    return Matomo(state=State(sites={1: Site()}, **changes), clock=lambda: NOW_S, is_sink=is_sink)


def connect(matomo, timeout_s=10.0):
    return closing(http.client.HTTPConnection(urlsplit(matomo.url).netloc, timeout=timeout_s))


def send(connection, count=1):
    body = json.dumps({"requests": [f"?rec=1&idsite=1&cid={number:016x}&url=https://example.org/{number}" for number in range(count)]})
    connection.request("POST", "/matomo.php", body=body, headers={"Content-Type": "application/json"})
    with connection.getresponse() as response:
        return response.status, response.read()


def tracked(answered):
    return json.loads(answered[1])["tracked"]


def test_a_connection_is_kept_for_bulk_after_bulk():
    with a_matomo() as matomo, connect(matomo) as connection:
        counts = [tracked(send(connection, count)) for count in (1, 200, 2)]
        peer = connection.sock.getpeername()

    assert ([1, 200, 2], 203) == (counts, len(matomo.state.hits[1]))
    assert peer[0] == "127.0.0.1"


def test_an_answer_without_a_body_does_not_cost_the_connection():
    with a_matomo() as matomo, connect(matomo) as connection:
        connection.request("GET", "/matomo.php?rec=1&idsite=1&send_image=0")
        with connection.getresponse() as response:
            response.read()

        assert (204, 1) == (response.status, tracked(send(connection)))


def test_many_senders_at_once_lose_nothing():
    with a_matomo() as matomo:

        def send_some(_):
            with connect(matomo) as connection:
                return sum(tracked(send(connection, 20)) for _ in range(5))

        with ThreadPoolExecutor(4) as senders:
            counted = sum(senders.map(send_some, range(4)))

    assert 400 == counted == len(matomo.state.hits[1])


@pytest.mark.parametrize(("kind", "stored"), [("time_out_before_commit", 0), ("time_out_after_commit", 1)])
def test_a_client_that_gives_up_does_not_know_whether_its_hits_were_stored(kind, stored):
    with (
        a_matomo(plan=Plan(bulks={1: Fault(kind=kind)})) as matomo,
        connect(matomo, timeout_s=0.2) as connection,
        pytest.raises(TimeoutError),
    ):
        send(connection)

    assert stored == len(matomo.state.hits[1])


@pytest.mark.parametrize(("kind", "stored"), [("reset_before_commit", 0), ("reset_after_commit", 1)])
def test_a_reset_connection_does_not_tell_whether_its_hits_were_stored(kind, stored):
    with a_matomo(plan=Plan(bulks={1: Fault(kind=kind)})) as matomo, connect(matomo) as connection, pytest.raises(ConnectionResetError):
        send(connection)

    assert stored == len(matomo.state.hits[1])


def test_a_bulk_that_follows_a_fault_is_answered():
    with a_matomo(plan=Plan(bulks={1: Fault(kind="unavailable", retry_after_s=1)})) as matomo, connect(matomo) as connection:
        struck, answered = send(connection), send(connection)

    assert (503, 1) == (struck[0], tracked(answered))


def test_a_sink_acknowledges_strings_and_objects_and_keeps_nothing():
    with a_matomo(is_sink=True) as matomo, connect(matomo) as connection:
        answered = send(connection, 200)

    assert (200, {}) == (tracked(answered), dict(matomo.state.hits))
    assert (
        2
        == json.loads(acknowledge(json.dumps({"requests": [{"idsite": 1}, {"idsite": 2}]}, separators=(",", ":")).encode()).body)["tracked"]
    )


def test_stopping_ends_connections_that_wait():
    arrived = threading.Event()
    body = b'{"requests":["?rec=1&idsite=1"]}'
    state = State(sites={1: Site()}, plan=Plan(every=Fault(kind="time_out_before_commit")))

    with Matomo(state=state, clock=lambda: arrived.set() or NOW_S) as matomo:
        host, port = urlsplit(matomo.url).netloc.split(":")
        waiting = socket.create_connection((host, int(port)), timeout=10)
        waiting.sendall(b"POST /matomo.php HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert arrived.wait(10)

    with closing(waiting):
        assert waiting.recv(1) == b""
