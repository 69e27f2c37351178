"""Say in Matomo's words what a Piwik PRO tracker reported, as far as the two agree.

Sources: Piwik PRO's `ppms.php` specification; Matomo's Tracking HTTP API reference (docs 5.x).
"""

from collections.abc import Mapping
from typing import Final

from footfall.dialects.parameters import MATOMO, PIWIK_PRO

_E_COMMERCE: Final = frozenset({"order", "cart-update"})
"""What Matomo knows as a goal of its own, number 0."""
_OTHER_NAMES: Final = {"lon": "long", "ec_products": "ec_items"}
_ONLY_PIWIK_PRO: Final = PIWIK_PRO.keys() - MATOMO.keys() - _OTHER_NAMES.keys()


def as_matomo(parameters: Mapping[str, str]) -> dict[str, str]:
    """Parameters as Matomo reads them; what it has no word for becomes an event, since it would count as a page view otherwise.

    >>> as_matomo({"e_t": "order", "ec_id": "T-1", "ec_products": "[]", "uia": "1"})
    {'ec_id': 'T-1', 'ec_items': '[]', 'idgoal': '0'}
    >>> as_matomo({"e_t": "add-to-cart"})
    {'e_c': 'ecommerce', 'e_a': 'add-to-cart'}
    """
    kind, goal = parameters.get("e_t", ""), parameters.get("idgoal", "")
    matomo = {_OTHER_NAMES.get(name, name): value for name, value in parameters.items() if name not in _ONLY_PIWIK_PRO}
    if kind in _E_COMMERCE:
        return matomo | {"idgoal": "0"}
    if kind:
        return matomo | {"e_c": "ecommerce", "e_a": kind}
    if goal not in ("", "0", "-1"):
        del matomo["idgoal"]  # its goals have numbers and UUIDs of their own
        return matomo | {"e_c": "goal", "e_a": goal}
    return matomo
