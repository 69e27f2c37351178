"""A log line is taken apart for a person, each part with what became of it; the page shows what there is to show, and no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.up.last_requests import LastRequests
from local.up.line import fate_of, split_line
from local.up.row import Cell
from local.up.section import Known, Section
from local.up.sections import SECTIONS, sections_of
from local.up.seen import Seen
from tests.builders import ADDRESS, FIELDS, FIREFOX, a_log_line


def a_cell(name, *texts, value=""):
    return Cell(name=name, type="string", meaning="", value=value or " ".join(texts), texts=texts)


def fates(line, *cells):
    """Of each column: the parts with what became of them."""
    return {column.name: [(part.text, *fate_of(part, cells)) for part in column.parts] for column in split_line(line.encode(), FIELDS)}


def test_a_value_is_kept_when_the_row_has_it():
    assert [(FIREFOX, "kept", ("user_agent",))] == fates(a_log_line(), a_cell("user_agent", FIREFOX))["cs-user-agent"]


def test_what_the_row_does_not_have_is_dropped_and_what_was_made_of_it_is_named():
    row = (a_cell("ip", "203.0.113.0"), a_cell("visitor_id", "0123456789abcdef"), a_cell("visitor_id_origin", "daily"))

    assert [(ADDRESS, "dropped", ("ip", "visitor_id"))] == fates(a_log_line(), *row)["c-ip"]


def test_a_visitor_id_of_the_client_was_not_made_of_the_address():
    row = (a_cell("ip", "203.0.113.0"), a_cell("visitor_id", "0123456789abcdef"), a_cell("visitor_id_origin", "client"))

    assert [(ADDRESS, "dropped", ("ip",))] == fates(a_log_line(), *row)["c-ip"]


def test_without_a_row_everything_is_dropped():
    assert all(fate == "dropped" for parts in fates(a_log_line()).values() for text, fate, _ in parts if text != "-")


def test_a_text_inside_a_longer_word_is_no_trace_of_it():
    line = a_log_line(cs_headers="sec-fetch-dest:image%0A")

    assert "dropped" == fates(line, a_cell("parameter_names", "send_image"))["cs-headers"][0][1]


def test_parameters_are_shown_as_sent_and_compared_as_meant():
    column = fates(a_log_line(cs_uri_query="title=a%2520b%2526c&n=1"), a_cell("title", "a b&c"))["cs-uri-query"]

    assert [("title=a%20b%26c", "kept", ("title",)), ("n=1", "dropped", ())] == column


def test_headers_are_told_one_by_one():
    column = fates(a_log_line(cs_headers="Host:x.example%0aDNT:1%0A"), a_cell("host", "x.example"))["cs-headers"]

    assert [("Host: x.example", "kept", ("host",)), ("DNT: 1", "dropped", ())] == column


@given(st.binary(max_size=400))
def test_any_line_can_be_shown(line):
    columns = split_line(line, FIELDS)

    assert 1 <= len(columns) <= len(FIELDS)
    assert all(fate_of(part, ())[0] in {"kept", "dropped"} for column in columns for part in column.parts)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="%?&"), min_size=1),
        min_size=len(FIELDS),
        max_size=len(FIELDS),
    )
)
def test_a_line_without_escapes_is_shown_in_full(values):
    columns = split_line("\t".join(values).encode(), FIELDS)

    assert values == [
        "".join(part.lead + part.text for part in column.parts) if column.name != "cs-headers" else values[FIELDS.index("cs-headers")]
        for column in columns
    ]


def test_what_a_later_capability_can_tell_is_one_more_section(tmp_path):
    known = Known(seen=Seen(request_id="a", line=a_log_line().encode(), outcome="row"), fields=FIELDS, lake=tmp_path)

    def report(known):
        return Section(name="report", title="The report", columns=[{"name": "id", "parts": []}], empty="") if known.seen.line else None

    known_sections = ["line", "row", "message", "delivery", "visit"]

    assert [*known_sections, "report"] == [section["name"] for section in sections_of(known, (*SECTIONS, report))]
    assert known_sections == [section["name"] for section in sections_of(known, (*SECTIONS, lambda _: None))]


@pytest.fixture
def requests():
    return LastRequests(FIELDS, settled=lambda _: None, shown=3)


def walk(requests, number):
    line = a_log_line(x_edge_request_id=f"id-{number}").encode()
    requests.see(f"id-{number}", "edge")
    requests.put(line)
    requests.sent("1", line)
    requests.see(f"id-{number}", "stream")
    requests.settle(line, "ok:hits/site=main/date=2026-11-18/x.parquet")


def test_only_the_last_requests_are_remembered_but_all_are_counted(requests):
    for number in range(50):
        walk(requests, number)

    assert ["id-47", "id-48", "id-49"] == [seen.request_id for seen in requests.changes(0, 0)[1]]
    assert (50, 0, 0) == (requests.totals()["row"], requests.totals()["waiting"], requests.outstanding())
    assert (3, 0) == (len(requests._by_line), len(requests._unfinished))


def test_whoever_follows_is_told_what_has_changed_and_nothing_else(requests):
    walk(requests, 1)
    version = requests.version()
    walk(requests, 2)

    assert ["id-2"] == [seen.request_id for seen in requests.changes(version, 0)[1]]
    assert (requests.version(), []) == requests.changes(requests.version(), 0)


def test_a_line_that_came_twice_is_one_request_with_two_copies(requests):
    walk(requests, 1)
    line = a_log_line(x_edge_request_id="id-1").encode()
    requests.put(line)
    requests.sent("2", line)

    assert (2, 1, 1) == (requests.get("id-1").copies, requests.totals()["row"], requests.outstanding())


def test_waiting_for_changes_ends_when_the_page_closes(requests):
    requests.close()

    assert requests.changes(0, 10) is None
