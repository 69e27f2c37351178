"""The destination of hits that are routed to none: it refuses each, so that they are parked and counted like any other loss."""

from collections.abc import Sequence

from footfall import reasons
from footfall.destinations.delivery import Access, Answer, Deliverable, Kind, Meaning, Prepared, Verdict
from footfall.queueing.plan import NOWHERE

_NOBODY = Answer(Meaning.MISCONFIGURED, "there is no such destination")


class Nowhere:
    """A `Destination` that nothing is sent to."""

    name = NOWHERE
    hits_per_bulk = 1
    timeout_s = 0.0
    resends_uncertain = False

    def prepare(self, hit: Deliverable, site: str, *, now_ms: int) -> Prepared | Verdict:
        """Refuse it."""
        del hit, site, now_ms
        return Verdict(Kind.REJECTED, reasons.UNROUTED.code, "its site is not registered, or routed to no destination that there is")

    def send(self, bulk: Sequence[Prepared]) -> Answer:
        """Never called, since nothing is prepared."""
        del bulk
        return _NOBODY

    def probe(self, sites: Sequence[str]) -> Access:
        """Nobody answers."""
        del sites
        return Access(frozenset(), frozenset(), _NOBODY)
