"""Every exchange recorded with a real Matomo 5.1.2, replayed against the stand-in in the state it was recorded in."""

import gzip
import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import pytest

from local.matomo.action import OF_NO_ACTION
from local.matomo.core import answer
from local.matomo.exchange import PIXEL, Request
from local.matomo.settings import Behaviour, Fault, Plan, Site, Token
from local.matomo.state import State

FIXTURES = Path(__file__).parents[1] / "fixtures" / "matomo"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
RECORDED_AT = "2026-11-22 00:49:24"

LEFT_OUT = {
    "t96_body_over_post_max_size": "a body of 70 MiB, itself not recorded; its answer is that of any bulk without a token",
    "t110_client_timeout": "no answer was recorded: the client had gone; test_local_matomo_server plays it",
} | {
    name: "a reporting method that the stand-in does not answer yet"
    for name in (FIXTURES / "recorded.txt").read_text().split()
    if name.startswith("r") and not re.match(r"r(10b?c?|11|12|14|22|25|36|37|6[0-3]|91|94)_", name)
}

ROWS_LEFT_OUT = {
    "t58_single_secure_token_post": "the rows recorded are those of t50, looked up by their common visitor",
}

BEFORE = {
    "t70_second_identical": ["t70_first"],
    "t71_conversions_again": ["t71_conversions"],
    "t92_lock_wait_timeout": ["t92_before"],
}

CLOCKS = {"t41_cdo": "2026-11-22 00:49:24"}

BEHAVIOURS = {
    r"t90": Behaviour(is_paused=True),
    r"[tr]91": Behaviour(is_in_maintenance=True),
    r"[tr]94": Behaviour(is_database_down=True),
    r"t111": Behaviour(has_transactions=False),
    r"t9[78]_": Behaviour(anonymised_bytes=2),
    r"t99_": Behaviour(raw_data_days=30),
    r"q": Behaviour(has_queued_tracking=True),
}

PLANS = {
    "t92_lock_wait_timeout": Plan(bulks={2: Fault(kind="lock_wait_timeout", hits=(0, 1, 2))}),
    "t93_parallel_bulks_deadlock": Plan(every=Fault(kind="deadlock", hits=(8,))),
}

LOCKED_OUT = re.compile(r"t10[1-4]_|r6[0-3]_")


def hit(tag, **parameters):
    return "?" + urlencode({"rec": 1, "idsite": 1, "ua": FIREFOX, "url": f"https://example.org/{tag}", **parameters})


def bulk(*hits):
    return json.dumps({"requests": hits, "token_auth": "<TOKEN_SUPER>"}).encode()


def speed_bulk(count):
    return bulk(
        *(hit(f"t95/{number}", cid=f"d{number // 4:015x}", cip="198.51.100.9", cdt="2026-11-11 00:00:00") for number in range(count))
    )


def poison_between(tag, first, last, **odd):
    return bulk(hit(f"{tag}/0", cid=first), hit(f"{tag}/1", cid="a000000000000001", **odd), hit(f"{tag}/2", cid=last))


TOO_LONG = {"e_c": "c" * 9000, "e_a": "a"}

BUILT_ANEW = {
    "t35_gzip_body": lambda: gzip.compress(bulk(hit("t35/0"))),
    "t39c_malformed_utf8": lambda: b'{"requests":["?rec=1&idsite=1&url=https://example.org/caf\xe9"]}',
    "t60_odd_long_e_c": lambda: poison_between("t60/long_e_c", "a" * 16, "b" * 16, **TOO_LONG),
    "t60_odd_long_url": lambda: bulk(
        hit("t60/long_url/0", cid="a0000047d82fbc34", cip="198.51.100.20", cdt="2026-11-18 00:49:29"),
        hit("a" * 60_000, cid="a0000047d82fbc35", cip="198.51.100.20", cdt="2026-11-18 00:49:29"),
        hit("t60/long_url/2", cid="a0000047d82fc405", cip="198.51.100.20", cdt="2026-11-18 00:49:29"),
    ),
    "t93_parallel_bulks_deadlock": lambda: bulk(*(hit(f"t93/{number}", cid=f"e{number:015x}") for number in range(40))),
    "t95_bulk_50": lambda: speed_bulk(50),
    "t95_bulk_200": lambda: speed_bulk(200),
    "t95_bulk_1000": lambda: speed_bulk(1000),
    "t95_bulk_5000": lambda: speed_bulk(5000),
    "t111_no_transaction_poison": lambda: bulk(
        hit("t111/0", cid="a0000047e0434131"), hit("t111/1", cid="a0000047e0434132"), hit("t111/2", **TOO_LONG), hit("t111/3")
    ),
    "q10_poison_set": lambda: poison_between("q10", "a" * 16, "b" * 16, **TOO_LONG),
}


@cache
def exchanges():
    files = [FIXTURES / name for name in ("tracking.jsonl", "queued.jsonl", "reporting.jsonl")]
    return {exchange["name"]: exchange for file in files for exchange in map(json.loads, file.read_text().splitlines())}


REPLAYED = [name for name in exchanges() if name not in LEFT_OUT]


def epoch_s(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def clock_of(name):
    times = [row["server_time"] for row in exchanges()[name].get("database_after", [])]
    latest = max(times, default="")
    return epoch_s(CLOCKS.get(name, latest if latest >= "2026-11-22" else RECORDED_AT))


def a_state(name):
    now_s = clock_of(name)
    behaviour = next((behaviour for pattern, behaviour in BEHAVIOURS.items() if re.match(pattern, name)), Behaviour())
    write_new = Token(access="write", is_secure_only=True, created_s=now_s - 10 if name.startswith("t22_") else 0)
    state = State(
        sites={
            1: Site(goals=frozenset({1, 2})),
            2: Site(),
            3: Site(hosts=("strict.example",), is_strict=True, excluded_addresses=frozenset({"203.0.113.99"})),
        },
        tokens={
            "<TOKEN_SUPER>": Token(access="super"),
            "<TOKEN_ADMIN>": Token(access="admin", sites=frozenset({1})),
            "<TOKEN_WRITE>": Token(access="write", sites=frozenset({1})),
            "<TOKEN_VIEW>": Token(access="view", sites=frozenset({1})),
            "<TOKEN_SECURE>": Token(access="super", is_secure_only=True),
            "<TOKEN_WRITE_NEW>": write_new,
        },
        behaviour=behaviour,
        plan=PLANS.get(name, Plan()),
    )
    if LOCKED_OUT.match(name):
        state.failed_logins["127.0.0.1"] = [now_s - 60] * 21
    return state


def send(name, state, now_s):
    sent = exchanges()[name]["request"]
    body = BUILT_ANEW[name]() if name in BUILT_ANEW else (sent["body"] or "").encode()
    headers = {key.lower(): value for key, value in sent["headers"].items()}
    reply, changes = answer(Request(method=sent["method"], target=sent["path"], headers=headers, body=body, now_s=now_s), state)
    state.commit(changes)
    return reply


def replay(name):
    state = a_state(name)
    for earlier in BEFORE.get(name, []):
        send(earlier, state, clock_of(name))
    return send(name, state, clock_of(name)), state


def test_every_recorded_exchange_is_replayed_or_left_out_for_a_reason():
    recorded = (FIXTURES / "recorded.txt").read_text().split()

    assert recorded == sorted({*REPLAYED, *LEFT_OUT})


@pytest.mark.parametrize("name", REPLAYED)
def test_the_stand_in_answers_as_the_real_one_did(name):
    recorded = exchanges()[name]["response"]

    reply, _ = replay(name)

    assert (recorded["status"], recorded["content_type"]) == (reply.status, reply.content_type)
    assert recorded.get("cache_control") == (reply.headers.get("Cache-Control") if name.startswith("t") else None)
    assert recorded["is_gif"] == reply.body.startswith(PIXEL)
    if recorded["body"] is not None:
        assert json.loads(recorded["body"]) == json.loads(reply.body)
    if recorded["body"] is not None and name.startswith("t"):
        assert recorded["body"] == reply.body.decode()


@pytest.mark.parametrize("name", [n for n in REPLAYED if "database_after" in exchanges()[n] and n not in ROWS_LEFT_OUT])
def test_the_stand_in_keeps_the_rows_the_real_one_kept(name):
    recorded = exchanges()[name]["database_after"]

    _, state = replay(name)

    kept = [row_of(stored) for site in sorted(state.hits) for stored in state.hits[site]]
    recorded = recorded[-1:] if name.startswith("t23_") else recorded  # its first row is of an attempt before
    assert comparable(recorded, name) == comparable([row for row in kept if row and mark_of(name) in row["url"]], name)


def row_of(stored):
    if stored.kind in OF_NO_ACTION or stored.url is None:
        return None
    at = datetime.fromtimestamp(stored.server_time_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
    where = {"idsite": str(stored.site), "idvisit": str(stored.visit), "server_time": at, "ip": stored.ip}
    return where | {"idvisitor": stored.visitor_id, "url": stored.url}


def mark_of(name):
    """The rows were looked up by this part of their URL."""
    tag, _, rest = name.partition("_")
    return f"/t60/{rest.removeprefix('odd_')}/" if tag == "t60" else f"/{tag}/"


def comparable(rows, name):
    """Visits are numbered anew, as are the visitors Matomo had to invent."""
    visits, visitors = {}, {}
    is_invented = name == "t98_anonymise_nocid"
    ordered = sorted(rows, key=lambda row: (row["idsite"], row["url"]))
    return [
        row
        | {"idvisit": visits.setdefault(row["idvisit"], len(visits))}
        | ({"idvisitor": visitors.setdefault(row["idvisitor"], len(visitors))} if is_invented else {})
        for row in ordered
    ]
