"""A destination's circuit: while it is open nothing is sent there, and a probe tells when it may close. Pure."""

from collections.abc import Mapping
from typing import Final, NamedTuple

_INTERVALS_S: Final[Mapping[str, tuple[float, float]]] = {
    "refused": (300.0, 3_600.0),  # each probe is a refused request too, and Matomo locks an address out after 20 in an hour
    "misconfigured": (300.0, 3_600.0),
    "paused": (60.0, 600.0),
    "unavailable": (15.0, 600.0),
}
"""First and longest interval between probes, by why the circuit is open; it doubles each time."""

REFUSED_SITE_S: Final = 600.0
"""So long no hit of a site is sent that the destination refused: each attempt may count towards a lock-out."""

_JITTER: Final = 0.25


class Circuit(NamedTuple):
    """Open or closed; `changed_ms` is when it became so, `sites` those to probe with, `refused_until_ms` by site.

    A closed circuit keeps its interval, so that one that opens again soon goes on where it was.
    """

    is_open: bool = False
    reason: str = ""
    changed_ms: int = 0
    next_probe_ms: int = 0
    interval_s: float = 0.0
    sites: tuple[str, ...] = ()
    refused_until_ms: Mapping[str, int] = {}
    version: int = 0

    def is_due(self, now_ms: int) -> bool:
        """Whether it is open and time for a probe."""
        return self.is_open and now_ms >= self.next_probe_ms

    def refused_sites(self, now_ms: int) -> frozenset[str]:
        """Sites for which nothing is sent for now."""
        return frozenset(site for site, until_ms in self.refused_until_ms.items() if now_ms < until_ms)


def opened(
    circuit: Circuit, reason: str, *, now_ms: int, sites: tuple[str, ...], jitter: float, retry_after_s: float | None = None
) -> Circuit:
    """Open a circuit, or keep it open after a probe that failed: the interval doubles up to its bound; `jitter` is from 0 to 1.

    >>> first = opened(Circuit(), "unavailable", now_ms=0, sites=("1",), jitter=0.0)
    >>> opened(first, "unavailable", now_ms=first.next_probe_ms, sites=("1",), jitter=0.0).interval_s
    30.0
    """
    shortest, longest = _INTERVALS_S[reason]
    goes_on = circuit.interval_s and now_ms - max(circuit.changed_ms, circuit.next_probe_ms) < 2_000 * circuit.interval_s
    interval_s = min(max(shortest, 2 * circuit.interval_s), longest) if goes_on else shortest
    wait_s = max(interval_s * (1 + _JITTER * jitter), retry_after_s or 0.0)
    return circuit._replace(
        is_open=True,
        reason=reason,
        changed_ms=circuit.changed_ms if circuit.is_open else now_ms,
        next_probe_ms=now_ms + int(1000 * wait_s),
        interval_s=interval_s,
        sites=sites,
        version=circuit.version + 1,
    )


def closed(circuit: Circuit, *, now_ms: int) -> Circuit:
    """Close a circuit."""
    return circuit._replace(is_open=False, reason="", changed_ms=now_ms, next_probe_ms=0, version=circuit.version + 1)


def with_refused(circuit: Circuit, sites: frozenset[str], *, now_ms: int) -> Circuit:
    """Remember sites that the destination takes nothing for; those whose time is over are forgotten."""
    kept = {site: until_ms for site, until_ms in circuit.refused_until_ms.items() if now_ms < until_ms}
    until_ms = now_ms + int(1000 * REFUSED_SITE_S)
    return circuit._replace(refused_until_ms=kept | dict.fromkeys(sorted(sites), until_ms), version=circuit.version + 1)
