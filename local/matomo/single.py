"""Answer a hit sent alone, in the URL or a form: unlike a bulk it tells by its status (`matomo-measured` 2.8)."""

from dataclasses import replace

from local.matomo.action import FatalHit, InvalidHit, PoisonHit
from local.matomo.bulk import FATAL
from local.matomo.exchange import GIF, HTML, PIXEL, TRACKER_PAGE, Answer, Request
from local.matomo.parameters import read_query
from local.matomo.state import Changes
from local.matomo.tokens import Authentication
from local.matomo.track import track


def answer_single(request: Request, changes: Changes) -> tuple[Answer, Changes]:
    """Track one hit; without parameters a GET is the health page (t59), and a body that is no bulk is refused (t32 to t36)."""
    parameters = read_query(request.form) | read_query(request.query)
    if changes.state.behaviour.is_paused:
        return _pixel(request, parameters, status=503), changes
    if changes.state.behaviour.is_database_down:
        return _pixel(request, parameters, status=500), changes
    if not parameters:
        return Answer(status=200 if request.method == "GET" else 400, content_type=HTML, body=TRACKER_PAGE), changes
    return _track(request, parameters, changes)


def _track(request: Request, parameters: dict[str, str], changes: Changes) -> tuple[Answer, Changes]:
    is_form = "token_auth" in read_query(request.form)
    authentication = Authentication(changes=changes, address=request.address, now_s=request.now_s, is_form=is_form)
    try:
        track(parameters, request=request, token="", authentication=authentication, changes=changes)
    except InvalidHit:
        refused = _pixel(request, parameters, status=400)
        return replace(refused, body=refused.body + TRACKER_PAGE), changes.roll_back()
    except PoisonHit:
        return _pixel(request, parameters, status=500), changes.roll_back()
    except FatalHit:
        return FATAL, changes.roll_back()
    return _pixel(request, parameters, status=200), changes


def _pixel(request: Request, parameters: dict[str, str], *, status: int) -> Answer:
    headers = {"Cache-Control": "no-store"} if request.method == "GET" else {}
    if parameters.get("send_image") == "0" and status == 200:  # noqa: PLR2004
        return Answer(status=204, content_type=HTML, headers=headers)
    return Answer(status=status, content_type=GIF, body=PIXEL, headers=headers)
