"""The drain against a Matomo: the measured stand-in, or a real one where MATOMO_URL and MATOMO_TOKEN (a super user's) name it.

MATOMO_URL is the address of matomo.php of a server made for tests: site 1 has to exist, 999 must not. What needs a server in a certain
state runs on the stand-in alone.
"""

import os
from dataclasses import replace

import pytest

from footfall.transport import HttpTransport, NoAnswerError, Response
from tests.builders import NOW_MS
from tests.drain_world import World, a_configuration, a_destination, a_hit

core = pytest.importorskip("local.matomo.core", reason="the stand-in Matomo is not there")
exchange = pytest.importorskip("local.matomo.exchange")
settings = pytest.importorskip("local.matomo.settings")
state = pytest.importorskip("local.matomo.state")

SUPER, WRITE, VIEW, SECURE = "s" * 32, "w" * 32, "v" * 32, "e" * 32
CREATED_S = NOW_MS // 1000 - 86_400
POISON = {"ca": "1"}
UNKNOWN_GOAL = {"idgoal": "999"}


class StandIn:
    """The server's decisions without a socket; hits are known by `pv_id`."""

    def __init__(self, world, **behaviour):
        tokens = {
            SUPER: settings.Token(access="super", created_s=CREATED_S),
            WRITE: settings.Token(access="write", sites=frozenset({1}), created_s=CREATED_S),
            VIEW: settings.Token(access="view", created_s=CREATED_S),
            SECURE: settings.Token(access="super", is_secure_only=True, created_s=CREATED_S),
        }
        sites = {1: settings.Site(), 2: settings.Site()}
        self.state = state.State(sites=sites, tokens=tokens, behaviour=settings.Behaviour(**behaviour))
        self.world, self.bulks = world, 0

    def fail(self, **faults):
        self.state.plan = settings.Plan(bulks={int(number[1:]): fault for number, fault in faults.items()})

    def answer(self, posted):
        self.bulks += 1
        self.world.clock.sleep(0.2)
        request = exchange.Request(
            method="POST",
            target="/matomo.php?" + posted.url.partition("?")[2],
            now_s=self.world.clock() // 1000,
            headers={"content-type": posted.content_type},
            body=posted.body,
            address="192.0.2.1",
        )
        answer, changes = core.answer(request, self.state)
        self.state.commit(changes)
        if answer.connection in ("reset", "hold"):
            raise NoAnswerError("no answer: ReadTimeout")
        headers = {name.lower(): value for name, value in answer.headers.items()} | {"content-type": answer.content_type}
        return Response(answer.status, headers, answer.body)

    def stored(self):
        return sorted(hit.parameters["pv_id"] for hit in self.hits())

    def hits(self):
        return [hit for of_site in self.state.hits.values() for hit in of_site]


def a_matomo(*, token=SUPER, destination=None, **behaviour):
    world = World(a_configuration(a_destination(**destination or {})))
    world.secret.text = world.secret.current = token
    world.servers["matomo"] = StandIn(world, **behaviour)
    return world, world.servers["matomo"]


def good(*names, **changes):
    return [a_hit(name, **changes) for name in names]


def outcome(world):
    return world.servers["matomo"].stored(), world.dead_letters.reasons()


@pytest.mark.parametrize("token", [SUPER, WRITE])
def test_hits_are_stored_once_with_their_own_time_address_and_agent(token):
    world, matomo = a_matomo(token=token)
    world.enqueue(
        *good("a", "b", event_ms=NOW_MS - 7_200_000, user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0")
    )

    world.run()

    assert ["a", "b"] == matomo.stored()
    assert {(NOW_MS // 1000 - 7_200, "203.0.113.0", "a" * 16)} == {(hit.server_time_s, hit.ip, hit.visitor_id) for hit in matomo.hits()}
    assert all("Firefox" in hit.user_agent for hit in matomo.hits())


def test_a_super_users_token_names_the_invalid_ones():
    world, _ = a_matomo()
    world.enqueue(*good("a", "c"), a_hit("b", parameters=UNKNOWN_GOAL))
    world.run()

    assert (["a", "c"], {"b": "refused"}) == outcome(world)


def test_a_write_token_names_none_and_a_bulk_is_never_sent_again():
    world, _ = a_matomo(token=WRITE)
    world.enqueue(*good("a", "c"), a_hit("b", parameters=UNKNOWN_GOAL))
    world.run()

    assert (["a", "c"], dict.fromkeys("abc", "unattributed")) == outcome(world)


@pytest.mark.parametrize("token", ["unknown", VIEW, SECURE])
def test_a_token_that_does_not_count_opens_the_circuit_parks_nothing_and_is_never_locked_out(token):
    world, _ = a_matomo(token=token)
    world.enqueue(*good("a", "b"))
    for _ in range(180):
        world.run()
        world.clock.sleep(20)
    refused = dict(world.table.circuits)["matomo"].reason
    world.secret.text = world.secret.current = SUPER
    for _ in range(10):
        world.clock.sleep(1_200)
        world.run()

    assert ("refused", (["a", "b"], {}), []) == (refused, outcome(world), world.queue.messages)


def test_a_token_without_access_to_one_of_the_sites_parks_that_sites_hits():
    world, _ = a_matomo(token=WRITE)
    world.enqueue(a_hit("main"), a_hit("shop", site="shop"))
    world.run()

    assert (["main"], {"shop": "site_refused"}) == outcome(world)


@pytest.mark.parametrize("token", [SUPER, WRITE])
def test_an_order_that_three_reloads_report_is_stored_once_and_makes_no_dead_letter(token):
    world, matomo = a_matomo(token=token)
    for name in ("first", "reload", "again"):
        world.enqueue(a_hit(name, parameters={"idgoal": "0", "ec_id": "T-1", "revenue": "9.99"}))
        world.run()

    assert (["first"], {}, 3) == (matomo.stored(), world.dead_letters.reasons(), world.tally.delivered.total())
    assert (2, []) == (world.tally.already_stored["matomo"], world.queue.messages)


def test_an_order_that_stands_three_times_in_a_bulk_is_stored_once_and_makes_no_dead_letter():
    world, matomo = a_matomo()
    world.enqueue(*good("first", "reload", "again", parameters={"idgoal": "0", "ec_id": "T-1", "revenue": "9.99"}))
    world.run()

    assert (1, {}, 3) == (len(matomo.stored()), world.dead_letters.reasons(), world.tally.delivered.total())
    assert (1, 2) == (world.tally.bulks["matomo"], world.tally.already_stored["matomo"])


def test_a_repeated_order_among_the_hits_of_another_site_is_stored_already():
    """Nothing else in the bulk says whether its site takes hits; a probe does."""
    world, _ = a_matomo()
    order = {"idgoal": "0", "ec_id": "T-1", "revenue": "9.99"}
    world.enqueue(a_hit("order", site="shop", parameters=order))
    world.run()
    world.enqueue(a_hit("reload", site="shop", parameters=order), a_hit("page"))
    world.run()

    assert ({}, [], 1) == (world.dead_letters.reasons(), world.queue.messages, world.tally.already_stored["matomo"])


def test_probes_store_nothing():
    world, matomo = a_matomo(token=WRITE)
    world.enqueue(a_hit("bad", parameters=UNKNOWN_GOAL))
    world.run()

    assert ([], {"bad": "refused"}, 2) == (*outcome(world), matomo.bulks)


def test_poison_is_halved_down_to_and_parked():
    world, _ = a_matomo()
    world.enqueue(*good(*"abcdefg"), a_hit("poison", parameters=POISON))
    for _ in range(3):
        world.run()
        world.clock.sleep(1_000)

    assert (list("abcdefg"), {"poison": "poison"}) == outcome(world)


@pytest.mark.parametrize(
    "parameters",
    [
        {"e_c": "c" * 9_000, "e_a": "x"},
        {"e_c": "c", "e_a": "x", "e_v": "1e400"},
        {"uadata": '{"brands":"x","fullVersionList":5,"formFactors":"a","platform":{}}'},
    ],
    ids=["long name", "infinite value", "client hints"],
)
def test_known_poison_is_mended_before_it_is_sent(parameters):
    world, matomo = a_matomo()
    world.enqueue(*good("a"), a_hit("b", parameters=parameters))
    tally = world.run()

    assert ((["a", "b"], {}), 1, 1) == (outcome(world), matomo.bulks, tally.mended.total())


@pytest.mark.parametrize("behaviour", [{"is_paused": True}, {"is_database_down": True}])
def test_a_server_that_stores_nothing_costs_a_bulk_and_a_probe_and_is_found_mended(behaviour):
    world, matomo = a_matomo(**behaviour)
    world.enqueue(*good("a"))
    world.run()
    bulks = matomo.bulks
    matomo.state.behaviour = replace(matomo.state.behaviour, is_paused=False, is_database_down=False)
    world.clock.sleep(1_000)
    world.run()

    assert (2, (["a"], {})) == (bulks, outcome(world))


def test_maintenance_mode_does_not_stop_tracking():
    world, _ = a_matomo(is_in_maintenance=True)
    world.enqueue(*good("a"))
    world.run()

    assert (["a"], {}) == outcome(world)


def test_queued_tracking_is_bypassed():
    world, _ = a_matomo(has_queued_tracking=True)
    world.enqueue(*good("a"))
    world.run()

    assert (["a"], {}) == outcome(world)


def test_raw_data_deletion_refuses_what_is_older_unless_the_configuration_knows_it():
    for keeps_days, reason in ((0, "refused"), (37, "too_old")):
        world, _ = a_matomo(destination={"keeps_days": keeps_days}, raw_data_days=30)
        world.enqueue(*good("a"), a_hit("old", event_ms=NOW_MS - 60 * 86_400_000))
        world.run()

        assert (["a"], {"old": reason}) == outcome(world)


def test_without_transactions_a_500_is_uncertain():
    world, _ = a_matomo(destination={"transactional": False}, has_transactions=False)
    world.enqueue(a_hit("a", event_ms=NOW_MS - 9_000), a_hit("poison", parameters=POISON, event_ms=NOW_MS - 8_000))
    world.run()

    assert (["a"], {"a": "uncertain", "poison": "uncertain"}) == outcome(world)


@pytest.mark.parametrize(
    ("kind", "stored", "letters"),
    [
        ("deadlock", ["a", "b"], {}),
        ("php_fatal", ["a", "b"], {}),
        ("unavailable", ["a", "b"], {}),
        ("reset_before_commit", [], {"a": "uncertain", "b": "uncertain"}),
        ("reset_after_commit", ["a", "b"], {"a": "uncertain", "b": "uncertain"}),
        ("time_out_after_commit", ["a", "b"], {"a": "uncertain", "b": "uncertain"}),
        ("cut_after_commit", ["a", "b"], {"a": "uncertain", "b": "uncertain"}),
    ],
)
def test_each_way_a_bulk_can_go_wrong_loses_and_doubles_nothing(kind, stored, letters):
    world, matomo = a_matomo()
    matomo.fail(_1=settings.Fault(kind=kind))
    world.enqueue(*good("a", "b"))
    for _ in range(4):
        world.run()
        world.clock.sleep(2_000)

    assert ((stored, letters), []) == (outcome(world), world.queue.messages)


def test_a_repeated_order_is_success():
    world, matomo = a_matomo(destination={"uncertain": "resend"})
    matomo.fail(_1=settings.Fault(kind="time_out_after_commit"))
    world.enqueue(a_hit("order", parameters={"idgoal": "0", "ec_id": "T-1", "revenue": "5"}))
    for _ in range(3):
        world.run()
        world.clock.sleep(1_000)

    assert ((["order"], {}), []) == (outcome(world), world.queue.messages)


@pytest.mark.skipif("MATOMO_URL" not in os.environ, reason="MATOMO_URL and MATOMO_TOKEN name no real server")
def test_a_real_server_gives_the_same_verdicts():
    configuration = a_configuration(a_destination(url=os.environ["MATOMO_URL"]))
    world = World(configuration)
    world.secret.text = world.secret.current = os.environ["MATOMO_TOKEN"]
    transport = HttpTransport()
    world.servers["matomo"].answer = lambda posted: transport.post(
        posted.url, posted.body, content_type=posted.content_type, timeout_s=posted.timeout_s
    )
    world.enqueue(*good("a", "b"), a_hit("bad", parameters=UNKNOWN_GOAL), a_hit("poison", parameters=POISON))
    for _ in range(4):
        world.run()
        world.clock.sleep(1_000)

    assert ({"bad": "refused", "poison": "poison"}, 2) == (world.dead_letters.reasons(), world.tally.delivered.total())
