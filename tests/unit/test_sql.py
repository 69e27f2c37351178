"""Views and documented queries, on DuckDB over Parquet made by the transform and Firehose's conversion; expectations worked out by hand."""

import base64
import itertools
import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot.optimizer.qualify import qualify

from footfall.errors import RejectedError
from footfall.hits.schema import LANDING
from footfall.hits.transform import Transformer
from footfall.sql.dialects import DUCKDB_TYPES, TRINO_TYPES
from footfall.sql.lake import ParquetLake, find_lake
from footfall.sql.queries import queries
from footfall.sql.tables import TABLES
from footfall.sql.views import VIEWS
from local.parquet import Converter
from tests.builders import NOW_MS, a_configuration, a_log_line, a_record

START = NOW_MS / 1000  # 2026-11-18 11:06:40 UTC
TO_MIDNIGHT = 46_400  # seconds from START
TODAY = date(2026, 11, 19)
SALTS = {f"2026-11-{day}": bytes([day]) * 32 for day in (17, 18, 19)}

ANN, BOB, CEM = "a" * 16, "b" * 16, "c" * 16
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
APPLE = "Mozilla/5.0"
GPTBOT = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)"
SITES = {
    "default": "main",
    "main": {"ids": ["1"], "hosts": ["www.example.org"]},
    "shop": {"ids": ["2"], "hosts": ["shop.example.org"]},
}

_IDS = itertools.count(1)


def line(at_s: float, stem: str, parameters: dict[str, Any], agent: str | None = None, **columns: str) -> str:
    """A log line, `at_s` seconds after START, with an event id of its own unless one is given."""
    if agent is not None:
        columns["cs_user_agent"] = quote(agent, safe="();,/:*")
    columns.setdefault("x_edge_request_id", f"event-{next(_IDS):04}")
    return a_log_line(timestamp=f"{START + at_s:.3f}", cs_uri_stem=stem, cs_uri_query=urlencode(parameters), **columns)


def tracked(at_s: float, visitor: str | None = ANN, *, page: str = "/", agent: str | None = None, **parameters: Any) -> str:
    """A page view as matomo.js sends it; names that belong to the log line are given as cs_… and x_…."""
    columns = {name: str(parameters.pop(name)) for name in list(parameters) if name.startswith(("cs_", "x_", "c_"))}
    who = {} if visitor is None else {"_id": visitor}
    return line(
        at_s, "/matomo.php", {"idsite": "1", "rec": "1", **who, "url": f"https://www.example.org{page}", **parameters}, agent, **columns
    )


def opened(at_s: float, *, agent: str | None = None, headers: dict[str, str] | None = None, **parameters: Any) -> str:
    """The pixel of a mailing."""
    mail = {"utm_medium": "email", "utm_source": "crm", "utm_campaign": "spring"}
    return line(at_s, "/1x1.gif", {**mail, **parameters}, agent, **(headers or {}))


def with_header(name: str, value: str) -> dict[str, str]:
    """Columns of a line whose request carried one header more."""
    return {"cs_headers": f"host:x%0A{name}:{value}%0A", "cs_header_names": f"host%0A{name}%0A", "cs_headers_count": "2"}


DO_NOT_TRACK = with_header("dnt", "1")


def write_lake(folder: Path, *lines: str, **privacy: str) -> ParquetLake:
    """Transform the lines, convert the rows as Firehose does, and write one object per partition."""
    answers, _ = Transformer(a_configuration(sites=SITES, privacy=privacy)).transform(
        [a_record(each, f"record-{number}") for number, each in enumerate(lines)], lambda _days: SALTS, now_ms=NOW_MS + 172_800_000
    )
    converter, places = Converter(LANDING), defaultdict(list)
    for answer in answers:
        if answer["result"] == "Ok":
            keys = answer["metadata"]["partitionKeys"]
            places[f"{keys['place']}/date={keys['date']}"].append(converter.row(base64.b64decode(answer["data"])))
    for place, rows in places.items():
        (folder / place).mkdir(parents=True)
        (folder / place / "part-1.parquet").write_bytes(converter.write(rows))
    return ParquetLake(folder)


def ask(lake: ParquetLake, sql: str) -> list[tuple[Any, ...]]:
    return list(lake.run(sql).rows)


def at(seconds: float) -> datetime:
    return datetime(2026, 11, 18, 11, 6, 40) + timedelta(seconds=seconds)  # noqa: DTZ001 - timestamps of the lake have no zone; they are UTC


# --- hits, hits_human ---


def test_a_hit_that_was_delivered_twice_is_one_row_of_hits(tmp_path):
    again = tracked(0, x_edge_request_id="twice")

    lake = write_lake(tmp_path, again, again, tracked(1, x_edge_request_id="once"))

    assert [(3,)] == ask(lake, "SELECT count(*) FROM hits_raw")
    assert [("once",), ("twice",)] == ask(lake, "SELECT event_id FROM hits ORDER BY event_id")


def test_of_a_streamed_hit_and_its_import_from_an_access_log_the_more_exact_time_stays(tmp_path):
    """Access logs hold whole seconds."""
    lake = write_lake(tmp_path, tracked(7.397, x_edge_request_id="both"), tracked(7, x_edge_request_id="both"))

    assert [(at(7.397),)] == ask(lake, "SELECT received_at FROM hits")


@pytest.mark.parametrize("is_streamed_first", [True, False])
def test_of_a_streamed_hit_and_its_import_to_the_millisecond_the_one_that_knows_the_signals_stays(tmp_path, is_streamed_first):
    streamed = tracked(7, x_edge_request_id="both")
    imported = tracked(7, x_edge_request_id="both", cs_headers="-", cs_header_names="-", cs_headers_count="-")

    lines = (streamed, imported) if is_streamed_first else (imported, streamed)
    lake = write_lake(tmp_path, *lines, unknown_signal="off")

    assert [(None,), (False,)] == sorted(ask(lake, "SELECT gpc FROM hits_raw"), key=str, reverse=True)
    assert [(False,)] == ask(lake, "SELECT gpc FROM hits")


def test_people_and_mail_proxies_are_human_and_machines_are_not(tmp_path):
    lake = write_lake(
        tmp_path,
        tracked(0, x_edge_request_id="person"),
        tracked(1, agent=GPTBOT, x_edge_request_id="robot"),
        tracked(2, x_edge_request_id="prefetch", **with_header("sec-purpose", "prefetch")),
        tracked(3, agent="curl/8.5.0", x_edge_request_id="library"),
        opened(4, agent=GMAIL, headers={"x_edge_request_id": "proxy"}),
        opened(5, agent=APPLE, headers={"x_edge_request_id": "mail-prefetch"}),
    )

    assert 6 == len(ask(lake, "SELECT event_id FROM hits"))
    assert [("person",), ("proxy",)] == ask(lake, "SELECT event_id FROM hits_human ORDER BY event_id")


# --- sessions ---


def test_a_session_lasts_until_more_than_thirty_minutes_pass_without_a_hit(tmp_path):
    lake = write_lake(
        tmp_path,
        tracked(0, page="/a?x=1", x_edge_request_id="first"),
        tracked(1800, page="/b", x_edge_request_id="exactly-thirty-minutes-later"),
        tracked(3600.001, page="/c", x_edge_request_id="a-millisecond-more"),
    )

    rows = ask(
        lake,
        "SELECT session_id, started_at, ended_at, duration_s, hits, page_views, entry_page, exit_page, entry_url FROM sessions ORDER BY 2",
    )
    assert [
        ("first", at(0), at(1800), 1800.0, 2, 2, "www.example.org/a", "www.example.org/b", "https://www.example.org/a?x=1"),
        (
            "a-millisecond-more",
            at(3600.001),
            at(3600.001),
            0.0,
            1,
            1,
            "www.example.org/c",
            "www.example.org/c",
            "https://www.example.org/c",
        ),
    ] == rows


def test_visitors_and_sites_have_sessions_of_their_own_and_copies_add_nothing(tmp_path):
    lines = [tracked(0, ANN), tracked(10, BOB), tracked(20, ANN), tracked(30, ANN, idsite="2"), tracked(40, BOB)]

    lake = write_lake(tmp_path, *lines, *lines)

    assert [("main", ANN, 2, 20.0), ("main", BOB, 2, 30.0), ("shop", ANN, 1, 0.0)] == ask(
        lake, "SELECT site, visitor_id, hits, duration_s FROM sessions ORDER BY site, visitor_id"
    )


def test_a_visit_to_one_site_keeps_no_session_of_another_alive(tmp_path):
    lake = write_lake(tmp_path, tracked(0), tracked(1000, idsite="2"), tracked(2500), tracked(2600, page="/last"))

    assert [
        ("main", 1, "https://www.example.org/"),
        ("main", 2, "https://www.example.org/last"),
        ("shop", 1, "https://www.example.org/"),
    ] == ask(lake, "SELECT site, hits, exit_url FROM sessions ORDER BY site, started_at")


def test_midnight_ends_no_session_and_its_day_is_the_one_on_which_it_began(tmp_path):
    lake = write_lake(tmp_path, tracked(TO_MIDNIGHT - 60), tracked(TO_MIDNIGHT + 60))

    assert [(date(2026, 11, 18), 2, 120.0)] == ask(lake, 'SELECT "date", hits, duration_s FROM sessions')


def test_a_tracker_can_force_a_new_visit(tmp_path):
    lake = write_lake(tmp_path, tracked(0), tracked(5), tracked(10, new_visit="1"), tracked(15))

    assert [(2,), (2,)] == ask(lake, "SELECT hits FROM sessions")


def test_hits_without_a_visitor_and_opened_mails_belong_to_no_session(tmp_path):
    lake = write_lake(tmp_path, tracked(0), tracked(1, **DO_NOT_TRACK), opened(2), tracked(3, agent=GPTBOT))

    assert [(1,)] == ask(lake, "SELECT hits FROM sessions")


def test_what_happened_in_a_session_is_counted_by_kind(tmp_path):
    lake = write_lake(
        tmp_path,
        tracked(0),
        tracked(1, e_c="Video", e_a="Play"),
        tracked(2, search="boots", search_count="3"),
        tracked(3, idgoal="4", revenue="2.5"),
        tracked(4, idgoal="0", ec_id="T-1", revenue="10"),
        tracked(5, ping="1"),
    )

    assert [(6, 1, 1, 1, 1, 1, 12.5, False)] == ask(
        lake, "SELECT hits, page_views, events, site_searches, goals, orders, revenue, is_bounce FROM sessions"
    )


def test_one_page_view_with_pings_is_a_bounce_and_an_event_makes_it_none(tmp_path):
    lake = write_lake(tmp_path, tracked(0, ANN), tracked(15, ANN, ping="1"), tracked(0, BOB), tracked(9, BOB, e_c="a", e_a="b"))

    assert [(ANN, True), (BOB, False)] == ask(lake, "SELECT visitor_id, is_bounce FROM sessions ORDER BY visitor_id")


def test_an_order_that_is_reported_again_is_counted_once_even_by_another_visitor(tmp_path):
    """The confirmation page was reloaded, and opened again the next day, when the daily visitor id is another."""
    order = {"idgoal": "0", "ec_id": "T-1", "revenue": "10"}

    lake = write_lake(
        tmp_path, tracked(0, ANN, **order), tracked(9, ANN, **order), tracked(4000, BOB, **order), tracked(5000, BOB, idsite="2", **order)
    )

    assert [("main", ANN, 1, 10.0), ("main", BOB, 0, 0.0), ("shop", BOB, 1, 10.0)] == ask(
        lake, "SELECT site, visitor_id, orders, revenue FROM sessions ORDER BY site, visitor_id"
    )


def test_the_source_of_a_session_is_that_of_its_first_campaign_else_of_its_first_hit(tmp_path):
    search = {"urlref": "https://www.google.com/"}
    lake = write_lake(
        tmp_path,
        tracked(0, ANN, **search),
        tracked(1, ANN, page="/?utm_source=news&utm_medium=email"),
        tracked(2, ANN, page="/?utm_source=later&utm_campaign=other"),
        tracked(0, BOB, **search),
        tracked(1, BOB, urlref="https://www.example.org/"),
    )

    assert [(ANN, "campaign", "news", "news", "email", None), (BOB, "search", "Google", None, None, None)] == ask(
        lake, "SELECT visitor_id, source_class, source_name, campaign_source, campaign_medium, campaign_name FROM sessions ORDER BY 1"
    )


moments = st.lists(st.tuples(st.sampled_from([ANN, BOB]), st.integers(0, 9).map(lambda step: step * 600_001)), min_size=1, max_size=12)


@settings(max_examples=25)
@given(moments)
def test_sessions_are_what_a_loop_over_the_sorted_hits_would_make(tmp_path_factory, visits):
    """Times are multiples of 10 minutes and a millisecond; the fourth step without a hit is the first beyond 30 minutes."""
    lake = write_lake(tmp_path_factory.mktemp("lake"), *(tracked(ms / 1000, visitor) for visitor, ms in visits))

    expected = []
    for visitor in (ANN, BOB):
        times = sorted(ms for each, ms in visits if each == visitor)
        lengths = [len(run) for run in runs(times)]
        expected += [(visitor, length) for length in lengths]
    assert expected == ask(lake, "SELECT visitor_id, hits FROM sessions ORDER BY visitor_id, started_at")


def runs(times: list[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for time in times:
        if not found or time - found[-1][-1] > 1_800_000:
            found.append([])
        found[-1].append(time)
    return found


# --- campaigns ---


def test_a_campaign_is_credited_with_the_sessions_it_brought_and_with_hits_that_have_no_visitor(tmp_path):
    ad, mail = "/?utm_source=ads&utm_medium=cpc&utm_campaign=spring", "/?gclid=Cj0K"
    lake = write_lake(
        tmp_path,
        tracked(0, ANN, page=ad),
        tracked(60, ANN, page="/basket"),
        tracked(90, ANN, idgoal="0", ec_id="T-1", revenue="20"),
        tracked(0, BOB, page=ad),
        tracked(0, CEM, page=mail),
        tracked(5, None, page=ad, **DO_NOT_TRACK),
        tracked(0, "d" * 16, page="/"),
        tracked(TO_MIDNIGHT + 7200, BOB, page=ad),
        opened(10),
    )

    rows = ask(
        lake,
        'SELECT "date", campaign_source, campaign_medium, campaign_name, visitors, sessions, bounces, page_views, orders, revenue, anonymous_hits '
        'FROM campaigns ORDER BY "date", campaign_source',
    )
    first, second = date(2026, 11, 18), date(2026, 11, 19)
    assert [
        (first, "Google Ads", None, None, 1, 1, 1, 1, 0, 0.0, 0),
        (first, "ads", "cpc", "spring", 2, 2, 1, 3, 1, 20.0, 1),
        (second, "ads", "cpc", "spring", 1, 1, 1, 1, 0, 0.0, 0),
    ] == rows


def test_a_visitor_who_comes_twice_is_one_visitor_with_two_sessions(tmp_path):
    lake = write_lake(tmp_path, *(tracked(seconds, ANN, page="/?utm_source=ads") for seconds in (0, 7200)))

    assert [(1, 2)] == ask(lake, "SELECT visitors, sessions FROM campaigns")


# --- email_opens ---


def opens(lake: ParquetLake) -> list[tuple[Any, ...]]:
    return ask(lake, "SELECT mailing, recipient, recipient_origin, open_class, open_number, is_repeat FROM email_opens ORDER BY event_time")


def test_the_first_open_of_a_mailing_by_a_recipient_is_told_from_repeats(tmp_path):
    lake = write_lake(
        tmp_path,
        opened(0, mailing="m1", recipient="r1"),
        opened(1, mailing="m1", recipient="r2"),
        opened(2, mailing="m1", recipient="r1", agent=GMAIL),
        opened(3, mailing="m2", recipient="r1"),
        opened(90_000, mailing="m1", recipient="r1"),
    )

    assert [
        ("m1", "r1", "parameter", "direct", 1, False),
        ("m1", "r2", "parameter", "direct", 1, False),
        ("m1", "r1", "parameter", "proxy", 2, True),
        ("m2", "r1", "parameter", "direct", 1, False),
        ("m1", "r1", "parameter", "direct", 3, True),
    ] == opens(lake)


def test_a_prefetch_is_no_first_read(tmp_path):
    lake = write_lake(
        tmp_path,
        opened(0, agent=APPLE, mailing="m", recipient="r"),
        opened(9, mailing="m", recipient="r"),
        opened(10, mailing="m", recipient="r"),
    )

    assert [("prefetch", 1, False), ("direct", 1, False), ("direct", 2, True)] == [row[3:] for row in opens(lake)]


def test_without_a_recipient_a_direct_open_is_the_visitors_and_a_proxys_is_nobodys(tmp_path):
    """One proxy fetches for many people, so its address and agent tell no reader."""
    lake = write_lake(
        tmp_path, opened(0, mailing="m"), opened(1, mailing="m"), opened(2, mailing="m", agent=GMAIL), opened(3, mailing="m", agent=GMAIL)
    )

    rows = opens(lake)
    assert [("visitor_id", 1, False), ("visitor_id", 2, True), ("none", None, None), ("none", None, None)] == [
        (origin, number, is_repeat) for _, _, origin, _, number, is_repeat in rows
    ]
    assert rows[0][1] == rows[1][1] is not None


def test_the_campaign_names_the_mailing_when_no_parameter_does(tmp_path):
    lake = write_lake(tmp_path, opened(0, recipient="r"), opened(1, recipient="r", utm_id="77"), opened(2, recipient="r", utm_campaign=""))

    assert [("spring", 1), ("77", 1), (None, None)] == [(row[0], row[4]) for row in opens(lake)]


def test_names_of_parameters_may_be_in_any_case_and_empty_values_tell_nothing(tmp_path):
    lake = write_lake(tmp_path, opened(0, Mailing="m", RECIPIENT="r"), opened(1, mailing="", recipient="", subscriber="s"))

    assert [("m", "r", 1), ("spring", "s", 1)] == [(row[0], row[1], row[4]) for row in opens(lake)]


def test_the_same_mailing_on_another_site_is_another_mailing(tmp_path):
    lake = write_lake(tmp_path, *(opened(0, site=site, mailing="m", recipient="r") for site in ("main", "shop")))

    assert [1, 1] == [row[4] for row in opens(lake)]


def test_a_stripped_open_has_no_recipient_though_masked_values_would_look_alike(tmp_path):
    lake = write_lake(tmp_path, *(opened(second, mailing="m", recipient=f"r{second}", headers=dict(DO_NOT_TRACK)) for second in (1, 2)))

    assert [(None, "none", None, None)] * 2 == [(row[1], row[2], row[4], row[5]) for row in opens(lake)]


def test_bots_and_copies_open_no_mail(tmp_path):
    once = opened(0, mailing="m", recipient="r")

    lake = write_lake(tmp_path, once, once, opened(1, agent=GPTBOT, mailing="m", recipient="r"), tracked(2))

    assert [("m", "r", "parameter", "direct", 1, False)] == opens(lake)


# --- the one source ---

every_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
every_statement = pytest.mark.parametrize("statement", [*VIEWS, *queries()], ids=lambda statement: statement.name)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Two days of a small site: what every documented query is asked about."""
    ad = "/boots?utm_source=ads&utm_medium=cpc&utm_campaign=spring"
    return write_lake(
        tmp_path_factory.mktemp("story"),
        tracked(0, ANN, page=ad, pf_net="10", pf_srv="30"),
        tracked(60, ANN, page="/basket", pf_net="20", pf_srv="50"),
        tracked(90, ANN, page="/done", idgoal="0", ec_id="T-1", revenue="20.5"),
        tracked(95, ANN, page="/done", idgoal="0", ec_id="T-1", revenue="20.5"),
        tracked(0, BOB, page="/boots", urlref="https://www.google.com/"),
        tracked(30, BOB, page="/boots", e_c="Video", e_a="Play", e_n="Trailer", e_v="2"),
        tracked(40, BOB, page="/boots", e_c="Video", e_a="Play", e_n="Trailer", e_v="4"),
        tracked(50, BOB, page="/search", search="shoes", search_count="0"),
        tracked(55, None, page=ad, **DO_NOT_TRACK),
        tracked(60, CEM, agent=GPTBOT, page="/boots"),
        tracked(TO_MIDNIGHT + 60, ANN, page="/boots", colour="red"),
        opened(100, mailing="m1", recipient="r1"),
        opened(110, mailing="m1", recipient="r1"),
        opened(120, mailing="m1", recipient="r2", agent=GMAIL),
        opened(130, mailing="m1", agent=GMAIL),
        opened(140, mailing="m1", recipient="r3", agent=APPLE),
        tracked(0, ANN, idsite="4711"),
        tracked(1, BOB, idsite="4711"),
    )


TRINO_FUNCTIONS = {  # https://trino.io/docs/current/functions/list.html, by sqlglot's names
    *("AND", "OR", "CASE", "IF", "CAST", "COALESCE", "NULLIF", "LOWER", "ROUND", "CURRENT_DATE", "DATEDIFF", "UNNEST"),
    *("COUNT", "COUNT_IF", "SUM", "AVG", "MIN", "MAX", "ARG_MIN", "ARG_MAX", "LAG", "ROW_NUMBER"),
}

FIRST, SECOND = date(2026, 11, 18), date(2026, 11, 19)
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "ai_readers": [("main", "ai_training", "GPTBot", "www.example.org", "/boots", 1)],
    "campaign_results": [("main", "ads", "cpc", "spring", 1, 0, 0, 1, 20.5, 1)],
    "devices": [("main", "desktop", "Linux", "Firefox", 3)],
    "entry_and_exit_pages": [
        ("main", "www.example.org/boots", "www.example.org/boots", 2, 1),
        ("main", "www.example.org/boots", "www.example.org/basket", 1, 0),
    ],
    "events": [("main", "Video", "Play", "Trailer", 2, 1, 3.0)],
    "left_out_of_views": [
        ("main", "bot", "ai_training", "GPTBot", 1),
        ("main", "prefetch", None, "Apple Mail Privacy Protection", 1),
    ],
    "mailings": [("main", "m1", 2, 1, 1, 2, 1, at(100))],
    "orders": [("main", "T-1", at(90), 20.5, 2)],
    "pages": [
        ("main", "www.example.org", "/boots", 4, 2),
        ("main", "www.example.org", "/basket", 1, 1),
    ],
    "parameters": [
        ("main", "pixel", "mailing", 5, 1),
        ("main", "pixel", "utm_campaign", 5, 1),
        ("main", "pixel", "utm_medium", 5, 1),
        ("main", "pixel", "utm_source", 5, 1),
        ("main", "pixel", "recipient", 4, 3),
        ("main", "matomo", "colour", 1, 1),
    ],
    "privacy_signals": [("main", FIRST, 13, 0, 1, 0, 1, 1), ("main", SECOND, 1, 0, 0, 0, 0, 0)],
    "rejects_by_reason": [(FIRST, "unknown_site", "matomo", "4711", 2)],
    "searches": [("main", "shoes", 1, 1)],
    "sources": [
        ("main", "campaign", "ads", 1, 0.0, 2.0, 95.0, 20.5),
        ("main", "direct", None, 1, 100.0, 1.0, 0.0, 0.0),
        ("main", "search", "Google", 1, 0.0, 1.0, 50.0, 0.0),
    ],
    "speed": [
        ("main", "www.example.org", "/basket", 1, 20.0, 50.0, None, None, None),
        ("main", "www.example.org", "/boots", 1, 10.0, 30.0, None, None, None),
    ],
    "traffic_by_day": [("main", FIRST, 13, 4, 4, 13.0), ("main", SECOND, 1, 1, 1, 1.0)],
}


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.name)
def test_every_documented_query_answers_what_its_first_line_asks(story, query):
    assert ANSWERS[query.name] == ask(story, query.sql_as_of(TODAY))


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.name)
def test_every_documented_query_runs_as_it_is_and_names_its_days(story, query):
    ask(story, query.sql)

    assert '"date" >= current_date' in query.sql
    assert [] == ask(story, query.sql_as_of(date(2027, 6, 1)))
    assert query.question.endswith(("?", "."))
    assert query.sql.startswith("-- ")


@every_view
def test_a_view_returns_the_columns_it_declares(story, view):
    described = [(name, type_) for name, type_, *_ in ask(story, f"DESCRIBE {view.name}")]

    assert [(column.name, DUCKDB_TYPES[column.type]) for column in view.columns] == described
    assert all(column.meaning for column in view.columns)


@every_statement
def test_a_lake_without_rows_is_answered_without_rows(tmp_path, statement):
    assert [] == ask(ParquetLake(tmp_path), statement.sql)


@every_statement
def test_athena_knows_every_word_every_function_and_every_column(statement):
    """Parsed as Athena's SQL; each name is looked up in the tables and views, and none is an alias where Trino allows none."""
    columns = {table.name: (*table.columns, *table.keys) for table in TABLES} | {view.name: view.columns for view in VIEWS}
    schema = {name: {column.name: TRINO_TYPES[column.type] for column in known} for name, known in columns.items()}
    tree = sqlglot.parse_one(statement.sql, read="athena")

    qualify(tree.copy(), schema=schema, dialect="athena", expand_alias_refs=False)

    assert [] == [str(each) for each in tree.find_all(sqlglot.exp.Anonymous, sqlglot.exp.Qualify)]
    assert {each.sql_name() for each in tree.find_all(sqlglot.exp.Func)} <= TRINO_FUNCTIONS
    assert {table.name for table in tree.find_all(sqlglot.exp.Table)} <= schema.keys() | {
        each.alias for each in tree.find_all(sqlglot.exp.CTE)
    }


@every_statement
def test_only_hits_reads_what_may_hold_copies(statement):
    tables = {table.name for table in sqlglot.parse_one(statement.sql, read="athena").find_all(sqlglot.exp.Table)}

    assert ("hits_raw" in tables) == (statement.name == "hits")


def test_site_and_day_reach_the_files_through_the_view_that_removes_copies(story):
    """Else each query would read the whole lake: both are among the keys by which copies are compared."""
    plan = str(ask(story, "EXPLAIN ANALYZE SELECT count(*) FROM hits WHERE site = 'main' AND \"date\" = DATE '2026-11-19'"))

    assert "Scanning Files: 1/2" in plan


def test_files_older_than_a_column_are_read_with_nulls(tmp_path):
    lake = write_lake(tmp_path, tracked(0))
    (file,) = tmp_path.rglob("*.parquet")
    older = pq.read_table(file).drop_columns(["title", "dimensions"])
    pq.write_table(older, file)

    assert [(None, None, 1)] == ask(lake, "SELECT title, dimensions, count(*) OVER () FROM hits")


def test_rows_that_arrive_later_are_seen_by_the_next_query(tmp_path):
    lake = write_lake(tmp_path, tracked(0, x_edge_request_id="event-a"))
    (file,) = tmp_path.rglob("*.parquet")
    table = pq.read_table(file)
    pq.write_table(
        table.set_column(table.column_names.index("event_id"), "event_id", pa.array(["event-b"])), file.with_name("part-2.parquet")
    )

    assert [("event-a",), ("event-b",)] == ask(lake, "SELECT event_id FROM hits ORDER BY event_id")


def test_what_duckdb_refuses_is_told_in_one_line(story):
    with pytest.raises(RejectedError) as refused:
        story.run("SELECT nothing FROM hits")

    assert "nothing" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_of_several_lakes_the_one_with_the_newest_rows_is_found(tmp_path):
    import os

    for name, age_s in (("older", 100), ("newer", 0), ("oldest", 200)):
        write_lake(tmp_path / name / "s3" / "bucket's", tracked(0)).close()
        for file in (tmp_path / name).rglob("*.parquet"):
            os.utime(file, (START - age_s, START - age_s))

    lake = find_lake(tmp_path)

    assert tmp_path / "newer" / "s3" / "bucket's" == lake == find_lake(lake)
    assert [(1,)] == ask(ParquetLake(lake), "SELECT count(*) FROM hits")


def test_a_folder_without_a_lake_is_an_error_that_says_what_was_expected(tmp_path):
    (tmp_path / "hits").mkdir()

    with pytest.raises(RejectedError, match=r"no rows in .*: expected hits/site="):
        find_lake(tmp_path)


def test_names_of_types_cover_the_schema():
    used = {column.type for table in TABLES for column in (*table.columns, *table.keys)} | {
        column.type for view in VIEWS for column in view.columns
    }

    assert used == TRINO_TYPES.keys() == DUCKDB_TYPES.keys()
    assert json.dumps(TRINO_TYPES)
