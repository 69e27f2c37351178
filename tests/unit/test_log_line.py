from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import reasons
from footfall.dialects.query import decode_query
from footfall.hits.hit import Headers, Reject, Request
from footfall.hits.log_fields import CANONICAL_ORDER, DEFAULT, FORBIDDEN, in_canonical_order
from footfall.hits.log_line import LineReader, is_answered_at_edge, query_as_received, read_headers
from local.edge_log import header_values, write_line
from tests.builders import FIELDS, NOW_MS, a_log_line


def read(line, fields=FIELDS, **options):
    return LineReader(fields, **options).read(line, now_ms=NOW_MS + 1000)


def test_a_line_is_read_by_the_deployed_field_list_whatever_its_order_in_the_configuration():
    """AWS sends its canonical order; a field more shifts the rest, and no position may be assumed."""
    fields = in_canonical_order(reversed([name for name in CANONICAL_ORDER if name not in FORBIDDEN]))

    request = read(a_log_line(fields, cs_uri_query="a=1", cs_uri_stem="/1x1.gif?a=1"), fields)

    assert ("/1x1.gif", "a=1", "DHj-0123456789abcdef==", 1795000000397) == (
        request.path,
        request.query,
        request.request_id,
        request.received_ms,
    )


def test_the_documented_sample_line_is_read():
    """The 43-column example of the CloudFront guide (values as observed in a public issue)."""
    columns = [
        "1669878400.397",
        "52.94.133.130",
        "0.134",
        "200",
        "1843",
        "GET",
        "https",
        "main.d2rb.amplifyapp.com",
        "/path?q=x",
        "64",
        "IAD12-P4",
        "DHj-abc==",
        "d.cloudfront.net",
        "0.134",
        "HTTP/2.0",
        "IPv4",
        "curl/7.79.1",
        "-",
        "-",
        "q=123",
        "Miss",
        "-",
        "TLSv1.3",
        "TLS_AES_128_GCM_SHA256",
        "Miss",
        "-",
        "-",
        "text/html",
        "1434",
        "-",
        "-",
        "19506",
        "Miss",
        "US",
        "-",
        "*/*",
        "*",
        "host:main.d2rb.amplifyapp.com%0Auser-agent:curl/7.79.1%0Aaccept:*/*%0ACloudFront-Viewer-Country:US%0A",
        "host%0Auser-agent%0Aaccept%0ACloudFront-Viewer-Country%0A",
        "4",
        "-",
        "-",
        "-",
        "-",
        "-",
        "-",
    ]
    fields = [name for name in CANONICAL_ORDER if name != "s-ip"]

    request = read("\t".join(columns[: len(fields)]), fields)

    assert ("q=123", "curl/7.79.1", "US", "GET") == (request.query, request.user_agent, request.country, request.method)


@pytest.mark.parametrize("fields", [FIELDS[:-1], (*FIELDS, "asn")])
def test_a_line_with_another_column_count_is_kept_as_shape_only(fields):
    rejected = read(a_log_line(fields))

    assert (reasons.COLUMN_COUNT, None) == (rejected.reason, rejected.request)


@pytest.mark.parametrize(
    ("timestamp", "received_ms"),
    [
        ("1669878400.397", 1_669_878_400_397),
        ("1669878400.397999", 1_669_878_400_397),
        ("1669878400.3", 1_669_878_400_300),
        ("1669878400", 1_669_878_400_000),
        ("1669878400.39\u0663", None),
        ("16698784003.97", None),
        ("166987840.0.397", None),
        ("1669878400.+97", None),
    ],
)
def test_a_time_is_read_to_the_millisecond_or_not_believed(timestamp, received_ms):
    """With three decimals, as CloudFront writes it, with others, or with none; only in ASCII digits."""
    outcome = read(a_log_line(timestamp=timestamp))

    assert (getattr(outcome, "received_ms", None), isinstance(outcome, Reject)) == (received_ms, received_ms is None)


@pytest.mark.parametrize(
    "columns",
    [
        {"timestamp": "-"},
        {"timestamp": "nan"},
        {"timestamp": "9999999999.000"},
        {"timestamp": "0.5"},
        {"c_ip": "not an address"},
        {"x_edge_request_id": "-"},
        {"sc_status": "OK"},
    ],
)
def test_a_line_whose_columns_are_shifted_is_not_believed(columns):
    assert read(a_log_line(**columns)).reason == reasons.BAD_COLUMNS


@given(st.text() | st.lists(st.text(max_size=5), min_size=len(FIELDS), max_size=len(FIELDS)).map("\t".join))
def test_any_text_is_a_request_or_a_reject_never_an_error(line):
    assert isinstance(read(line), Request | Reject)


def test_only_allow_listed_headers_are_taken():
    headers = "Host:x%0ASec-GPC:1%0ADNT:0%0AAccept-Language:de-DE,de;q=0.8%0ASec-Purpose:prefetch;prerender%0A"
    names = "Host%0ASec-GPC%0ADNT%0AAccept-Language%0ACookie%0ASec-Purpose%0A"

    assert Headers(gpc=True, dnt=False, language="de-de", purpose="prefetch;prerender", is_cut=False) == read_headers(headers, names, "6")


@pytest.mark.parametrize(
    ("names", "gpc"),
    [("host%0Areferer%0ASec-GPC%0A", True), ("host%0Areferer%0Aaccept%0A", False), ("host%0Areferer%0A", None)],
    ids=["named", "not named", "names cut too"],
)
def test_a_cut_header_list_leaves_the_signal_to_the_list_of_names(names, gpc):
    """CloudFront cuts at whole pairs, so a cut list may be short; a signal it cut away is unknown, not off."""
    assert gpc == read_headers("host:x%0A", names, "3").gpc


def test_a_list_cut_inside_a_pair_is_cut_too():
    assert read_headers("host:x%0Areferer:https", "host%0Areferer%0Asec-gpc%0A", "3").gpc is True


def test_a_cut_list_with_dnt_among_the_names_is_unknown_because_dnt_may_be_zero():
    assert read_headers("host:x%0A", "host%0Areferer%0ADNT%0A", "3").dnt is None


@pytest.mark.parametrize("count", ["-", "many", "999"])
def test_without_a_believable_count_a_signal_that_is_not_seen_is_unknown(count):
    assert read_headers("host:x%0A", "host%0A", count).gpc is None


@given(
    st.lists(st.tuples(st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True), st.text(max_size=300)), max_size=12),
    st.sampled_from(["whole_pairs", "bytes"]),
)
def test_a_signal_is_never_read_as_off_because_its_header_was_cut_away(headers, cut):
    sent = [*headers, ("Sec-GPC", "1")]
    fields = ["cs-headers", "cs-header-names", "cs-headers-count"]
    columns = write_line(header_values(sent), fields, cut=cut).decode("ascii").rstrip("\n").split("\t")

    assert read_headers(*columns).gpc is not False


@pytest.mark.parametrize(
    ("result_type", "at_edge"), [("FunctionGeneratedResponse", True), ("Error", True), ("Miss", False), ("Hit", False)]
)
def test_both_readings_of_the_result_type_of_function_answers(result_type, at_edge):
    assert at_edge is is_answered_at_edge(result_type)


RECEIVED = "url=https%3A%2F%2Fx%2F%20&n=100%25"


@pytest.mark.parametrize("escaping", ["as_received", "auto"])
def test_a_percent_sign_logged_as_received_gives_the_query_as_received(escaping):
    assert RECEIVED == query_as_received(RECEIVED, escaping)


@pytest.mark.parametrize("escaping", ["escaped_again", "auto"])
def test_a_percent_sign_that_was_escaped_again_gives_the_query_as_received(escaping):
    assert RECEIVED == query_as_received(RECEIVED.replace("%", "%25"), escaping)


@given(
    st.text(st.sampled_from(list("abz=&+-._~:/?#[]@!$'()*,;\"<>%{}|\\^` \xe9")), max_size=30),
    st.sampled_from(["as_received", "escaped_again"]),
)
def test_both_readings_of_a_line_that_holds_a_page_url_decode_to_the_same_values(text, percent):
    """Every tracker sends a URL, whose `%3A` tells the two readings apart."""
    query = "url=https%3A%2F%2Fexample.org&t=" + quote(text, safe="/")
    (logged,) = write_line({"cs-uri-query": query}, ["cs-uri-query"], percent=percent).decode().splitlines()

    assert decode_query(query) == decode_query(query_as_received(logged))


def test_the_default_fields_are_in_canonical_order_and_hold_nothing_forbidden():
    assert in_canonical_order(DEFAULT) == FIELDS
    assert not FORBIDDEN.keys() & set(DEFAULT)
