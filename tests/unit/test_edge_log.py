"""Log lines as AWS writes them: recorded lines come out of their parts, and both readings of what is unsure can be had."""

import re
from urllib.parse import unquote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.hits.log_fields import CANONICAL_ORDER, CUT_AT_BYTES
from local.edge_log import cut_bytes, cut_whole_pairs, damaged, escape, header_values, overfill, write_line

FIELDS_OF_2022 = [
    name
    for name in CANONICAL_ORDER[: CANONICAL_ORDER.index("cs-headers-count") + 1]
    if name not in {"s-ip", "primary-distribution-id", "primary-distribution-dns-name"}
]

CURL = {
    "timestamp": "1669878400.397",
    "c-ip": "52.94.133.130",
    "time-to-first-byte": "0.134",
    "sc-status": "200",
    "sc-bytes": "1843",
    "cs-method": "GET",
    "cs-protocol": "https",
    "cs-host": "main.d2rbngvo9fqezp.amplifyapp.com",
    "cs-uri-stem": "/path?q=x",
    "cs-bytes": "64",
    "x-edge-location": "IAD12-P4",
    "x-edge-request-id": "DHj-cd7P5BFzmo_gfh4rrWbm3NsJ1Pt0ta-76dtvbrbCYtdClKOoYQ==",
    "x-host-header": "d111111abcdef8.cloudfront.net",
    "time-taken": "0.134",
    "cs-protocol-version": "HTTP/2.0",
    "c-ip-version": "IPv4",
    "cs-user-agent": "curl/7.79.1",
    "cs-uri-query": "q=123",
    "x-edge-response-result-type": "Miss",
    "ssl-protocol": "TLSv1.3",
    "ssl-cipher": "TLS_AES_128_GCM_SHA256",
    "x-edge-result-type": "Miss",
    "sc-content-type": "text/html",
    "sc-content-len": "1434",
    "c-port": "19506",
    "x-edge-detailed-result-type": "Miss",
    "c-country": "US",
    "cs-accept": "*/*",
    "cache-behavior-path-pattern": "*",
    **header_values(
        [
            ("host", "main.d2rbngvo9fqezp.amplifyapp.com"),
            ("user-agent", "curl/7.79.1"),
            ("accept", "*/*"),
            ("CloudFront-Viewer-Country", "US"),
        ]
    ),
}
CURL_LINE = (
    b"1669878400.397\t52.94.133.130\t0.134\t200\t1843\tGET\thttps\tmain.d2rbngvo9fqezp.amplifyapp.com\t/path?q=x\t64\tIAD12-P4\t"
    b"DHj-cd7P5BFzmo_gfh4rrWbm3NsJ1Pt0ta-76dtvbrbCYtdClKOoYQ==\td111111abcdef8.cloudfront.net\t0.134\tHTTP/2.0\tIPv4\tcurl/7.79.1\t"
    b"-\t-\tq=123\tMiss\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tMiss\t-\t-\ttext/html\t1434\t-\t-\t19506\tMiss\tUS\t-\t*/*\t*\t"
    b"host:main.d2rbngvo9fqezp.amplifyapp.com%0Auser-agent:curl/7.79.1%0Aaccept:*/*%0ACloudFront-Viewer-Country:US%0A\t"
    b"host%0Auser-agent%0Aaccept%0ACloudFront-Viewer-Country%0A\t4\n"
)
"""Recorded in 2022 at AWS Amplify; the distribution's name is replaced by the one AWS's documentation uses."""

LONG_LIST = [
    ("User-Agent", "vscode-restclient"),
    ("X-Api-Key", "EXAMPLEKEY" * 4),
    ("Accept-Encoding", "gzip, deflate, br"),
    ("Host", "d111111abcdef8.cloudfront.net"),
    ("Cloudfront-Is-Mobile-Viewer", "false"),
    ("Cloudfront-Is-Tablet-Viewer", "false"),
    ("Cloudfront-Is-Smarttv-Viewer", "false"),
    ("Cloudfront-Is-Desktop-Viewer", "true"),
    ("Cloudfront-Is-Ios-Viewer", "false"),
    ("Cloudfront-Is-Android-Viewer", "false"),
    ("Cloudfront-Viewer-Http-Version", "1.1"),
    ("Cloudfront-Viewer-Country", "US"),
    ("Cloudfront-Viewer-Country-Name", "United States"),
    ("Cloudfront-Viewer-Country-Region", "CA"),
    ("Cloudfront-Viewer-Country-Region-Name", "California"),
    ("Cloudfront-Viewer-City", "Corte Madera"),
    ("Cloudfront-Viewer-Postal-Code", "94925"),
    ("Cloudfront-Viewer-Time-Zone", "America/Los_Angeles"),
    ("Cloudfront-Viewer-Metro-Code", "807"),
    ("Cloudfront-Viewer-Latitude", "37.92490"),
    ("Cloudfront-Viewer-Longitude", "-122.51000"),
    ("Cloudfront-Forwarded-Proto", "https"),
    ("Cloudfront-Viewer-Address", "192.0.2.10:63051"),
    ("Cloudfront-Viewer-Tls", "TLSv1.3:TLS_AES_128_GCM_SHA256:fullHandshake"),
    ("Cloudfront-Viewer-Asn", "64496"),
    ("Connection", "close"),
]


def test_the_recorded_line_of_a_curl_request_comes_out_of_its_parts():
    assert CURL_LINE == write_line(CURL, FIELDS_OF_2022)


def test_the_four_columns_of_the_pixel_sample_come_out_of_their_parts():
    values = {
        "timestamp": "1669878400.397",
        "c-ip": "52.94.133.130",
        "cs-user-agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",
        "cs-uri-query": "userid=aws_user&thirdpartyname=example.hightrafficwebsite.com",
    }

    line = write_line(values, ["timestamp", "c-ip", "cs-user-agent", "cs-uri-query"])

    assert (
        b"1669878400.397\t52.94.133.130\tMozilla/5.0%20(Macintosh;%20Intel%20Mac%20OS%20X%2010_15_7)%20AppleWebKit/537.36\t"
        b"userid=aws_user&thirdpartyname=example.hightrafficwebsite.com\n"
    ) == line


def test_a_list_of_headers_is_cut_between_two_of_them_as_in_the_recorded_line_of_october_2025():
    """26 headers were sent; the record names all, has the values of 21, and counts 26."""
    line = write_line(header_values(LONG_LIST), ["cs-headers", "cs-header-names", "cs-headers-count"]).decode()
    headers, names, count = line.rstrip("\n").split("\t")

    assert headers.endswith("%0ACloudfront-Viewer-Latitude:37.92490%0ACloudfront-Viewer-Longitude:-122.51000%0A")
    assert (21, 26, "26") == (headers.count("%0A"), names.count("%0A"), count)
    assert 824 == len(headers)


RECORDED_QUERY = b"t=tr&u=http%253A%252F%252Flocalhost%253A3000%252Fgooglecloud&pa=%252Fgooglecloud&en=tabHidden&pr=%257B%257D"
"""From a line recorded in 2022; the sender (ownstats) encodes each value once."""


def test_a_percent_sign_of_a_url_is_escaped_again_as_in_the_recorded_line_of_2022():
    query = "t=tr&u=http%3A%2F%2Flocalhost%3A3000%2Fgooglecloud&pa=%2Fgooglecloud&en=tabHidden&pr=%7B%7D"

    line = write_line({"cs-uri-query": query, "cs-uri-stem": f"/hello.gif?{query}"}, ["cs-uri-stem", "cs-uri-query"])

    assert b"/hello.gif?" + RECORDED_QUERY + b"\t" + RECORDED_QUERY + b"\n" == line


def test_the_other_reading_logs_a_percent_sign_of_a_url_as_received_and_escapes_the_rest():
    line = write_line({"cs-uri-query": 'a=%20b "c"', "cs-user-agent": "100%"}, ["cs-user-agent", "cs-uri-query"], percent="as_received")

    assert b"100%25\ta=%20b%20%22c%22\n" == line


def test_the_other_reading_cuts_at_800_bytes_even_inside_an_escape():
    headers = "host:x\nab:" + '"' * 400 + "\n"

    (column,) = write_line({"cs-headers": headers}, ["cs-headers"], cut="bytes").decode().splitlines()

    assert CUT_AT_BYTES == len(column)
    assert column.endswith("%22%2")


def test_values_that_are_missing_or_empty_are_a_dash():
    assert b"-\t-\t-\n" == write_line({"cs-referer": ""}, ["cs-referer", "asn", "cs-headers"])


def test_a_cookie_is_named_and_counted_and_its_value_appears_nowhere():
    values = header_values([("Host", "x"), ("Cookie", "secret=1"), ("accept", "*/*")])

    assert {"cs-headers": "Host:x\naccept:*/*\n", "cs-header-names": "Host\nCookie\naccept\n", "cs-headers-count": "3"} == values


def test_every_character_of_awss_table_is_escaped_and_other_signs_are_not():
    assert "%20%3C%3E%22%23%25%7B%7D%7C%5C%5E%7E%5B%5D%60%27%0A%09%00%7F%C3%A9" == escape(" <>\"#%{}|\\^~[]`'\n\t\0\x7fé")
    assert "()*,;:@!$&=+/?-_." == escape("()*,;:@!$&=+/?-_.")


def test_bytes_that_are_no_text_come_out_as_they_came_in():
    assert "caf%E9" == escape(b"caf\xe9".decode("utf-8", "surrogateescape"))


@given(st.text())
def test_an_escaped_value_decodes_to_what_it_was(text):
    text = text.encode("utf-8", "ignore").decode()

    assert text == unquote(escape(text))
    assert text.encode() == unquote_to_bytes(escape(text))


@given(st.dictionaries(st.sampled_from(CANONICAL_ORDER), st.text()), st.sampled_from(["escaped_again", "as_received"]))
def test_whatever_the_values_hold_a_line_has_its_columns_and_one_newline(values, percent):
    values = {name: value.encode("utf-8", "ignore").decode() for name, value in values.items()}

    line = write_line(values, CANONICAL_ORDER, percent=percent).decode("ascii")

    assert len(CANONICAL_ORDER) == len(line.split("\t"))
    assert re.fullmatch(r"[\x21-\x7e\t]+\n", line)


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=300), max_size=30))
def test_a_cut_list_is_the_longest_beginning_of_whole_lines_that_fits(lines):
    whole = "".join(f"{line}\n" for line in lines)
    kept = cut_whole_pairs(whole)
    rest = whole[len(kept) :]

    assert whole.startswith(kept)
    assert len(kept.encode()) <= CUT_AT_BYTES
    assert not rest or len((kept + rest.partition("\n")[0]).encode()) + 1 > CUT_AT_BYTES


@pytest.mark.parametrize("cut", ["whole_pairs", "bytes"])
def test_an_overfilled_list_shows_no_other_header_neither_by_value_nor_by_name(cut):
    values = header_values(overfill([("DNT", "1"), ("Sec-GPC", "1")]))

    headers, names = write_line(values, ["cs-headers", "cs-header-names"], cut=cut).decode().rstrip("\n").split("\t")

    assert headers.startswith("x-filler-")
    assert "dnt" not in headers.lower() + names.lower()
    assert "sec-gpc" not in headers.lower() + names.lower()
    assert min(len(headers), len(names)) >= CUT_AT_BYTES


def test_a_demonstration_can_repeat_a_line_or_spoil_its_columns():
    line = b"a\tb\tc\n"

    assert [line, line] == damaged(line, "repeat")
    assert [b"a\tb\n"] == damaged(line, "drop-column")
    assert [b"a\tb\tc\t-\n"] == damaged(line, "extra-column")
    assert [line] == damaged(line, "")


def test_the_literal_cut_leaves_short_lists_alone():
    assert "host:x%0A" == cut_bytes("host:x%0A")
