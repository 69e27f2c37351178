"""Views and documented queries over the Parquet that a whole run of the pipeline left: edge, stream, Firehose, the real handler."""

import pytest

from footfall.configuration import Configuration
from footfall.sql.lake import ParquetLake, find_lake
from footfall.sql.queries import queries
from footfall.sql.views import VIEWS
from local import demo
from local.visitors import KINDS

WITHOUT_ROWS = {"searches"}
"""Queries about what no visitor of the demo does."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    demo.run(Configuration.load(demo.CONFIGURATION), folder, demo.Progress())
    return ParquetLake(find_lake(folder))


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_view_has_rows_after_a_run(lake, view):
    assert len(lake.run(f"SELECT * FROM {view.name}").rows) > 0


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.name)
def test_every_documented_query_answers_after_a_run(lake, query):
    assert (len(lake.run(query.sql).rows) == 0) == (query.name in WITHOUT_ROWS)


def test_hits_are_the_requests_that_promise_a_row_each_once(lake):
    sent = sum(kind.number for kind in KINDS if kind.expected == "row")

    assert ((sent, sent),) == lake.run("SELECT count(*), count(DISTINCT event_id) FROM hits").rows


def test_the_demos_mails_are_opened_by_people_and_proxies_and_fetched_by_apple(lake):
    sent = {
        name: sum(kind.number for kind in KINDS if kind.name == f"e-mail open, {name}")
        for name in ("a person", "Gmail's proxy", "Apple's proxy")
    }

    counted = dict(lake.run("SELECT open_class, count(*) FROM email_opens GROUP BY open_class").rows)
    assert {"direct": sent["a person"], "proxy": sent["Gmail's proxy"], "prefetch": sent["Apple's proxy"]} == counted
