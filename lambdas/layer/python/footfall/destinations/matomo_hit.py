"""What Matomo is sent of one hit: its own agent, language, address, time and visitor, and nothing that is known to break a bulk.

Facts: a real Matomo 5.1.2, sent 65 odd inputs; the tests name them.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

import orjson

from footfall import reasons
from footfall.configuration import Destination
from footfall.destinations.delivery import Deliverable, Kind, Prepared, Verdict
from footfall.dialects.matomo import VISITOR_ID
from footfall.dialects.parameters import MATOMO, Use
from footfall.hits.authentication import SECRETS
from footfall.hits.identity import ADDRESSES_BY_POLICY
from footfall.hits.memo import Memo

NO_AGENT: Final = "-"
"""An empty `ua` counts as none, and Matomo would take the sender's; this one is no device and no bot to it."""

LONGEST_NAME: Final = 4_096
"""Characters of `log_action.name`; a longer event name is an SQL error there, titles and URLs are cut by Matomo itself."""
LONGEST_AGE_DAYS: Final = 20 * 365
"""Matomo takes an older time for garbage and puts now in its place."""

_DAY_MS: Final = 86_400_000
_NAMES: Final = ("e_c", "e_a", "e_n", "c_n", "c_p", "c_t", "c_i", "search", "search_cat", "_pkn", "_pks", "_pkc", "pv_id")
_AUTH_ONLY: Final = frozenset(name for name, parameter in MATOMO.items() if parameter.is_auth_only)
_NEVER: Final = (
    SECRETS | frozenset(name for name, each in MATOMO.items() if each.use is Use.TRANSPORT and name != "rand") | {"cip", "cdt", "cdo"}
)
_STRIPPED: Final = _NEVER | _AUTH_ONLY


class HitWriter:
    """Writes hits for one Matomo, under the deployment's IP policy and trust."""

    def __init__(self, settings: Destination, *, ip_policy: str, trusts_all: bool) -> None:
        self._keeps_days = settings.keeps_days or LONGEST_AGE_DAYS
        self._keeps_ms = self._keeps_days * _DAY_MS
        self._ip_policy = ip_policy
        self._trusts_all = trusts_all

    def prepare(self, hit: Deliverable, site: str, now_ms: int) -> Prepared | Verdict:
        """Write one hit for a bulk, or say why it cannot be sent.

        A time in the future becomes now, since Matomo would do so by its own clock. Auth-only parameters count for a hit that is
        `authenticated`, and for all where all are trusted.
        """
        event_ms = hit.event_ms
        if event_ms < now_ms - self._keeps_ms:
            return Verdict(Kind.REJECTED, reasons.TOO_OLD.code, f"older than {self._keeps_days} days")
        values = dict(hit.parameters)
        for name in (_NEVER if self._trusts_all or hit.authenticated else _STRIPPED).intersection(values):
            del values[name]
        values["idsite"] = site
        values["rec"] = "1"
        values["ua"] = hit.user_agent or values.get("ua") or NO_AGENT
        values["cip"] = ADDRESSES_BY_POLICY[hit.address, self._ip_policy]
        values["cdt"] = str((min(now_ms, event_ms)) // 1000)
        if hit.language:
            values["lang"] = hit.language
        if hit.visitor_id:
            values["cid"] = hit.visitor_id
        if hit.referer and not values.get("url") and not values.get("urlref"):
            values["url"] = hit.referer  # Matomo would look for the page in the sender's Referer header
        mended = _mend(values)
        request = orjson.dumps(values)
        if len(request) > LONGEST_NAME and (cut := _cut_names(values)):
            request, mended = orjson.dumps(values), (*mended, *cut)
        is_order = values.get("idgoal") == "0" and bool(values.get("ec_id"))
        return Prepared(site, request, is_order, False, mended)


def _mend(values: dict[str, str]) -> tuple[str, ...]:
    """Take out what Matomo fails on; names of the parameters."""
    bad = []
    if "uadata" in values and not _KNOWN_UADATA[values["uadata"]]:
        bad.append("uadata")
    if "e_v" in values and not _is_finite(values["e_v"]):
        bad.append("e_v")
    if "cid" in values and not VISITOR_ID.fullmatch(values["cid"]):
        bad.append("cid")  # of another length: invalid; 16 other characters: visitor 0, shared by all such hits
    for name in bad:
        del values[name]
    return tuple(bad)


def _cut_names(values: dict[str, str]) -> tuple[str, ...]:
    long = tuple(name for name in _NAMES if len(values.get(name, "")) > LONGEST_NAME)
    for name in long:
        values[name] = values[name][:LONGEST_NAME]
    return long


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return True  # PHP reads text as 0


def _is_known_uadata(text: str) -> bool:
    """Whether client hints have the types that Matomo's device detection declares; other JSON than an object it ignores."""
    try:
        hints = orjson.loads(text)
    except orjson.JSONDecodeError:
        return True
    if not isinstance(hints, dict):
        return True
    lists = (_is_brands(hints.get(name, [])) for name in ("brands", "fullVersionList"))
    texts = (hints.get(name, "") for name in ("model", "platform", "platformVersion"))
    forms = hints.get("formFactors", [])
    return (
        all(lists)
        and all(isinstance(text, str) for text in texts)
        and isinstance(hints.get("mobile", False), bool)
        and isinstance(forms, list)
        and all(isinstance(form, str) for form in forms)
    )


def _is_brands(brands: Any) -> bool:
    return isinstance(brands, list) and all(
        isinstance(each, Mapping) and isinstance(each.get("brand"), str) and isinstance(each.get("version"), str) for each in brands
    )


_MEMO_LIMIT: Final = 5_000
_KNOWN_UADATA: Final = Memo(_is_known_uadata, limit=_MEMO_LIMIT)
"""Client hints come again: 0.2 us against 6."""
