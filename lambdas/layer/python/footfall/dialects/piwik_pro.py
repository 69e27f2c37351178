"""What a Piwik PRO request reports, where its dialect differs from Matomo's."""

from collections.abc import Mapping
from typing import Final

from footfall.dialects import matomo

_BY_E_COMMERCE_TYPE: Final = {
    "order": "order",
    "cart-update": "cart",
    "add-to-cart": "cart",
    "remove-from-cart": "cart",
    "product-detail-view": "product_view",
}


def action_of(parameters: Mapping[str, str]) -> str:
    """Name what the request reports: `e_t` for e-commerce, else as Matomo.

    >>> action_of({"e_t": "order", "ec_id": "T-1"}), action_of({"url": "/"})
    ('order', 'page_view')
    """
    return _BY_E_COMMERCE_TYPE.get(parameters.get("e_t", "")) or matomo.action_of(parameters)


def is_anonymous(parameters: Mapping[str, str]) -> bool:
    """Whether the tracker itself asks for no address: anonymous tracking (`uia`) or erasure of the IP (`rmip`)."""
    return parameters.get("uia") == "1" or parameters.get("rmip") == "1"
