"""The ports of the drain: the fakes that the faults rest on and the AWS adapters keep the same promises."""

import pytest

from footfall.aws.delivery_table import DeliveryTable
from footfall.aws.queue_reader import DeadLetterWriter, QueueReader
from footfall.aws.secrets import NamedSecret
from footfall.errors import StoppedError, UnavailableError
from footfall.queueing.circuit import Circuit, opened
from footfall.queueing.ledger import PART_DIGESTS, Ledger, entry_of
from footfall.queueing.ports import LeaseState
from tests.drain_world import Clock, DeadLetters, FakeQueue, FakeTable

A, B = b"aaaaaaaa", b"bbbbbbbb"


@pytest.fixture(params=["fake", "DynamoDB"])
def table(request):
    return FakeTable() if request.param == "fake" else DeliveryTable(request.getfixturevalue("deliveries").table)


@pytest.fixture(params=["fake", "SQS"])
def queue(request):
    """A queue, and a way to put a message into it."""
    if request.param == "fake":
        fake = FakeQueue(Clock())
        return fake, fake.put
    resources = request.getfixturevalue("deliveries")
    client = resources.aws.client("sqs")
    put = lambda body: client.send_message(QueueUrl=resources.queue_url, MessageBody=body)  # noqa: E731
    return QueueReader(resources.queue_url, visibility_s=300), put


def take(table, owner, *, now_ms=1_000, until_ms=2_000):
    return table.take_lease("lease/q/matomo/8/1", owner, now_ms=now_ms, until_ms=until_ms)


def renew(table, owner, in_flight, *, until_ms=2_000):
    table.renew_lease("lease/q/matomo/8/1", owner, until_ms=until_ms, in_flight=in_flight)


def test_a_lease_that_another_holds_cannot_be_taken_until_it_expires(table):
    take(table, "one")

    with pytest.raises(StoppedError):
        take(table, "two", now_ms=1_999)
    assert {} == take(table, "two", now_ms=2_000, until_ms=3_000)


def test_who_takes_a_lease_over_learns_what_was_under_way(table):
    take(table, "one")
    renew(table, "one", {7: {A, B}, 8: {A}})

    assert {7: {A, B}, 8: {A}} == dict(take(table, "two", now_ms=2_000, until_ms=3_000))


def test_what_is_under_way_is_replaced_by_each_renewal(table):
    take(table, "one")
    renew(table, "one", {7: {A}})
    renew(table, "one", {})

    assert {} == take(table, "two", now_ms=2_000)


def test_a_lease_that_another_has_taken_cannot_be_renewed(table):
    take(table, "one")
    take(table, "two", now_ms=2_000, until_ms=3_000)

    with pytest.raises(StoppedError):
        renew(table, "one", {7: {A}})


def test_a_released_lease_is_free_at_once_and_nothing_is_under_way(table):
    take(table, "one")
    renew(table, "one", {7: {A}})
    table.release_lease("lease/q/matomo/8/1", "one")

    assert {} == take(table, "two", now_ms=1_001)


def test_releasing_what_another_has_taken_changes_nothing(table):
    take(table, "one")
    take(table, "two", now_ms=2_000, until_ms=3_000)
    table.release_lease("lease/q/matomo/8/1", "one")

    with pytest.raises(StoppedError):
        take(table, "three", now_ms=2_500)


def test_leases_that_are_held_can_be_read_and_reading_changes_nothing(table):
    take(table, "one")
    renew(table, "one", {7: {A, B}, 8: {A}})
    table.take_lease("lease/q/matomo/8/2", "two", now_ms=1_000, until_ms=2_000)
    table.release_lease("lease/q/matomo/8/2", "two")

    states = [table.read_leases([f"lease/q/matomo/8/{number}" for number in range(8)]) for _ in range(2)]

    assert [{"lease/q/matomo/8/1": LeaseState("one", 2_000, 3)}] * 2 == states


def test_a_rehearsed_write_leaves_nothing_and_takes_nobodys_place(deliveries):
    table = DeliveryTable(deliveries.table)
    table.rehearse_write("test/1", now_ms=1_000)
    table.add_marks("test/2", {"delivered": {A}}, expires_s=9)

    with pytest.raises(StoppedError):
        table.rehearse_write("test/2", now_ms=1_000)
    assert {"test/2": {"delivered": {A}}} == table.read_slots(["test/1", "test/2"])


def test_marks_add_up_and_adding_twice_changes_nothing(table):
    for _ in range(2):
        table.add_marks("ledger/matomo/8/1/7", {"delivered": {A}}, expires_s=9)
    table.add_marks("ledger/matomo/8/1/7", {"delivered": {B}, "refused": {A}}, expires_s=9)

    assert {"ledger/matomo/8/1/7": {"delivered": {A, B}, "refused": {A}}} == table.read_slots(["ledger/matomo/8/1/7", "ledger/absent"])


def test_a_full_slot_goes_on_in_its_next_part_and_another_reader_finds_all(table):
    writer, reader = (Ledger(table, destination="matomo", shard=(1, 8), keeps_s=60) for _ in range(2))
    entries = [entry_of(f"hit-{number}", 60_000) for number in range(3 * PART_DIGESTS)]
    writer.load(entries)
    for start in range(0, len(entries), 200):
        writer.add([(entry, "delivered") for entry in entries[start : start + 200]], now_ms=0)

    reader.load(entries[:1])

    assert {frozenset({"delivered"})} == {reader.marks_of(entry) for entry in entries}
    assert frozenset() == reader.marks_of(entry_of("another", 60_000))


def test_a_circuit_is_written_only_over_the_version_that_was_read(table):
    first = opened(Circuit(), "refused", now_ms=5, sites=("1", "2"), jitter=0.5)._replace(refused_until_ms={"3": 99})

    assert table.write_circuit("matomo", first, expected_version=0)
    assert not table.write_circuit("matomo", Circuit(version=1), expected_version=0)
    assert (first, Circuit()) == (table.read_circuit("matomo"), table.read_circuit("another"))


def test_a_received_message_is_hidden_until_it_is_shown_again(queue):
    reader, put = queue
    put("one")

    (first,) = reader.receive(10)
    hidden = list(reader.receive(10))
    reader.hide({first.receipt: 0})
    (again,) = reader.receive(10)

    assert ([], "one", 1, 2) == (hidden, again.body, first.receive_count, again.receive_count)
    assert again.first_received_ms == first.first_received_ms


def test_a_deleted_message_does_not_come_again(queue):
    reader, put = queue
    for number in range(12):
        put(f"message {number}")
    received = [*reader.receive(10), *reader.receive(10)]

    assert 0 == reader.delete([each.receipt for each in received])
    assert (12, []) == (len(received), list(reader.receive(10)))


def test_what_cannot_be_deleted_or_hidden_is_counted(deliveries):
    reader = QueueReader(deliveries.queue_url + "-absent", visibility_s=300)

    assert (2, 1) == (reader.delete(["a", "b"]), reader.hide({"a": 5}))


def test_a_queue_that_does_not_answer_is_unavailable(deliveries):
    with pytest.raises(UnavailableError, match="receive messages"):
        QueueReader(deliveries.queue_url + "-absent", visibility_s=300).receive(10)


@pytest.mark.parametrize("kind", ["fake", "SQS"])
def test_dead_letters_are_sent_in_batches_and_confirmed(request, kind):
    if kind == "fake":
        assert set() == DeadLetters().send([b"{}"] * 12)
        return
    resources = request.getfixturevalue("deliveries")

    assert set() == DeadLetterWriter(resources.dead_letters_url).send([b"{}"] * 12)
    assert (10, 2) == (len(resources.waiting(resources.dead_letters_url)), len(resources.waiting(resources.dead_letters_url)))


def test_dead_letters_that_are_not_confirmed_are_named(deliveries):
    assert {0, 1, 2} == DeadLetterWriter(deliveries.dead_letters_url + "-absent").send([b"{}"] * 3)


def test_a_missing_table_is_unavailable(deliveries):
    with pytest.raises(UnavailableError, match="read ledger"):
        DeliveryTable("absent").read_slots(["ledger/x"])


def test_a_secret_is_fetched_once_and_again_when_it_is_refused(deliveries):
    client = deliveries.aws.client("secretsmanager")
    client.create_secret(Name="token", SecretString="first\n")
    passed_s = [0.0]
    secret = NamedSecret("token", clock=lambda: passed_s[0])

    first = secret.value()
    client.put_secret_value(SecretId="token", SecretString="second")
    kept, too_soon = secret.value(), secret.refresh()
    passed_s[0] = 61.0

    assert ("first", "first", False, True, "second") == (first, kept, too_soon, secret.refresh(), secret.value())


def test_a_secret_that_is_not_there_is_unavailable_and_the_error_does_not_tell_its_name(deliveries):
    with pytest.raises(UnavailableError, match=r"^read secret: ResourceNotFoundException$"):
        NamedSecret("absent").value()


def test_a_secret_that_is_no_text_is_unavailable(deliveries):
    deliveries.aws.client("secretsmanager").create_secret(Name="token", SecretBinary=b"\xff")

    with pytest.raises(UnavailableError, match="binary"):
        NamedSecret("token").value()
