"""The checks of `footfall queue test`: each says what was seen and what to do."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from footfall.aws.delivery_table import DeliveryTable
from footfall.aws.drain import make_destinations
from footfall.aws.queue_admin import count_messages
from footfall.aws.secrets import NamedSecret
from footfall.cli.finding import FAIL, OK, WARN
from footfall.configuration import Configuration
from footfall.destinations.delivery import Destination
from footfall.errors import FootfallError
from footfall.functions import ProcessQueueSettings

Check = dict[str, str]


def check_all(configuration: Configuration, settings: ProcessQueueSettings, *, now_ms: int) -> list[Check]:
    """Whether everything that the drain needs answers; no hit is stored."""
    checks = [
        check_place("queue", lambda: count_messages(settings.queue_url)),
        check_place("dead letters", lambda: count_messages(settings.dead_letters_url)),
        check_place("delivery table", lambda: _use_table(DeliveryTable(settings.delivery_table), now_ms)),
    ]
    secrets = {each.name: each.token_secret for each in configuration.destinations}
    for name, destination in make_destinations(configuration).items():
        sites = [number for site in configuration.sites.registered for to, number in site.deliver if to == name]
        checks.append(check_secret(name, secrets[name]) or check_destination(name, destination, sites))
    return checks


def check_place(name: str, ask: Callable[[], Any]) -> Check:
    """Whether a queue or a table answers."""
    try:
        ask()
    except FootfallError as failed:
        return _check(name, FAIL, str(failed), "compare the stack's outputs, region, credentials and their permissions")
    return _check(name, OK, "answers")


def check_secret(name: str, secret: str) -> Check | None:
    """What is wrong with the secret of a destination; None when it can be read."""
    try:
        is_empty = not NamedSecret(secret).value()
    except FootfallError as failed:
        return _check(f"destination {name}", FAIL, f"secret {secret}: {failed}", "see that this secret exists and may be read")
    return _check(f"destination {name}", FAIL, f"secret {secret}: it is empty", "put the token into this secret") if is_empty else None


def check_destination(name: str, destination: Destination, sites: Sequence[str]) -> Check:
    """Whether a destination takes hits for the sites that are routed to it; one refused request counts as one failed login."""
    if not sites:
        return _check(f"destination {name}", WARN, "no site is routed to it", "name it under `deliver` of a site, or take it out")
    try:
        access = destination.probe(sites)
    except FootfallError as failed:
        return _check(f"destination {name}", FAIL, str(failed), "compare `url`; see whether the server works")
    if access.refused:
        seen = f"the token is refused for its sites {', '.join(sorted(access.refused))}"
        return _check(f"destination {name}", FAIL, seen, "compare the numbers under `deliver`, and the token's write access")
    if set(sites) - access.accepted:
        return _check(f"destination {name}", FAIL, access.answer.detail or "no answer", "compare `url`; see whether the server works")
    return _check(f"destination {name}", OK, f"takes hits for its sites {', '.join(sites)}; nothing was stored")


def _use_table(table: DeliveryTable, now_ms: int) -> None:
    """Read as the drain does, and write what no run looks for: its keys begin with ledger, lease or circuit."""
    table.read_circuit("test")
    table.rehearse_write(f"test/{uuid.uuid4()}", now_ms=now_ms)


def _check(name: str, verdict: str, seen: str, todo: str = "") -> Check:
    return {"verdict": verdict, "name": name, "seen": seen} | ({"todo": todo} if todo else {})
