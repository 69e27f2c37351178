"""What happens to an IP address, a secret in a URL and a value that must not be shown; pure, used for every input alike."""

import hashlib
import hmac
import ipaddress
import re
from typing import Final

IPV4_PREFIX = 24
IPV6_PREFIX = 48

NO_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - what is sent where policy leaves no address: else destinations would take the sender's

_DIGITS = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]")
_SMALL_NUMBER = re.compile(r"\d{1,5}")


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an IP address; an IPv4-mapped IPv6 address is IPv4; None when it is not an address.

    >>> parse_address("::ffff:203.0.113.7")
    IPv4Address('203.0.113.7')
    """
    try:
        if ":" not in text:
            return ipaddress.IPv4Address(text)
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address


def truncate_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """Keep the network of an address: IPv4 /24, IPv6 /48.

    >>> truncate_address(ipaddress.ip_address("203.0.113.7"))
    '203.0.113.0'
    >>> truncate_address(ipaddress.ip_address("2001:db8:1:2:3:4:5:6"))
    '2001:db8:1::'
    """
    if isinstance(address, ipaddress.IPv4Address):
        hidden_bits = 32 - IPV4_PREFIX
        return str(ipaddress.IPv4Address(int(address) >> hidden_bits << hidden_bits))
    return ipv6_network(int(address) >> (128 - IPV6_PREFIX))


def address_by_policy(text: str, policy: str) -> str:
    """What may be sent of an address under `privacy.ip`, never a hash: `NO_ADDRESS` where that is nothing, or the text is no address.

    >>> address_by_policy("203.0.113.7", "truncate"), address_by_policy("203.0.113.7", "hash")
    ('203.0.113.0', '0.0.0.0')
    """
    address = parse_address(text) if text != NO_ADDRESS and policy in ("truncate", "keep") else None
    if address is None:
        return NO_ADDRESS
    return truncate_address(address) if policy == "truncate" else str(address)


def ipv6_network(prefix: int) -> str:
    """Write a /48 network, given as its 48 bits: 1 us, `ipaddress` takes 9.

    >>> ipv6_network(0x20010DB80001)
    '2001:db8:1::'
    """
    text = f"{prefix >> 32:x}:{prefix >> 16 & 0xFFFF:x}:{prefix & 0xFFFF:x}"
    while text.endswith(":0"):
        text = text[:-2]
    return "::" if text == "0" else text + "::"


def keyed_hash(key: bytes, text: str, *, hex_digits: int = 16) -> str:
    """HMAC-SHA256 of `text`, cut to `hex_digits` hexadecimal digits."""
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:hex_digits]


def event_visitor_id(event_id: str) -> str:
    """A visitor id of 16 hexadecimal digits that one hit alone has: for a visitor who must not be recognised in the next.

    >>> event_visitor_id("a") == event_visitor_id("a") != event_visitor_id("b")
    True
    """
    return hashlib.blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def token_entry(token: str, key: bytes) -> str:
    """Write an accepted token as the configuration keeps it: `<key hex>:<HMAC-SHA256 hex>`, never the token itself."""
    return f"{key.hex()}:{hmac.digest(key, token.encode(), hashlib.sha256).hex()}"


def is_accepted_token(token: str, entries: tuple[tuple[bytes, bytes], ...]) -> bool:
    """Compare a token with the accepted ones, each a (key, digest) pair, in constant time for each."""
    encoded = token.encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(hmac.digest(key, encoded, "sha256"), digest) for key, digest in entries]
    return any(matches)


def mask(text: str, *, limit: int = 40) -> str:
    """Show the shape of a value and not the value: letters become a, digits 9; numbers of up to 5 digits stay.

    >>> mask("Jane.Doe@example.org"), mask("42")
    ('aaaa.aaa@aaaaaaa.aaa', '42')
    """
    if _SMALL_NUMBER.fullmatch(text):
        return text
    return _LETTERS.sub("a", _DIGITS.sub("9", text[:limit]))
