"""What the functions count is exactly what the alarms and the dashboard read: name, dimensions and namespace."""

import json
from collections import Counter
from datetime import timedelta

import pytest

from footfall import observability
from footfall.configuration import Configuration, Destination, Site, Sites
from footfall.functions import FUNCTIONS
from footfall.hits.transform import Counts
from footfall.hits.visitor import SALT_LIFE
from footfall.monitoring.charts import SECTIONS, charts
from footfall.monitoring.metrics import Math, Metric, Search, namespace_of
from footfall.monitoring.rows import Chart
from footfall.monitoring.table import SALT_LIFE_HOURS, WHEN_IT_FAILS, rows
from footfall.queueing.enqueue import EnqueueCounts
from footfall.queueing.tally import Tally
from local.metrics import read_line

CONFIGURATION = Configuration(
    sites=Sites(registered=(Site(key="main", deliver=(("matomo", "1"),)),)),
    destinations=(Destination(name="matomo", url="https://matomo.example.org/matomo.php", token_secret="matomo/token"),),
)
WITHOUT_CHART = {"salts_retired", "enqueued", "unconfirmed", "uncertain", "resent", "retry", "mended", "queue_messages"}
"""Counted for whoever looks closer; what matters of them shows elsewhere."""
NAMESPACE = namespace_of(CONFIGURATION.name)
NOTHING = Counts(Counter(), Counter(), Counter(), Counter())


@pytest.fixture
def on_lambda(monkeypatch):
    """The variables the template gives every function."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "transform_hits")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE)


def written(text):
    """Every (namespace, metric, dimensions) of these log lines, with its value."""
    found = {}
    for line in text.splitlines():
        (directive,) = json.loads(line)["_aws"]["CloudWatchMetrics"]
        found |= {(directive["Namespace"], name, dimensions): value for (name, dimensions), value in read_line(line.encode())}
    return found


@pytest.fixture
def emitted(on_lambda, capsys):
    """All that a deployment with the site `main` ever writes."""
    counts = Counts(
        Counter({"main": 5}),
        Counter({"unknown_site": 2}),
        Counter({("gpc", "main"): 3, ("preflight", ""): 1}),
        Counter({("no_room", "main"): 1, ("crashed", ""): 1}),
    )
    observability.count_transformed(counts, salts_unavailable=1, sampling_rate=100)
    observability.report_salts(retired=1, oldest=timedelta(hours=36))
    observability.count_enqueued(
        EnqueueCounts(Counter({"main": 5}), Counter({("prefetched", "main"): 1}), Counter({("too_large", "main"): 1, ("crashed", ""): 1})),
        unconfirmed={"throttled": 1},
        sampling_rate=100,
    )
    tally = Tally(circuits={"matomo": ""}, messages=Counter(received=1))
    tally.delivered["matomo", "main"] += 4
    tally.losses["refused", "main"] += 1
    for name in ("uncertain", "resent", "retry", "mended"):
        getattr(tally, name)["matomo"] += 1
    observability.count_processed(tally)
    return written(capsys.readouterr().out)


def own(series):
    """The metrics of our own among these."""
    for each in series:
        yield from (metric for metric in (each.metrics.values() if isinstance(each, Math) else [each]) if metric.namespace == NAMESPACE)


def test_every_custom_metric_an_alarm_watches_is_written_with_those_very_dimensions(emitted):
    watched = list(own(row.watched for row in rows(CONFIGURATION)))

    assert len(watched) >= 6
    assert [] == [m for m in watched if (m.namespace, m.name, frozenset(m.dimensions.items())) not in emitted]


def test_every_chart_shows_metrics_that_are_written_and_every_metric_has_a_chart(emitted):
    shown = list(own(series for chart in charts(CONFIGURATION.name, FUNCTIONS).values() for series in chart))
    exact = {(m.name, frozenset(m.dimensions)) for m in shown if isinstance(m, Metric)}
    searched = {(m.name, frozenset(m.dimensions)) for m in shown if isinstance(m, Search)}

    schemas = {(name, frozenset(key for key, _ in dimensions)) for _, name, dimensions in emitted}
    assert exact | searched == {schema for schema in schemas if schema[0] not in WITHOUT_CHART} - {("losses", frozenset({"stage"}))}


def test_totals_are_written_without_dimensions_and_as_zero_too(on_lambda, capsys):
    """Or a ratio would be missing where one of its parts is, and an alarm would say nothing when all are rejects."""
    observability.count_transformed(NOTHING, salts_unavailable=0, sampling_rate=100)

    metrics = written(capsys.readouterr().out)
    assert {(NAMESPACE, name, frozenset()): 0.0 for name in ("hits", "rejects", "suppressed", "losses")} == metrics


def test_a_total_is_the_sum_of_its_parts(emitted):
    behind = {("stage", "enqueue"), ("stage", "process"), ("reason", "prefetched")}
    for name, total in (("hits", 5), ("rejects", 2), ("suppressed", 4), ("losses", 2)):
        parts = sum(value for (_, metric, dims), value in emitted.items() if metric == name and dims and behind.isdisjoint(dims))
        assert total == parts == emitted[NAMESPACE, name, frozenset()]


def test_a_sampled_deployment_marks_its_totals_too(capsys):
    observability.count_transformed(NOTHING, salts_unavailable=0, sampling_rate=25)

    assert 25 == json.loads(capsys.readouterr().out)["sampling_rate"]


def test_without_a_deployment_the_namespace_is_the_products(monkeypatch, capsys):
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE", raising=False)
    observability.report_salts(retired=0, oldest=timedelta())

    assert {"Footfall"} == {namespace for namespace, _, _ in written(capsys.readouterr().out)}


def test_the_age_of_a_salt_is_in_hours(emitted):
    assert 36.0 == emitted[NAMESPACE, "oldest_salt_hours", frozenset()]


def test_the_alarm_for_old_salts_knows_how_long_a_salt_lives():
    assert timedelta(hours=SALT_LIFE_HOURS) == SALT_LIFE


def test_every_function_says_what_its_failure_means_for_the_data():
    assert {function.name for function in FUNCTIONS} == WHEN_IT_FAILS.keys()


def test_every_chart_has_series_and_a_place():
    placed = [chart for section in SECTIONS.values() for chart in section]

    assert sorted(Chart) == sorted(placed)
    assert all(charts(CONFIGURATION.name, FUNCTIONS)[chart] for chart in Chart)


def test_no_alarm_takes_more_metrics_than_cloudwatch_allows():
    assert max(len(row.watched.metrics) for row in rows(CONFIGURATION) if isinstance(row.watched, Math)) <= 10


def test_no_two_rows_have_one_id():
    ids = [row.id for row in rows(CONFIGURATION)]

    assert len(ids) == len(set(ids))
