import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.hits import schema
from footfall.hits.transform import MAX_ANSWER_BYTES, Transformer
from footfall.privacy import token_entry
from tests.builders import ADDRESS, FIELDS, NOW_MS, SALTS, a_configuration, a_log_line, a_record

TOKEN = "0123456789abcdef0123456789abcdef"


def transform(*lines, max_answer_bytes=MAX_ANSWER_BYTES, **sections):
    transformer = Transformer(a_configuration(**sections), max_answer_bytes)
    return transformer.transform([a_record(line, f"record-{n}") for n, line in enumerate(lines)], lambda days: SALTS, now_ms=NOW_MS + 1000)


def rows(*lines, **sections):
    answers, _ = transform(*lines, **sections)
    return [json.loads(base64.b64decode(answer["data"])) if "data" in answer else None for answer in answers]


def test_every_record_gets_one_answer_in_order_whatever_its_neighbours_are():
    lines = [a_log_line(), "garbage", a_log_line(cs_method="OPTIONS"), b"\xff\xfe", a_log_line(cs_uri_query="idsite=77&rec=1")]

    answers, counts = transform(*lines)

    assert [f"record-{n}" for n in range(5)] == [answer["recordId"] for answer in answers]
    assert ["Ok", "Ok", "Dropped", "Ok", "Ok"] == [answer["result"] for answer in answers]
    assert {"hits": 1, "rejects": 3, "suppressed": 1, "losses": 0} == counts.totals()
    assert {"column_count": 1, "not_utf8": 1, "unknown_site": 1} == counts.rejects


def test_hits_and_rejects_go_to_their_own_places_by_the_edges_date():
    answers, _ = transform(a_log_line(timestamp="1794991999.999"), "garbage")

    keys = [answer["metadata"]["partitionKeys"] for answer in answers]
    assert [{"place": "hits/site=main", "date": "2026-11-18"}, {"place": "rejects", "date": "2026-11-18"}] == keys


def test_the_cloudfront_samples_curl_line_is_a_row_with_both_parameters():
    (row,) = rows(a_log_line(cs_uri_query="userid=aws_user&thirdpartyname=example.hightrafficwebsite.com"))

    assert [
        {"name": "userid", "value": "aws_user"},
        {"name": "thirdpartyname", "value": "example.hightrafficwebsite.com"},
    ] == row["parameters"]
    assert ("pixel", "pixel", "203.0.113.0") == (row["dialect"], row["action"], row["ip"])


MATOMO = (
    "action_name=Shop%20%2F%20Boots&idsite=1&rec=1&r=123&h=9&m=5&s=7&url=https%3A%2F%2Fshop.example.org%2Fboots%3Ftoken_auth%3Dabc%26utm_source%3Dnews"
    "&urlref=https%3A%2F%2Fwww.google.com%2F&_id=af344a398df83874&res=1920x1080&cookie=1&pv_id=GYV5HA&pf_net=12&pf_srv=40.5&dimension1=gold"
    "&dimension1000=x&revenue=9.90&e_v=NaN&foo=1&foo=2&cvar=%7B%221%22%3A%5B%22a%22%2C%22b%22%5D%7D"
)


def test_a_matomo_request_becomes_typed_columns_and_what_does_not_fit_is_kept():
    (row,) = rows(a_log_line(cs_uri_stem="/matomo.php", cs_uri_query=MATOMO))

    expected = {
        "title": "Shop / Boots",
        "local_time": "09:05:07",
        "visitor_id": "af344a398df83874",
        "screen": "1920x1080",
        "cookies": True,
        "page_view_id": "GYV5HA",
        "network_ms": 12,
        "revenue": 9.9,
        "dimensions": {"1": "gold"},
        "custom_variables_page": '{"1":["a","b"]}',
        "parameters": [
            {"name": "pf_srv", "value": "40.5"},
            {"name": "dimension1000", "value": "x"},
            {"name": "e_v", "value": "NaN"},
            {"name": "foo", "value": "1"},
            {"name": "foo", "value": "2"},
        ],
    }
    assert expected == {name: row.get(name) for name in expected}
    assert "token_auth" not in row["url"]


def test_the_earlier_values_of_a_repeated_known_parameter_are_kept_too():
    (row,) = rows(a_log_line(cs_uri_stem="/matomo.php", cs_uri_query="idsite=1&rec=1&e_c=first&e_a=a&e_c=second"))

    assert ("second", [{"name": "e_c", "value": "first"}]) == (row["event_category"], row["parameters"])


def test_times_are_written_as_firehose_reads_them():
    (row,) = rows(a_log_line(timestamp="1795000000.007"))

    assert ("2026-11-18 11:06:40.007", row["received_at"]) == (row["event_time"], row["event_time"])


@pytest.mark.parametrize("where", ["cs_uri_query", "cs_referer"])
@pytest.mark.parametrize("address", [ADDRESS, "2001:db8:1:2:3:4:5:6"])
def test_the_visitors_own_address_is_nowhere_in_the_row_even_when_the_client_sends_it(where, address):
    text = (
        f"https://example.org/?visitor%5Fip={address}"
        if where == "cs_referer"
        else f"ip={address}&note=from%20{address}&n={address.replace(':', '%3A')}"
    )

    (row,) = rows(a_log_line(c_ip=address, **{where: text}))

    written = json.dumps(row)
    assert address not in written
    assert address.replace(":", "%3A") not in written


@pytest.mark.parametrize("token", [TOKEN, "a refused token"])
def test_a_token_is_nowhere_in_the_row_whether_accepted_or_not(token):
    from urllib.parse import quote

    query = f"idsite=1&rec=1&token_auth={quote(token)}&url=https://example.org/%3Ft={quote(quote(token))}&e_n={quote(token)}"

    (row,) = rows(a_log_line(cs_uri_stem="/matomo.php", cs_uri_query=query), privacy={"accepted_tokens": [token_entry(TOKEN, b"k" * 16)]})

    assert token not in json.dumps(row)
    assert quote(token) not in json.dumps(row)


def test_another_address_in_a_parameter_is_truncated():
    (row,) = rows(a_log_line(cs_uri_query="server=198.51.100.77&version=1.2.3.4.5"))

    assert [{"name": "server", "value": "198.51.100.0"}, {"name": "version", "value": "1.2.3.4.5"}] == row["parameters"]


def test_the_full_user_agent_is_written_only_by_policy():
    reduced, kept, dropped = (rows(a_log_line(), privacy={"user_agent": policy})[0] for policy in ("reduced", "keep", "drop"))

    assert ("Firefox", None) == (reduced.get("browser"), reduced.get("user_agent"))
    assert kept["user_agent"].startswith("Mozilla/5.0")
    assert not {"browser", "os", "user_agent"} & dropped.keys()


def test_a_reject_has_names_and_shapes_and_no_value():
    (row,) = rows(a_log_line(cs_uri_query=f"site=Jane%27s&mail=jane%40example.org&ip={ADDRESS}&n=42"))

    assert {
        "reason": "unknown_site",
        "stage": "transform",
        "named_site": "aaaa'a",
        "parameter_names": ["site", "mail", "ip", "n"],
    }.items() <= row.items()
    assert {"name": "mail", "value": "aaaa@aaaaaaa.aaa"} in row["masked_values"]
    assert "jane" not in json.dumps(row).lower()
    assert ADDRESS not in json.dumps(row)


def test_a_line_whose_columns_cannot_be_trusted_leaves_only_its_shape():
    line = a_log_line((*FIELDS, "asn"))

    (row,) = rows(line)

    shape = {"reason": "column_count", "line_bytes": len(line.rstrip()), "line_columns": len(FIELDS) + 1, "event_id": "line-record-0"}
    assert shape.items() <= row.items()
    assert len(row["line_hash"]) == 32
    assert row.keys() <= {column.name for column in schema.REJECTS}


def test_a_flood_of_ten_thousand_made_up_sites_makes_no_partition():
    """Partition keys are never client text."""
    answers, _ = transform(*(a_log_line(cs_uri_query=f"site=made-up-{n}") for n in range(10_000)), max_answer_bytes=50_000_000)

    assert {"rejects"} == {answer["metadata"]["partitionKeys"]["place"] for answer in answers}


TEXTS = st.text(max_size=40)
COLUMNS = st.dictionaries(st.sampled_from([name.replace("-", "_") for name in FIELDS]), TEXTS, max_size=6)


@given(COLUMNS)
def test_any_column_values_make_a_row_of_the_landing_schema_or_are_counted(columns):
    answers, counts = transform(a_log_line(**columns))

    assert 1 == sum(counts.totals().values())
    if answers[0]["result"] == "Ok":
        row = json.loads(base64.b64decode(answers[0]["data"]))
        assert row.keys() <= {column.name for column in schema.LANDING}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_reject_and_never_an_error(content):
    _, counts = transform(content)

    assert 1 == sum(counts.totals().values())


def answer_bytes(answers):
    return len(json.dumps({"records": answers}))


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.sampled_from(["pixel", "matomo", "reject", "garbage"]), st.integers(0, 7500), st.integers(1, 40)),
        min_size=1,
        max_size=60,
    )
)
def test_the_answer_stays_under_its_limit_however_long_the_values_are(shapes):
    """Firehose would write the raw lines of a batch that outgrew the limit."""

    def line(kind, length, parameters):
        part = "&".join(f"p{n}={'%C3%A9' * (length // parameters // 6)}" for n in range(parameters))
        if kind == "garbage":
            return "x" * length
        start = {"pixel": "a=1", "matomo": "idsite=1&rec=1", "reject": "site=nowhere"}[kind]
        return a_log_line(cs_uri_stem="/1x1.png", cs_uri_query=f"{start}&{part}")

    limit = max(20_000, 420 * len(shapes))
    answers, counts = transform(*(line(*shape) for shape in shapes), max_answer_bytes=limit)

    assert answer_bytes(answers) <= limit + 200
    assert len(shapes) == sum(counts.totals().values())


def test_only_the_long_rows_are_cut_and_each_says_which_columns():
    long_line = a_log_line(cs_uri_stem="/matomo.php", cs_uri_query="idsite=1&rec=1&action_name=" + "t" * 7000)

    long_row, *short_rows = (
        json.loads(base64.b64decode(answer["data"])) for answer in transform(long_line, *[a_log_line()] * 5, max_answer_bytes=9_000)[0]
    )

    assert ["title"] == long_row["cut"]
    assert not any("cut" in row for row in short_rows)


def test_what_finds_no_room_at_all_is_a_counted_loss():
    answers, counts = transform(*[a_log_line()] * 20, max_answer_bytes=4_000)

    assert answer_bytes(answers) <= 4_200
    dropped = sum(answer["result"] == "Dropped" for answer in answers)
    assert dropped > 0
    assert {("no_room", "main"): dropped} == counts.losses
