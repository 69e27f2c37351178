"""Put a stand-in Matomo on this machine in place of each destination, so that nothing that is tried out reaches a real one."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

from footfall.configuration import Configuration
from local.matomo.exchange import Answer, Request
from local.matomo.server import Matomo
from local.matomo.settings import Site, Token
from local.matomo.state import Changes, State
from local.tracking_queue import with_destination

Answered = Callable[[str, Request, Answer, Changes], None]
"""Is told which destination answered what, and what that changed."""

TOKEN = secrets.token_hex(16)
"""Another in each process; it opens the stand-ins and nothing else."""


@contextmanager
def stand_ins(configuration: Configuration, answered: Answered) -> Iterator[Configuration]:
    """Run them, each with the sites that are routed there; the configuration that leads to them, and waits for no late hits."""
    with ExitStack() as stack:
        for destination in configuration.destinations:
            state = State(sites=_sites(configuration, destination.name), tokens={TOKEN: Token(access="super")})
            matomo = stack.enter_context(Matomo(state=state, observe=partial(answered, destination.name)))
            configuration = with_destination(configuration, destination.name, f"{matomo.url}matomo.php")
        yield replace(configuration, queue=replace(configuration.queue, settle_s=0))


def _sites(configuration: Configuration, destination: str) -> dict[int, Site]:
    routes = (route for site in configuration.sites.registered for route in site.deliver)
    return {int(number): Site() for name, number in routes if name == destination and number.isdecimal()}
