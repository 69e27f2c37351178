"""Whose hit it is, and which visit it joins: `matomo-measured` 2.5 and 2.6, core/Tracker/Request.php and VisitorRecognizer.php of 5.1.2."""

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qs, urlsplit

from local.matomo.action import InvalidHit
from local.matomo.state import Changes, Visit
from local.matomo.timestamps import DAY_S

VISIT_S: Final = 1_800
REMEMBERED: Final = 1_024
ID_LENGTH: Final = 16
ZERO_ID: Final = "0" * ID_LENGTH
CAMPAIGN: Final = ("mtm_campaign", "matomo_campaign", "pk_campaign", "piwik_campaign", "utm_campaign")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A hit's own id (empty where it brings none), its fingerprint, and whether the fingerprint may match too."""

    id: str
    fingerprint: str
    is_user: bool

    @property
    def keys(self) -> tuple[str, ...]:
        """What to look its visit up by."""
        if not self.id:
            return (self.fingerprint,)
        return (self.id, self.fingerprint) if self.is_user else (self.id,)


def read_visitor(parameters: Mapping[str, str], *, ip: str, user_agent: str) -> Visitor:
    """Say who sent a hit: `uid` goes before `cid`, `cid` before `_id`; 16 characters that are not hex are 000…0 (t05).

    Raises:
        InvalidHit: `cid` is not 16 characters long.
    """
    seed = "\n".join((ip, user_agent, parameters.get("lang", "")))
    fingerprint = hashlib.sha1(seed.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
    if user := parameters.get("uid", ""):
        return Visitor(id=_hash_user(user), fingerprint=fingerprint, is_user=True)
    forced = parameters.get("cid", "")
    if forced and len(forced) != ID_LENGTH:
        raise InvalidHit(f"cid must be {ID_LENGTH} characters long")
    first_party = parameters.get("_id", "")[:ID_LENGTH]
    return Visitor(id=_hex(forced or (first_party if len(first_party) == ID_LENGTH else "")), fingerprint=fingerprint, is_user=False)


def join_visit(changes: Changes, visitor: Visitor, *, site: int, at_s: int, parameters: Mapping[str, str]) -> tuple[Visit, bool]:
    """Give the visit a hit joins, and whether it is new: within half an hour either side of a visit's LAST action (t80 to t84).

    A new day (t85), another campaign (t89) or `new_visit=1` starts one.
    """
    campaign = _campaign(parameters.get("url", ""))
    found = [visit for visit in changes.visits_of(site, visitor.keys) if abs(at_s - visit.last_s) <= VISIT_S]
    known = max(found, key=lambda visit: (visit.last_s, visit.number), default=None)
    if known is None or _starts_anew(known, at_s=at_s, campaign=campaign, parameters=parameters):
        number = changes.new_visit_number()
        visitor_id = visitor.id or hashlib.sha1(f"{visitor.fingerprint}{number}".encode(), usedforsecurity=False).hexdigest()[:ID_LENGTH]
        times = {"first_s": at_s, "last_s": at_s}
        new = Visit(number=number, site=site, visitor_id=visitor_id, fingerprint=visitor.fingerprint, campaign=campaign, **times)
        return new, True
    return replace(known, last_s=max(known.last_s, at_s)), False


@lru_cache(maxsize=REMEMBERED)
def read_ip(text: str) -> str:
    """Give the address Matomo makes of `cip`: what is no plain address is 0.0.0.0, without an error (t60_odd_cip_*)."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return "0.0.0.0"  # noqa: S104  # what Matomo stores


def anonymise(ip: str, masked_bytes: int) -> str:
    """Mask an address as the PrivacyManager does: two bytes of IPv4 are ten of IPv6 (t97)."""
    if not masked_bytes:
        return ip
    address = ipaddress.ip_address(ip)
    kept_bits = 32 - 8 * masked_bytes if address.version == 4 else {1: 64, 2: 48, 3: 32}.get(masked_bytes, 0)  # noqa: PLR2004
    return str(ipaddress.ip_network((ip, kept_bits), strict=False).network_address)


def _starts_anew(known: Visit, *, at_s: int, campaign: str, parameters: Mapping[str, str]) -> bool:
    is_other_day = at_s // DAY_S != known.last_s // DAY_S
    return is_other_day or bool(campaign and campaign != known.campaign) or parameters.get("new_visit") == "1"


def _campaign(url: str) -> str:
    if "campaign=" not in url:
        return ""
    query = parse_qs(urlsplit(url).query)
    return next((query[name][0] for name in CAMPAIGN if name in query), "")


def _hash_user(user: str) -> str:
    return hashlib.sha1(user.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()[:ID_LENGTH]


def _hex(visitor_id: str) -> str:
    if not visitor_id:
        return ""
    try:
        return bytes.fromhex(visitor_id).hex()
    except ValueError:
        return ZERO_ID
