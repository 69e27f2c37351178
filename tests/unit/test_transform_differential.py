"""The handler gives the rows of a plain second implementation, whatever the line; and what that comparison has found so far."""

import base64
import json
import tracemalloc
from collections import Counter
from itertools import islice, pairwise
from random import Random
from urllib.parse import quote

import pytest

from bench import equality, lines
from bench.mutation import mutate
from footfall.hits import schema
from footfall.hits.transform import Transformer
from footfall.privacy import token_entry
from tests.builders import ADDRESS, FIELDS, NOW_MS, SALTS, a_configuration, a_log_line, a_record

TOKEN = "0123456789abcdef0123456789abcdef"
ACCEPTED = {"accepted_tokens": [token_entry(TOKEN, b"k" * 16)]}
TRACKER = {"cs_uri_stem": "/matomo.php"}


def row_of(configuration=None, **columns):
    transformer = Transformer(configuration or a_configuration())
    ((answer,), _) = transformer.transform([a_record(a_log_line(**columns))], lambda _: SALTS, now_ms=NOW_MS + 1000)
    return json.loads(base64.b64decode(answer["data"]))


# --- the comparison


@pytest.mark.parametrize("position", range(len(equality.VARIANTS)))
def test_the_handler_and_the_plain_reference_agree_on_every_line_and_count(position):
    """Plain and mutated lines, under configurations that take every policy to each of its choices."""
    configuration = lines.configuration(**equality.VARIANTS[position])

    equality.compare(position, 300, configuration, escapes_percent=position % 2 == 0)


def test_a_difference_is_shown_by_a_small_line(monkeypatch):
    """Negative control: a comparison that cannot fail would prove nothing."""
    monkeypatch.setattr("bench.naive_row.network_of", str)

    with pytest.raises(equality.DifferenceError) as shown:
        equality.compare(1, 20, lines.configuration(), escapes_percent=True)

    assert "'ip': ('" in str(shown.value)


def test_the_mutator_reaches_every_field_alike():
    line = next(lines.generate_lines(5))
    random = Random(1)
    columns = line.rstrip("\n").split("\t")
    reached = Counter()
    for _ in range(6000):
        mutated = mutate(line, random).rstrip("\r\n").split("\t")
        if len(mutated) == len(columns):
            reached.update(name for name, before, after in zip(FIELDS, columns, mutated, strict=True) if before != after)

    assert set(FIELDS) == reached.keys()
    assert max(reached.values()) < 1.6 * min(reached.values())


def test_equal_seeds_give_equal_lines_and_others_give_others():
    first, again, other = (list(islice(lines.generate_lines(seed), 50)) for seed in (3, 3, 4))

    assert first == again
    assert first != other


def test_the_lines_repeat_as_real_ones_do():
    """98 % of user agents, 88 % of addresses and 80 % of pages were seen before (bench/visitors.py)."""
    columns = [line.split("\t") for line in islice(lines.generate_lines(6), 12_000)]
    shares = {}
    for name in ("cs-user-agent", "c-ip", "cs-referer"):
        texts = [column[FIELDS.index(name)] for column in columns]
        fresh = set(texts[8000:]) - set(texts[:8000])
        shares[name] = 1 - len(fresh) / 4000

    assert shares == pytest.approx({"cs-user-agent": 0.98, "c-ip": 0.88, "cs-referer": 0.80}, abs=0.02)


def test_a_generated_page_view_has_the_27_parameters_of_matomos():
    queries = [line.split("\t")[FIELDS.index("cs-uri-query")] for line in islice(lines.generate_lines(7), 300)]

    (usual, _), *_ = Counter(query.count("&") + 1 for query in queries).most_common(1)
    assert usual == 27


def test_the_lines_become_every_action_and_all_reasons_a_line_can_have():
    transformer = Transformer(lines.configuration())
    rows, counts = [], Counter()
    for records in lines.batches(list(islice(lines.generate_lines(8), 5000))):
        answers, counted = transformer.transform(records, lambda _: lines.salts(), now_ms=lines.NOW_MS)
        rows += [json.loads(base64.b64decode(answer["data"])) for answer in answers if "data" in answer]
        counts.update(reason for reason, _ in counted.suppressed)

    (actions,) = (column.meaning for column in schema.HITS if column.name == "action")
    seen = {row["action"] for row in rows if "action" in row}
    assert {action for action in seen if action not in actions} == set()
    assert len(seen) >= 13
    assert {"unknown_site", "not_recording", "edge_error", "body_not_collected", "unknown_path"} == {
        row["reason"] for row in rows if "reason" in row
    }
    assert {"gpc", "preflight", "head"} <= counts.keys()


def test_the_lines_are_in_the_order_of_time_but_for_the_late_ones():
    moments = [float(line.partition("\t")[0]) for line in islice(lines.generate_lines(9), 2000)]

    backwards = sum(later < earlier for earlier, later in pairwise(moments))
    assert backwards < 10


# --- what it has found


@pytest.mark.parametrize(
    ("sent", "written"), [("2a00::1", "2a00::"), ("fe80::1%25eth0", "fe80::"), ("::ffff:198.51.100.7", "198.51.100.0")]
)
def test_an_address_in_a_kept_parameter_is_truncated_in_every_form(sent, written):
    row = row_of(cs_uri_query=f"server={sent}")

    assert [{"name": "server", "value": written}] == row["parameters"]


@pytest.mark.parametrize(
    ("address", "echoed"),
    [
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1::7", "2001:0DB8:0001:0000:0000:0000:0000:0007"),
        ("2001:DB8:1::7", "2001:db8:1::7"),
        ("2001:db8:1::7", quote(quote("2001:db8:1::7"))),
    ],
    ids=["mapped", "all digits", "another case", "encoded twice"],
)
def test_the_visitors_own_address_is_removed_in_another_form_than_it_was_logged_in(address, echoed):
    row = row_of(c_ip=address, cs_uri_query=f"note=from+{quote(echoed)}+here")

    assert [{"name": "note", "value": "from removed here"}] == row["parameters"]


def test_an_address_that_a_token_forces_is_as_hidden_as_the_visitors_own():
    query = f"idsite=1&rec=1&cip=198.51.100.77&action_name=from+198.51.100.77&token_auth={TOKEN}"

    row = row_of(a_configuration(privacy=ACCEPTED), **TRACKER, cs_uri_query=query)

    assert ("198.51.100.0", "from removed") == (row["ip"], row["title"])


def test_a_plain_pixel_has_no_auth_only_parameters_even_with_an_accepted_token():
    """They are parameters like any other: kept, and without effect."""
    query = f"cip=198.51.100.77&cdt=1794990000&country=fr&token_auth={TOKEN}"

    row = row_of(a_configuration(privacy=ACCEPTED), cs_uri_query=query)

    assert ("203.0.113.0", "DE", row["received_at"]) == (row["ip"], row["country"], row["event_time"])
    assert ["cip", "cdt", "country"] == [pair["name"] for pair in row["parameters"]]


def test_a_parameter_of_another_dialect_is_not_taken_for_auth_only():
    """`lon` is Piwik PRO's; in Matomo's dialect nobody knows it, so it is kept."""
    row = row_of(**TRACKER, cs_uri_query="idsite=1&rec=1&lon=2.35")

    assert [{"name": "lon", "value": "2.35"}] == row["parameters"]


def test_every_token_is_removed_when_a_request_carries_two():
    row = row_of(**TRACKER, cs_uri_query="idsite=1&rec=1&token_auth=first-one&token_auth=second-one&e_n=first-one,second-one")

    assert "removed,removed" == row["event_name"]


def test_a_token_like_an_ordinary_word_does_not_change_our_own_words():
    row = row_of(**TRACKER, cs_uri_query="idsite=1&rec=1&token_auth=a&action_name=banana")

    assert ("page_view", "matomo", "human") == (row["action"], row["dialect"], row["agent_class"])
    assert "removed" in row["title"]


def test_a_token_leaves_every_url_though_the_configuration_lists_other_parameters():
    configuration = a_configuration(privacy={"url_parameters_removed": ["sid"]})

    row = row_of(configuration, **TRACKER, cs_uri_query="idsite=1&rec=1&link=https%3A%2F%2Fx.example%2F%3Ftoken_auth%3Dabc%26b%3D1")

    assert "https://x.example/?b=1" == row["outlink"]


@pytest.mark.parametrize("name", ["password", "PASSWORD", "Password[]", "sid"])
def test_a_secret_parameter_is_not_kept_in_any_spelling_nor_when_it_repeats(name):
    row = row_of(cs_uri_query=f"{quote(name)}=hunter2&a=1&{quote(name)}=hunter3")

    assert [{"name": "a", "value": "1"}] == row["parameters"]


def test_a_login_in_a_kept_value_is_removed():
    row = row_of(cs_uri_query="next=https://jane:hunter2@example.org/")

    assert [{"name": "next", "value": "https://example.org/"}] == row["parameters"]


def test_the_full_user_agent_of_a_plain_pixel_is_the_headers():
    row = row_of(a_configuration(privacy={"user_agent": "keep"}), cs_uri_query="ua=own")

    assert row["user_agent"].startswith("Mozilla/5.0 ")


@pytest.mark.parametrize("columns", [{"sc_status": "403"}, {"sc_status": "501", "cs_method": "POST"}, {}], ids=["403", "501", "200"])
def test_a_path_that_is_none_of_ours_is_a_value_and_so_masked_whatever_the_reason(columns):
    row = row_of(cs_uri_stem="/jane@example.org", **columns)

    assert "/aaaa@aaaaaaa.aaa" == row["path"]


@pytest.mark.parametrize("columns", [{"sc_status": "403"}, {"cs_uri_stem": "/x"}, {"cs_uri_query": "site=x"}, {"cs_method": "HEAD"}])
def test_a_line_whose_address_is_none_is_trusted_in_no_other_column(columns):
    assert "bad_columns" == row_of(c_ip="203.0.113.999", **columns)["reason"]


@pytest.mark.parametrize("timestamp", ["١٧٩٥٠٠٠٠٠٠.397", "1795000000.²"])
def test_digits_of_another_script_are_no_timestamp(timestamp):
    assert "bad_columns" == row_of(timestamp=timestamp)["reason"]


@pytest.mark.parametrize("count", ["²", "٣", "9" * 5000, "-1", ""])
def test_a_count_of_headers_that_is_no_number_leaves_the_signals_unknown_and_harms_no_neighbour(count):
    records = [a_record(a_log_line(cs_headers_count=count), "record-1"), a_record(a_log_line(), "record-2")]

    _, counts = Transformer(a_configuration()).transform(records, lambda _: SALTS, now_ms=NOW_MS)

    assert ({("unknown_signal", "main"): 1}, {"main": 1}) == (counts.suppressed, counts.hits)


def test_a_cookies_name_that_was_cut_is_not_taken_for_a_cookie():
    """`cookie` at the end of a cut list of names may be the beginning of another name."""
    headers = {"cs_headers": "host:x%0A", "cs_header_names": "host%0Acookie", "cs_headers_count": "2"}

    _, counts = Transformer(a_configuration()).transform([a_record(a_log_line(**headers))], lambda _: SALTS, now_ms=NOW_MS)

    assert {("unknown_signal", "main"): 1} == counts.suppressed


def test_a_square_bracket_that_cloudfront_escaped_does_not_hide_that_it_escaped_again():
    row = row_of(**TRACKER, cs_uri_query="idsite=1&rec=1&url=https%253A%252F%252Fexample.org%252F&a%5B%5D=1")

    assert ("https://example.org/", [{"name": "a[]", "value": "1"}]) == (row["url"], row["parameters"])


def test_the_length_of_a_line_is_counted_in_bytes():
    row = row_of(c_country="é" * 40_000)

    assert ("line_too_long", True) == (row["reason"], row["line_bytes"] > 80_000)


def test_a_flood_of_long_urls_and_parameter_names_does_not_fill_the_memory():
    transformer = Transformer(a_configuration())
    records = [
        a_record(a_log_line(cs_referer=f"https://example.org/{n}{'a' * 5000}", cs_uri_query=f"{n}{'b' * 5000}=1")) for n in range(50)
    ]

    tracemalloc.start()
    transformer.transform(records, lambda _: SALTS, now_ms=NOW_MS)
    remembered_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert remembered_bytes < 50 * 5000


def test_the_line_reader_forgets_what_clients_sent_when_the_salts_rotate():
    transformer = Transformer(a_configuration())
    for salts in (SALTS, {"2026-11-18": b"n" * 32}):
        transformer.transform(
            [a_record(a_log_line(cs_referer=f"https://example.org/{ADDRESS}"))], lambda _, known=salts: known, now_ms=NOW_MS
        )

    assert not transformer._reader._urls
