"""Answer as the QueuedTracking plugin does: a pixel for whatever comes, before any of it is read (`matomo-measured` 2.1 and 4)."""

from urllib.parse import parse_qs

from local.matomo.bulk import Bulk, read_bulk
from local.matomo.exchange import GIF, HTML, PIXEL, Answer, Request
from local.matomo.parameters import integer
from local.matomo.state import Changes
from local.matomo.tokens import Authentication


def is_bypassed(request: Request) -> bool:
    """Tell whether the URL says `queuedtracking=0`; inside a hit it says nothing (q08, q08b)."""
    return parse_qs(request.query).get("queuedtracking") == ["0"]


def answer_queued(request: Request, changes: Changes) -> tuple[Answer, Changes]:
    """Queue a bulk unread; only a hit whose queue depends on an address it may not name is refused (q04)."""
    bulk = read_bulk(request.body)
    if not bulk.hits:
        return Answer(status=200, content_type=HTML), changes
    if _is_homeless(bulk, Authentication(changes=changes, address=request.address, now_s=request.now_s)):
        return Answer(status=400, content_type=GIF, body=PIXEL), changes.roll_back()
    changes.queued += [element for element in bulk.elements if isinstance(element, (str, dict))]
    if parse_qs(request.query).get("send_image") == ["0"]:
        return Answer(status=204, content_type=HTML), changes
    return Answer(status=200, content_type=GIF, body=PIXEL), changes


def _is_homeless(bulk: Bulk, authentication: Authentication) -> bool:
    """Tell whether a hit has neither visitor id nor a token for its `cip`; a bad token is found out only later (q02)."""
    return any(
        bool(hit.get("cip"))
        and not (hit.get("cid") or hit.get("uid") or hit.get("_id"))
        and not authentication.accepts(bulk.token, integer(hit, "idsite", 0))
        for hit in bulk.hits
    )
