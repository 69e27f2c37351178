"""The checks of `footfall queue test`: each says what was seen and what to do."""

from collections.abc import Callable, Sequence
from typing import Any

from footfall.destinations.delivery import Destination
from footfall.errors import FootfallError

Check = dict[str, str]


def check_place(name: str, ask: Callable[[], Any]) -> Check:
    """Whether a queue or a table answers."""
    try:
        ask()
    except FootfallError as failed:
        return _check(name, "fail", str(failed), "compare the stack's outputs, region and credentials")
    return _check(name, "ok", "answers", "")


def check_destination(name: str, destination: Destination, sites: Sequence[str]) -> Check:
    """Whether a destination takes hits for the sites that are routed to it; one refused request counts as one failed login."""
    try:
        access = destination.probe(sites)
    except FootfallError as failed:
        return _check(f"destination {name}", "fail", str(failed), "see that the secret exists and may be read")
    if access.refused:
        seen = f"the token is refused for its sites {', '.join(sorted(access.refused))}"
        return _check(f"destination {name}", "fail", seen, "compare the numbers under `deliver`, and the token's write access")
    if set(sites) - access.accepted:
        return _check(f"destination {name}", "fail", access.answer.detail or "no answer", "compare `url`; see whether the server works")
    return _check(f"destination {name}", "ok", f"takes hits for its sites {', '.join(sites)}; nothing was stored", "")


def _check(name: str, verdict: str, seen: str, todo: str) -> Check:
    return {"verdict": verdict, "name": name, "seen": seen} | ({"todo": todo} if todo else {})
