"""retire_salts against the local AWS APIs."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from footfall.aws.tables import SaltTable
from footfall.errors import UnavailableError
from footfall.functions import RetireSaltsSettings
from local.aws import LocalAws
from tests.aws.test_transform_hits import load_handler
from tests.builders import a_configuration


@pytest.fixture
def table(monkeypatch):
    with LocalAws() as aws:
        resources = aws.create(a_configuration())
        for name, value in (aws.environment() | RetireSaltsSettings(salt_table=resources.salt_table).to_env()).items():
            monkeypatch.setenv(name, value)
        yield SaltTable(resources.salt_table)


def day(days_ago):
    return str((datetime.now(UTC) - timedelta(days=days_ago)).date())


def test_salts_older_than_48_hours_are_deleted_and_younger_ones_stay(table):
    for days_ago in range(5):
        table.create(day(days_ago), b"s" * 32)

    answer = load_handler("retire_salts")({}, None)

    assert {"retired": 3} == answer
    assert {day(0), day(1)} == table.load([day(n) for n in range(5)]).keys()


def oldest_hours(capsys):
    (metrics,) = (json.loads(line) for line in capsys.readouterr().out.splitlines() if "oldest_salt_hours" in line)
    (hours,) = metrics["oldest_salt_hours"]
    return hours


def test_the_age_of_the_oldest_salt_that_is_left_is_reported(table, capsys):
    for days_ago in (0, 1, 4):
        table.create(day(days_ago), b"s" * 32)

    load_handler("retire_salts")({}, None)

    assert 24 <= oldest_hours(capsys) < 48


def test_an_empty_table_is_reported_too_so_that_silence_means_that_nobody_looked(table, capsys):
    load_handler("retire_salts")({}, None)

    assert 0 == oldest_hours(capsys)


def test_running_twice_deletes_nothing_more(table):
    table.create(day(4), b"s" * 32)
    handler = load_handler("retire_salts")

    assert [{"retired": 1}, {"retired": 0}] == [handler({}, None), handler({}, None)]


def test_the_first_writer_of_a_salt_wins(table):
    assert [b"a" * 32, b"a" * 32] == [table.create(day(0), b"a" * 32), table.create(day(0), b"b" * 32)]


def test_a_missing_table_is_unavailable_and_the_error_names_no_content(monkeypatch, table):
    with pytest.raises(UnavailableError, match="read salts: ResourceNotFoundException"):
        SaltTable("absent").load([day(0)])
