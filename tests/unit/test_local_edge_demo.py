"""A demonstration steers the local edge by request headers, which are logged nowhere."""

import pytest

from tests.edge_client import Stream, an_edge, ask

WHO = {"x-footfall-demo-address": "203.0.113.7", "X-Footfall-Demo-Country": "FR"}


@pytest.mark.parametrize(("address", "version"), [("203.0.113.7", "IPv4"), ("2001:db8::7", "IPv6"), ("::ffff:203.0.113.7", "IPv6")])
def test_a_demonstration_says_who_asks_and_leaves_no_trace_of_saying_so(address, version):
    stream = Stream()
    with an_edge(stream, is_demo=True) as edge:
        ask(edge, headers={**WHO, "x-footfall-demo-address": address})
    (line,) = stream.read()

    assert (address, version, "FR", "2") == tuple(line[name] for name in ("c-ip", "c-ip-version", "c-country", "cs-headers-count"))
    assert "demo" not in "".join(line.values()).lower()


def test_a_demonstration_with_an_impossible_address_is_refused():
    with an_edge(Stream(), is_demo=True) as edge:
        assert 400 == ask(edge, headers={"x-footfall-demo-address": "somewhere"}).status


def test_outside_a_demonstration_its_headers_are_headers_like_any_other():
    stream = Stream()
    with an_edge(stream) as edge:
        ask(edge, headers=WHO)
    (line,) = stream.read()

    assert ("127.0.0.1", "-") == (line["c-ip"], line["c-country"])
    assert "x-footfall-demo-address:203.0.113.7%0AX-Footfall-Demo-Country:FR%0A" in line["cs-headers"]


@pytest.mark.parametrize(("damage", "columns"), [("repeat", [46, 46]), ("drop-column", [45]), ("extra-column", [47]), ("", [46])])
def test_a_demonstration_can_have_a_line_repeated_or_its_columns_spoilt(damage, columns):
    stream = Stream()
    with an_edge(stream, is_demo=True) as edge:
        ask(edge, headers={"x-footfall-demo-line": damage})

    assert columns == [line.count(b"\t") + 1 for line in stream.lines]
    assert 1 == len(set(stream.lines))


def test_a_demonstration_can_have_the_list_of_headers_cut_before_a_signal():
    stream = Stream()
    with an_edge(stream, is_demo=True) as edge:
        asked = ask(edge, headers={"x-footfall-demo-line": "truncate-headers", "Sec-GPC": "1"})
    (line,) = stream.read()

    assert "sec-gpc" not in (line["cs-headers"] + line["cs-header-names"]).lower()
    assert (200, "4") == (asked.status, line["cs-headers-count"])
