"""Answer the Reporting API, as far as a probe of a token asks it; `METHODS` is where more of it goes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from local.matomo.exchange import HTML, Answer, Request, error_page
from local.matomo.parameters import read_query
from local.matomo.state import Changes, State
from local.matomo.tokens import Authentication

REPORT: Final = "application/json; charset=utf-8"

Method = Callable[[Mapping[str, str], State], object]


def _version(_parameters: Mapping[str, str], state: State) -> object:
    return {"value": state.behaviour.version}


METHODS: Final[Mapping[str, Method]] = {"API.getMatomoVersion": _version}
"""What each method answers to a reader whose token was accepted, as the object its JSON shows."""


def answer_report(request: Request, changes: Changes) -> Answer:
    """Answer one call: who may not even ask is told in HTML, who may not read in JSON (r10, r10b, r11, r60, r91, r94)."""
    behaviour = changes.state.behaviour
    if behaviour.is_in_maintenance:
        return replace(error_page(503, "Matomo is undergoing maintenance"), content_type=HTML, headers={})
    if behaviour.is_database_down:
        return error_page(500, "Connection refused")
    form = read_query(request.form)
    parameters = form | read_query(request.query)
    authentication = Authentication(changes=changes, address=request.address, now_s=request.now_s)
    if authentication.is_locked_out():
        return error_page(500, "Too many failed logins. Please wait and try logging in again later.")
    token = parameters.get("token_auth", "")
    if token and not _is_known(token, changes.state, is_form="token_auth" in form):
        authentication.fail()
        return _refused(is_form="token_auth" in form)
    if refusal := _lacks_access(token, parameters, changes.state):
        return _message(401, refusal)
    return _run(parameters, changes.state)


def _is_known(token: str, state: State, *, is_form: bool) -> bool:
    known = state.tokens.get(token)
    return known is not None and (is_form or not known.is_secure_only)


def _refused(*, is_form: bool) -> Answer:
    if is_form:
        return error_page(401, "Unable to authenticate with the provided token. It is either invalid or expired.")
    reason = "It is either invalid, expired or is required to be sent as a POST parameter."
    return _message(401, f"Unable to authenticate with the provided token. {reason}")


def _lacks_access(token: str, parameters: Mapping[str, str], state: State) -> str:
    known, site = state.tokens.get(token), parameters.get("idSite", "")
    if site.isdecimal():
        may_read = known is not None and known.reaches(int(site))
        return "" if may_read else f"You can't access this resource as it requires 'view' access for the website id = {site}."
    return "" if known else "You can't access this resource as it requires view access for at least one website."


def _run(parameters: Mapping[str, str], state: State) -> Answer:
    name = parameters.get("method", "")
    if name not in METHODS:
        return _message(200, f"The method '{name}' does not exist or is not available in this stand-in.")
    return Answer(status=200, content_type=REPORT, body=_compact(METHODS[name](parameters, state)))


def _message(status: int, text: str) -> Answer:
    return Answer(status=status, content_type=REPORT, body=_compact({"result": "error", "message": text}))


def _compact(answer: object) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode()
