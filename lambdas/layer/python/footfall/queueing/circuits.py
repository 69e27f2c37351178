"""The circuits of one run: read from the table, shared by its threads, opened when a destination fails, closed by a probe."""

import threading
from collections.abc import Callable, Iterable, Mapping

from footfall.destinations.delivery import Destination, Meaning
from footfall.destinations.exchange import MOST_SITES_PROBED
from footfall.queueing import circuit as pure
from footfall.queueing.circuit import Circuit
from footfall.queueing.ports import DeliveryTable

Now = Callable[[], int]


class Circuits:
    """What is known of each destination's circuit. `jitter` gives numbers from 0 to 1."""

    def __init__(
        self,
        table: DeliveryTable,
        destinations: Mapping[str, Destination],
        *,
        sites_of: Callable[[str], list[str]],
        now: Now,
        jitter: Callable[[], float],
    ) -> None:
        self._table = table
        self._destinations = destinations
        self._sites_of = sites_of
        self._now = now
        self._jitter = jitter
        self._known: dict[str, Circuit] = {}
        self._lock = threading.RLock()

    def refresh(self) -> None:
        """Read every circuit, and probe where it is time.

        Raises:
            UnavailableError: the table did not answer.
        """
        for name in self._destinations:
            with self._lock:
                self._known[name] = self._table.read_circuit(name)
            if self._known[name].is_due(self._now()):
                self._probe(name)

    def is_open(self, destination: str) -> bool:
        """Whether nothing may be sent there for now."""
        return self._circuit(destination).is_open

    def opens_again_ms(self, destination: str) -> int:
        """When a probe is due next, Unix milliseconds."""
        return self._circuit(destination).next_probe_ms

    def refused_sites(self, destination: str) -> frozenset[str]:
        """Sites for which nothing may be sent for now."""
        return self._circuit(destination).refused_sites(self._now())

    def all_open(self) -> bool:
        """Whether there is nowhere to deliver to."""
        return bool(self._destinations) and all(self.is_open(name) for name in self._destinations)

    def reasons(self) -> dict[str, str]:
        """Why each is open; empty when it is closed."""
        return {name: self._circuit(name).reason for name in self._destinations}

    def open(self, destination: str, reason: str, *, sites: Iterable[str], retry_after_s: float | None) -> None:
        """Open a circuit; one that is open stays as it is."""
        with self._lock:
            known = self._circuit(destination)
            if known.is_open:
                return
            chosen = tuple(dict.fromkeys(sites))[:MOST_SITES_PROBED]
            opened = pure.opened(known, reason, now_ms=self._now(), sites=chosen, jitter=self._jitter(), retry_after_s=retry_after_s)
            self._write(destination, known, opened)

    def refuse(self, destination: str, sites: frozenset[str]) -> None:
        """Remember sites that a destination takes nothing for."""
        with self._lock:
            known = self._circuit(destination)
            self._write(destination, known, pure.with_refused(known, sites, now_ms=self._now()))

    def _probe(self, name: str) -> None:
        """Probe, if no other run is quicker to put off the next one."""
        with self._lock:
            known = self._known[name]
            put_off = pure.opened(known, known.reason, now_ms=self._now(), sites=known.sites, jitter=self._jitter())
            if not self._write(name, known, put_off):
                return
        sites = known.sites or tuple(dict.fromkeys(self._sites_of(name)))[:MOST_SITES_PROBED]
        access = self._destinations[name].probe(sites)
        if access.answer.meaning is not Meaning.ACKNOWLEDGED or not access.accepted:
            return
        with self._lock:
            now_ms = self._now()
            closed = pure.closed(put_off, now_ms=now_ms)
            self._write(name, put_off, pure.with_refused(closed, access.refused, now_ms=now_ms) if access.refused else closed)

    def _write(self, name: str, known: Circuit, changed: Circuit) -> bool:
        """Write it, or learn what another run wrote meanwhile."""
        written = self._table.write_circuit(name, changed, expected_version=known.version)
        self._known[name] = changed if written else self._table.read_circuit(name)
        return written

    def _circuit(self, destination: str) -> Circuit:
        with self._lock:
            return self._known.get(destination) or Circuit()
