from datetime import UTC, datetime, timedelta

import pytest

from footfall.errors import UnavailableError
from footfall.hits.salts import Salts
from footfall.hits.visitor import days_that_may_have_salt, salt_expires

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)


class FakeStore:
    def __init__(self, **stored):
        self.stored = stored
        self.calls = 0

    def load(self, days):
        self.calls += 1
        return {day: self.stored[day] for day in days if day in self.stored}

    def create(self, day, salt):
        return self.stored.setdefault(day, salt)


class BrokenStore:
    def load(self, days):
        raise UnavailableError("read salts: EndpointConnectionError")

    def create(self, day, salt):
        raise UnavailableError("make salt: EndpointConnectionError")


def test_the_first_caller_makes_the_salt_and_the_second_gets_the_same():
    store = FakeStore()

    first = Salts(store).of({"2026-11-18"}, NOON)
    second = Salts(store).of({"2026-11-18"}, NOON)

    assert first == second
    assert len(first["2026-11-18"]) == 32


def test_a_salt_is_read_once_per_day_and_environment():
    store = FakeStore()
    salts = Salts(store)

    for _ in range(3):
        salts.of({"2026-11-18"}, NOON)

    assert store.calls == 1


@pytest.mark.parametrize("day", ["2026-11-16", "2026-11-20", "1999-01-01"])
def test_a_day_that_is_past_its_salt_or_far_ahead_gets_none(day):
    """Neither an old log file nor a forged clock makes salts."""
    store = FakeStore()

    assert {} == Salts(store).of({day}, NOON)
    assert {} == store.stored


def test_an_expired_salt_is_forgotten_in_memory_too():
    salts = Salts(FakeStore())
    salts.of({"2026-11-18"}, NOON)

    assert {} == salts.of(set(), salt_expires("2026-11-18"))


def test_a_store_that_cannot_answer_costs_visitor_ids_and_is_counted_but_fails_no_batch():
    salts = Salts(BrokenStore())

    assert {} == salts.of({"2026-11-18"}, NOON)
    assert (1, 0) == (salts.take_unavailable(), salts.take_unavailable())


def test_yesterday_today_and_tomorrow_may_have_a_salt():
    days = {str((NOON + timedelta(days=n)).date()) for n in range(-3, 4)}

    assert {"2026-11-17", "2026-11-18", "2026-11-19"} == days_that_may_have_salt(days, NOON)
