"""Tell who speaks before anything is parsed by its grammar: Matomo, Piwik PRO or a plain pixel."""

import re
from collections.abc import Mapping
from typing import Final

MATOMO: Final = "matomo"
PIWIK_PRO: Final = "piwik_pro"
PIXEL: Final = "pixel"

_MATOMO_PATHS: Final = frozenset({"/matomo.php", "/piwik.php"})
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def detect_dialect(path: str, parameters: Mapping[str, str]) -> str:
    """Name the dialect: by the site's id (a number is Matomo's, a UUID Piwik PRO's), else by the path.

    >>> detect_dialect("/1x1.png", {"userid": "u"}), detect_dialect("/1x1.png", {"idsite": "1", "rec": "1"})
    ('pixel', 'matomo')
    """
    idsite = parameters.get("idsite", "")
    if _UUID.fullmatch(idsite):
        return PIWIK_PRO
    if path in _MATOMO_PATHS:
        return MATOMO
    if path == "/ppms.php":
        return PIWIK_PRO
    return MATOMO if idsite and "rec" in parameters else PIXEL
