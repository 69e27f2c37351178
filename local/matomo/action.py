"""What a hit does, what Matomo refuses in it, and what makes its whole batch fail (`matomo-measured` 2.2)."""

import json
import math
from collections.abc import Mapping
from typing import Final

from local.matomo.parameters import integer
from local.matomo.settings import NAME_LIMIT, Behaviour, Site

NAMES: Final = ("e_c", "e_a", "e_n", "c_n", "c_p", "c_i")
"""Stored whole in log_action; titles, URLs and order numbers are cut by Matomo and do no harm."""

TIMINGS: Final = ("pf_net", "pf_srv", "pf_tfr", "pf_dm1", "pf_dm2", "pf_onl")
LISTS: Final = ("brands", "fullVersionList", "formFactors")
TEXTS: Final = ("platform", "platformVersion", "model")

OF_NO_ACTION: Final = frozenset({"goal", "order", "cart", "ping"})
"""Kinds that leave no row among the actions."""


class InvalidHit(Exception):  # noqa: N818  # Matomo's own word
    """Counted `invalid`, the rest of the bulk goes on."""


class PoisonHit(Exception):  # noqa: N818
    """An exception in Matomo: 500, and the whole batch is rolled back."""


class FatalHit(Exception):  # noqa: N818
    """A PHP fatal error: 500 with an empty body, and the whole batch is rolled back."""


def check_agent(parameters: Mapping[str, str]) -> None:
    """Read the client hints, where a wrong type kills PHP (t60_odd_uadata_types; text that is no JSON object does not).

    Which of the wrong types it was is not measured: each of them does it here.

    Raises:
        FatalHit: a list is none, or a text is none.
    """
    try:
        hints = json.loads(parameters.get("uadata", "null"))
    except ValueError:
        return
    if not isinstance(hints, dict):
        return
    is_bad_list = any(name in hints and not isinstance(hints[name], list) for name in LISTS)
    if is_bad_list or any(isinstance(hints.get(name), (list, dict)) for name in TEXTS):
        raise FatalHit


def action_kind(parameters: Mapping[str, str], *, site: Site, behaviour: Behaviour) -> str:
    """Name what a hit does, in Matomo's order of asking.

    Raises:
        InvalidHit: an unknown goal, or a blank event category or action.
        PoisonHit: `ca=1` that no plugin takes.
    """
    goal = integer(parameters, "idgoal", -1)
    if parameters.get("ping", "0") not in {"", "0"}:
        return "ping"
    if goal > 0:
        if goal not in site.goals:
            raise InvalidHit(f"idGoal {goal} does not exist")
        return "goal"
    if goal == 0:
        return "order" if parameters.get("ec_id") else "cart"
    return _page_kind(parameters, behaviour)


def _page_kind(parameters: Mapping[str, str], behaviour: Behaviour) -> str:
    for name, kind in (("download", "download"), ("link", "outlink"), ("c_n", "content")):
        if parameters.get(name):
            return kind
    if parameters.get("e_c") and parameters.get("e_a"):
        if not (parameters["e_c"].strip() and parameters["e_a"].strip()):
            raise InvalidHit("e_c and e_a must not be blank")
        return "event"
    if parameters.get("search"):
        return "search"
    if parameters.get("ca", "0") not in {"", "0"} and not behaviour.action_handlers:
        raise PoisonHit("a custom action without a plugin that handles it")
    return "pageview"


def check_values(parameters: Mapping[str, str]) -> None:
    """Check what goes into the database's columns.

    Raises:
        InvalidHit: a page timing is negative (t60_odd_pf_neg).
        PoisonHit: a name of over 4,096 characters, or an event value that is infinite.
    """
    if any(integer(parameters, name, 0) < 0 for name in TIMINGS):
        raise InvalidHit("a page timing is negative")
    if any(len(parameters.get(name, "")) > NAME_LIMIT for name in NAMES):
        raise PoisonHit("Data too long for column 'name'")
    if "e_v" in parameters and math.isinf(_number(parameters["e_v"])):
        raise PoisonHit("INF is no number to SQL")


def _number(text: str) -> float:
    try:
        return 0.0 if text.strip().lower().lstrip("+-").startswith(("inf", "nan")) else float(text)
    except ValueError:
        return 0.0


def stored_url(parameters: Mapping[str, str], kind: str) -> str | None:
    """Give the URL as log_action keeps it: without scheme and www.; a search has none, content keeps its own whole."""
    url = parameters.get({"download": "download", "outlink": "link"}.get(kind, "url"), "")
    if kind == "search" or not url:
        return None
    return url if kind == "content" or "://" not in url else url.split("://", 1)[1].removeprefix("www.")
