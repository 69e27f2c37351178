"""Every way an IP address may be written on disk, so that "there is none" means more than "not as it was sent"."""

import base64
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Self
from urllib.parse import quote

_DECIMAL: Final = "0-9"
_HEXADECIMAL: Final = "0-9a-fA-F"
_BASE64: Final = "0-9A-Za-z+/_-"

_SHORTEST_INTEGER: Final = 2**24
"""Below this an integer form has so few digits that any count would look like an address (and no such address is in use)."""


class Form(str):
    """A way to write an address; `digits` are those that make it something else when they come before or after it.

    203.0.113.7 is not in 203.0.113.70. Only base64 has upper and lower case that differ.
    """

    __slots__ = ("digits",)
    digits: str

    def __new__(cls, text: str, digits: str = "") -> Self:
        """Make a form of a text."""
        form = super().__new__(cls, text)
        form.digits = digits
        return form

    @property
    def has_case(self) -> bool:
        """Whether another case is another text."""
        return self.digits in ("", _BASE64)


def address_forms(address: str) -> tuple[Form, ...]:
    """Write an IPv4, IPv6 or mapped address in every form that `read_back.find` should look for.

    Dotted, with zeros, with hyphens, as a name for reverse look-up, as integer, as hex, mapped into IPv6; IPv6 short, long and
    with all groups; the colons and dots percent-encoded once or twice; base64 and hex of the text. Base64 of a longer text that
    holds it is found by decoding (`read_back_views`): pieces of base64 would also match the truncated network, which may be there.
    IPv4 and the IPv6 address it is mapped to are the same visitor: each has the forms of both.

    >>> {"203.0.113.7", "3405803783", "cb007107", "::ffff:cb00:7107", "203%2E0%2E113%2E7"} <= set(address_forms("203.0.113.7"))
    True

    Raises:
        ValueError: it is not an address.
    """
    parsed = ip_address(address)  # Python 3.13 writes a mapped address dotted, earlier ones do not: so neither is relied upon
    mapped = parsed if isinstance(parsed, IPv4Address) else parsed.ipv4_mapped
    texts = list(_of_ipv4(mapped) if mapped is not None else _of_ipv6(IPv6Address(parsed), parsed.compressed))
    return tuple(dict.fromkeys([*texts, *_numbers(mapped or parsed), *_encoded(texts)]))


def _of_ipv4(address: IPv4Address) -> Iterator[Form]:
    parts = str(address).split(".")
    texts = (str(address), ".".join(part.zfill(3) for part in parts), "-".join(parts), "_".join(parts), address.reverse_pointer)
    yield from (Form(text, _DECIMAL) for text in (*texts, f"::ffff:{address}", f"::FFFF:{address}"))
    high, low = divmod(int(address), 2**16)
    yield from _of_ipv6(IPv6Address(f"::ffff:{address}"), f"::ffff:{high:x}:{low:x}")


def _of_ipv6(address: IPv6Address, compressed: str) -> Iterator[Form]:
    digits = f"{int(address):032x}"
    groups = [digits[start : start + 4] for start in range(0, 32, 4)]
    exploded, short = ":".join(groups), ":".join(f"{int(group, 16):x}" for group in groups)
    for text in (compressed, exploded, short):
        yield from (Form(text, _HEXADECIMAL), Form(text.upper(), _HEXADECIMAL))
    yield from (Form(text.replace(":", "-"), _HEXADECIMAL) for text in (compressed, short) if not text.startswith(":"))
    yield Form(".".join(reversed(digits)) + ".ip6.arpa", _HEXADECIMAL)


def _numbers(address: IPv4Address | IPv6Address) -> Iterator[Form]:
    number, digits = int(address), address.max_prefixlen // 4
    if number >= _SHORTEST_INTEGER:
        yield Form(str(number), _DECIMAL)
    yield from (Form(f"{number:0{digits}x}", _HEXADECIMAL), Form(f"{number:0{digits}X}", _HEXADECIMAL))
    if isinstance(address, IPv4Address):
        yield from _numbers(IPv6Address(f"::ffff:{address}"))


def _encoded(texts: Iterable[Form]) -> Iterator[Form]:
    for text in texts:
        colons = quote(text, safe="")
        for encoded in (colons, colons.replace(".", "%2E")):
            forms = (encoded, encoded.replace("%3A", "%3a").replace("%2E", "%2e"), encoded.replace("%", "%25"))
            yield from (Form(form, text.digits) for form in forms)
        yield from (Form(text.encode().hex(), _HEXADECIMAL), Form(base64.b64encode(text.encode()).decode(), _BASE64))
