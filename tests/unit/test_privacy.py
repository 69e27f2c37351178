from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.hits.identity import read_address
from footfall.hits.scrub import holds_address
from footfall.privacy import is_accepted_token, mask, parse_address, token_entry, truncate_address


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", "203.0.113.0"),
        ("::ffff:203.0.113.7", "203.0.113.0"),
        ("::ffff:cb00:7107", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::1", "::"),
    ],
)
def test_an_address_is_cut_to_its_network(address, expected):
    """IPv4 /24, IPv6 /48, and a mapped address is the IPv4 address it is."""
    assert expected == truncate_address(parse_address(address))


@given(st.ip_addresses())
def test_a_truncated_address_is_the_same_for_its_whole_network(address):
    bits = 8 if address.version == 4 else 80
    neighbour = type(address)(int(address) ^ (2**bits - 1))

    assert truncate_address(address) == truncate_address(neighbour)


@pytest.mark.parametrize("text", ["", "-", "203.0.113.7:80", "203.0.113", "1.2.3.4, 5.6.7.8", "[::1]", "host"])
def test_what_is_no_plain_address_is_none(text):
    assert parse_address(text) is None


def test_a_token_is_accepted_by_its_keyed_hash_and_never_stored():
    entry = token_entry("a-secret-token", b"k" * 16)
    key, _, digest = entry.partition(":")
    accepted = ((bytes.fromhex(key), bytes.fromhex(digest)),)

    assert "a-secret-token" not in entry
    assert (True, False) == (is_accepted_token("a-secret-token", accepted), is_accepted_token("another", accepted))


@given(st.text())
def test_a_masked_value_shows_no_letter_and_no_long_number(text):
    masked = mask(text)

    assert masked == text or not set(masked) & set("bcdefghijklmnopqrstuvwxyz012345678")


@given(
    st.integers(0x2000 << 112, (0x4000 << 112) - 1), st.sampled_from(["", "0", ":", "%0", "g", "1.2", "\n", "00001:"]), st.integers(0, 39)
)
def test_the_quick_reading_of_an_ipv6_address_is_the_standard_librarys(number, damage, at):
    for form in (
        str(IPv6Address(number)),
        IPv6Address(number).exploded,
        str(IPv6Address(number >> 64 << 64)),
        IPv6Address(number).exploded.upper(),
    ):
        text = form[:at] + damage + form[at:]
        standard = parse_address(text)

        address = read_address(text)

        assert (None if standard is None else (str(standard), truncate_address(standard))) == (address and (address.full, address.network))
        assert address is None or {text.lower(), str(standard), standard.exploded} == set(address.texts)


@given(st.data(), st.lists(st.ip_addresses(), min_size=1, max_size=2), st.sampled_from([":", "%3a", "%3A", "%253A", "%25253A", "-"]))
def test_an_address_is_found_in_a_row_as_the_plain_search_finds_it(data, addresses, colon):
    """Written by whichever of its forms, escaped or damaged, alone or beside another's."""
    forms = tuple(form for address in addresses for form in read_address(str(address)).texts)
    written = data.draw(st.sampled_from(forms)).replace(":", colon)
    before, after = data.draw(st.tuples(st.text("0aF:%3a", max_size=6), st.text("0aF:%3a", max_size=6)))
    cut = written[data.draw(st.integers(0, 2)) :]
    row = (before + data.draw(st.sampled_from([cut, cut.upper()])) + after).encode()
    plain = row.lower().replace(b"%253a", b":").replace(b"%3a", b":") if any(":" in form for form in forms) else row

    assert holds_address(row, forms) is any(form.encode() in plain for form in forms)
