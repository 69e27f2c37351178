"""Track one hit in the order Matomo does, which decides what is invalid, what is excluded and what is stored.

The order, read in Matomo 5.1.2 (core/Tracker.php trackRequest, core/Tracker/Visit.php handle,
plugins/CoreHome/Tracker/VisitRequestProcessor.php processRequestParams): time, site, the location parameters, the address,
and only then the exclusions of core/Tracker/VisitExcluded.php, of which a missing `rec` is one. So a hit with `rec=0` (or
without rec) that names its own `cip` is *invalid* under a refused token (getIpString in core/Tracker/Request.php raises before
the exclusions are asked) and *tracked, not stored* under an accepted one. A bulk of one such hit per site is a probe of a token
that leaves no trace; a refused one counts as one failed login, however many hits it holds (plugins/Login/Login.php).
"""

from collections.abc import Mapping
from typing import Final

from local.matomo.action import OF_NO_ACTION, InvalidHit, action_kind, check_agent, check_values, stored_url
from local.matomo.exchange import Request
from local.matomo.exclusion import is_excluded
from local.matomo.parameters import integer
from local.matomo.settings import Site
from local.matomo.state import Changes, StoredHit
from local.matomo.timestamps import DAY_S, custom_time_s
from local.matomo.tokens import Authentication
from local.matomo.visitor import anonymise, join_visit, read_ip, read_visitor

TIME_WITHOUT_TOKEN_S: Final = DAY_S
"""tracking_requests_require_authentication_when_custom_timestamp_newer_than (t13, t14)."""

CLEANUP_DAYS: Final = 7
"""delete_logs_schedule_lowest_interval, added to the age raw data is deleted at (t99)."""

LOCATION: Final = ("city", "region", "country", "lat", "long")


def track(parameters: Mapping[str, str], *, request: Request, token: str, authentication: Authentication, changes: Changes) -> None:
    """Track one hit: into `changes`, or nowhere if Matomo excludes it.

    Raises:
        InvalidHit, PoisonHit, FatalHit: as `action` draws them.
    """
    if not parameters:  # counted, though it is nothing (t04b)
        return
    number = integer(parameters, "idsite", 0)
    site = changes.state.sites.get(number)
    if site is None:
        raise InvalidHit(f"site {number} does not exist")
    is_trusted = _Trust(authentication, token or parameters.get("token_auth", ""), number)
    at_s = _time_s(parameters, request.now_s, is_trusted, changes.state.behaviour.raw_data_days)
    if any(parameters.get(name) for name in LOCATION) and not is_trusted():
        raise InvalidHit("a location needs a token")
    ip = _address(parameters, request, is_trusted)
    agent = parameters.get("ua") or request.headers.get("user-agent", "")
    check_agent(parameters)
    if is_excluded(parameters, site=site, ip=ip, user_agent=agent):
        return
    _store(parameters, number=number, site=site, at_s=at_s, ip=ip, agent=agent, changes=changes)


class _Trust:
    """Whether a hit's token is accepted; asked only where it matters, since asking with a bad one counts against the address."""

    def __init__(self, authentication: Authentication, token: str, site: int) -> None:
        self._authentication, self._token, self._site = authentication, token, site

    def __call__(self) -> bool:
        return self._authentication.accepts(self._token, self._site)


def _time_s(parameters: Mapping[str, str], now_s: int, is_trusted: _Trust, raw_data_days: int | None) -> int:
    at_s = custom_time_s(parameters, now_s)
    if at_s is None:
        return now_s
    if now_s - at_s >= TIME_WITHOUT_TOKEN_S and not is_trusted():
        raise InvalidHit("an old cdt needs a token")
    if raw_data_days is not None and at_s < now_s - (raw_data_days + CLEANUP_DAYS) * DAY_S:
        raise InvalidHit("cdt is older than raw data is kept")
    return at_s


def _address(parameters: Mapping[str, str], request: Request, is_trusted: _Trust) -> str:
    if parameters.get("cip", "0") in {"", "0"}:
        return request.address
    if not is_trusted():
        raise InvalidHit("cip needs a token")
    return read_ip(parameters["cip"])


def _store(parameters: Mapping[str, str], *, number: int, site: Site, at_s: int, ip: str, agent: str, changes: Changes) -> None:
    behaviour = changes.state.behaviour
    visitor = read_visitor(parameters, ip=ip, user_agent=agent)
    kind = action_kind(parameters, site=site, behaviour=behaviour)
    check_values(parameters)
    visit, is_new = join_visit(changes, visitor, site=number, at_s=at_s, parameters=parameters)
    if kind == "ping" and is_new:
        return
    is_repeated = _is_repeated_conversion(kind, parameters, number, visit.number, changes)
    changes.keep_visit(visit)
    if is_repeated:
        return
    changes.hits.append(
        StoredHit(
            site=number,
            kind=kind,
            visit=visit.number,
            visitor_id=visitor.id or visit.visitor_id,
            ip=anonymise(ip, behaviour.anonymised_bytes),
            user_agent=agent,
            action=parameters.get("action_name", ""),
            server_time_s=at_s,
            url=None if kind in OF_NO_ACTION else stored_url(parameters, kind),
            parameters=parameters,
        )
    )


def _is_repeated_conversion(kind: str, parameters: Mapping[str, str], site: int, visit: int, changes: Changes) -> bool:
    """Note an order or a goal: a repeated goal is tracked and kept once, a repeated order is invalid (t71)."""
    if kind == "order":
        if changes.has_order(site, parameters["ec_id"]):
            raise InvalidHit("this order is stored already")
        changes.orders.add((site, parameters["ec_id"]))
    if kind != "goal":
        return False
    goal = integer(parameters, "idgoal", 0)
    is_repeated = changes.has_goal(visit, goal)
    changes.goals.add((visit, goal))
    return is_repeated
