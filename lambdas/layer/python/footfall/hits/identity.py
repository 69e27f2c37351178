"""Who visited, as far as policy allows: address, visitor id and user id of one hit."""

import re
from collections.abc import Mapping
from socket import AF_INET6, inet_ntop, inet_pton
from typing import Final, NamedTuple

from footfall.configuration import Privacy
from footfall.dialects import detect, matomo, piwik_pro
from footfall.hits.memo import Memo
from footfall.hits.visitor import daily_visitor_id
from footfall.privacy import address_by_policy, ipv6_network, keyed_hash, parse_address, truncate_address


class Address(NamedTuple):
    """A client's address in memory: `full` and `texts` are never written unless policy is keep.

    `texts` are its forms in lower case: as it was logged, short, and with all digits.
    """

    full: str
    network: str
    texts: tuple[str, ...]


_MEMO_LIMIT: Final = 5_000
ADDRESSES_BY_POLICY: Final[Memo[tuple[str, str], str]] = Memo(
    lambda text_and_policy: address_by_policy(*text_and_policy), limit=_MEMO_LIMIT
)
"""`privacy.address_by_policy` for what the queue holds: networks come again, 0.2 us against 3."""


class Identity(NamedTuple):
    """What is left of who visited."""

    visitor_id: str | None
    origin: str
    missing: str | None
    user_id: str | None
    address: str | None


STRIPPED: Final = Identity(None, "none", "signal", None, None)


def read_address(text: str) -> Address | None:
    """Read an address; an IPv4-mapped IPv6 address is IPv4; None when it is not one.

    >>> read_address("::ffff:203.0.113.7")
    Address(full='203.0.113.7', network='203.0.113.0', texts=('::ffff:203.0.113.7', '203.0.113.7'))
    """
    if _IPV4.fullmatch(text):  # most new addresses: 1 us, `ipaddress` takes 5 to 30 (it is large, and cold by then)
        return Address(text, text[: text.rindex(".")] + ".0", (text,))
    if _PLAIN_IPV6.fullmatch(text):
        return _read_plain_ipv6(text)
    address = parse_address(text)
    if address is None:
        return None
    full, digits = str(address), f"{int(address):032x}"
    exploded = ":".join([digits[start : start + 4] for start in range(0, 32, 4)]) if ":" in full else full
    return Address(full, truncate_address(address), tuple(dict.fromkeys((text.lower(), full, exploded))))


def _read_plain_ipv6(text: str) -> Address | None:
    """The operating system's reading, 2 us: `ipaddress` takes 24. Tests hold that both agree."""
    try:
        packed = inet_pton(AF_INET6, text)
    except OSError:
        return None
    full = inet_ntop(AF_INET6, packed)
    exploded = packed.hex(":", 2)
    return Address(full, ipv6_network(int.from_bytes(packed[:6])), tuple(dict.fromkeys((text.lower(), full, exploded))))


_PLAIN_IPV6: Final = re.compile(r"(?=[23])[0-9a-fA-F]{4}:(?:[0-9a-fA-F]{0,4}:){1,6}[0-9a-fA-F]{0,4}")
"""Global unicast (2000::/3), where nothing is mapped or compatible to IPv4, in at most eight groups of at most four digits."""

_IPV4: Final = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?!\Z)|\Z)){4}")


def identify(
    values: Mapping[str, str],
    *,
    dialect: str,
    site: str,
    address: Address,
    user_agent: str,
    salt: bytes | None,
    privacy: Privacy,
    authenticated: bool,
) -> Identity:
    """Apply the policies to a hit whose visitor did not opt out; `values` are the parameters that count.

    The visitor id is the client's own, else one that lasts a UTC day, else none (no salt).
    """
    has_grammar = dialect != detect.PIXEL
    client_id = matomo.visitor_id_of(values) if has_grammar else None
    if client_id:
        visitor_id, origin, missing = client_id, "client", None
    elif salt:
        visitor_id, origin, missing = daily_visitor_id(salt, site, address.full, user_agent), "daily", None
    else:
        visitor_id, origin, missing = None, "none", "salt"
    keeps_user_id = has_grammar and may_keep_user_id(privacy, authenticated=authenticated)
    hides_address = dialect == detect.PIWIK_PRO and piwik_pro.is_anonymous(values)
    return Identity(
        visitor_id,
        origin,
        missing,
        (values.get("uid") or None) if keeps_user_id else None,
        None if hides_address else _by_policy(address, privacy.ip, salt),
    )


def may_keep_user_id(privacy: Privacy, *, authenticated: bool) -> bool:
    """Whether policy keeps the `uid` of a request."""
    return privacy.user_id == "keep" or (privacy.user_id == "authenticated" and authenticated)


def _by_policy(address: Address, policy: str, salt: bytes | None) -> str | None:
    if policy == "truncate":
        return address.network
    if policy == "keep":
        return address.full
    return keyed_hash(salt, address.full) if policy == "hash" and salt else None
