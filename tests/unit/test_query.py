from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from footfall.dialects.query import decode_query, decode_reference

QUERY_TEXT = st.text(st.sampled_from(list("ab=&%+ 0129AFafzé\"\\\t\n\r\x00\x1f_;é€[]{}'")), max_size=60)
ESCAPES = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            "=",
            "&",
            "%",
            "%4",
            "%41",
            "%C3",
            "%A9",
            "%c3%a9",
            "%zz",
            "%00",
            "%22",
            "%5C",
            "+",
            "é",
            "%0A",
            "%1F",
            "%3D",
            "%26",
            "\r",
            "\n",
            "\x1f",
        ]
    ),
    max_size=25,
)


@given(QUERY_TEXT | st.text(max_size=60) | ESCAPES.map("".join))
@example("%C3%A9=1")
@example("a=1&a=2")
@example("a&b=&=c")
@example('a="b"')
@example("a=%\n")
@example("a=%\rb=1")
@example("a=%%41")
@example("a&b=1=2")
@example("a=1\x1f2")
@example("a=b&" * 5000 + "c=d")
def test_the_fast_decoder_and_the_reference_agree(query):
    """The fast path is an optimisation and must be invisible, whatever a client sends."""
    assert decode_reference(query) == decode_query(query)


@given(st.text(max_size=80) | ESCAPES.map("".join))
def test_the_reference_decodes_as_the_standard_library_does(query):
    expected = parse_qsl(query, keep_blank_values=True, max_num_fields=None, errors="replace")

    decoded = decode_reference(query)

    assert expected == (decoded.pairs if decoded.pairs is not None else list(decoded.values.items()))


@pytest.mark.parametrize(
    ("query", "damaged"),
    [
        ("a=1", ()),
        ("a=%zz", ("escapes",)),
        ("a=%", ("escapes",)),
        ("a=%E9", ("utf8",)),
        ("a=%E9&b=%4", ("escapes", "utf8")),
        ("%C3%A9=%C3%A9", ()),
    ],
)
def test_what_was_repaired_is_said(query, damaged):
    assert damaged == decode_query(query).damaged


def test_repeats_are_kept_in_order_and_the_last_value_counts():
    """As PHP does, so as Matomo does."""
    decoded = decode_query("a=1&b=2&a=3")

    assert ({"a": "3", "b": "2"}, [("a", "1"), ("b", "2"), ("a", "3")]) == (decoded.values, decoded.pairs)
