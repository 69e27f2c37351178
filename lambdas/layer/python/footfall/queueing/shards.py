"""The visitor shards of a run: a lease for each that is touched, held until the run ends; shards are delivered in parallel."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from footfall.destinations.delivery import Destination
from footfall.destinations.exchange import History
from footfall.errors import FootfallError, UnavailableError
from footfall.queueing.circuits import Circuits
from footfall.queueing.deliver import WAITS, Fate, ShardDelivery
from footfall.queueing.lease import Lease, lease_key
from footfall.queueing.ledger import Ledger
from footfall.queueing.nowhere import Nowhere
from footfall.queueing.plan import Group, Task
from footfall.queueing.ports import DeadLetterSink, DeliveryTable
from footfall.queueing.tally import Tally

REQUESTS_UNDER_A_LEASE: Final = 4
"""A bulk that fails takes up to four requests until its verdict: send, probe, probe with a new token, send again."""

_LEASE_MARGIN_MS: Final = 30_000


@dataclass(slots=True, kw_only=True)
class Shards:
    """All that a run does with destinations; `owner` names the run, `keeps_s` is how long the ledger remembers."""

    table: DeliveryTable
    destinations: Mapping[str, Destination]
    circuits: Circuits
    dead_letters: DeadLetterSink
    queue_name: str
    owner: str
    keeps_s: int
    now: Callable[[], int]
    until_ms: int
    threads: int
    _leases: dict[Group, Lease] = field(default_factory=dict)
    _histories: dict[str, History] = field(default_factory=dict)
    _pool: ThreadPoolExecutor | None = None

    def deliver(self, groups: Mapping[Group, list[Task]], beat: Callable[[], None], tally: Tally) -> dict[str, list[Fate]]:
        """Deliver every group, in parallel; returns the fates of the hits that are not safe everywhere, by delivery id."""
        deliveries = [(self._delivery(group, beat), tasks) for group, tasks in sorted(groups.items())]
        if self.threads > 1 and len(deliveries) > 1:
            self._pool = self._pool or ThreadPoolExecutor(self.threads)  # for the run: each thread keeps its connections alive
            list(self._pool.map(lambda each: self._run(*each), deliveries))
        else:
            for delivery, tasks in deliveries:
                self._run(delivery, tasks)
        waiting: dict[str, list[Fate]] = defaultdict(list)
        for delivery, tasks in deliveries:
            tally.add(delivery.tally)
            for id_ in {task.id for task in tasks} - delivery.safe:
                waiting[id_].append(delivery.fates.get(id_, WAITS))
        return waiting

    def release(self, tally: Tally) -> None:
        """End the threads and give all leases back; one that cannot be given back expires."""
        if self._pool:
            self._pool.shutdown()
        for lease in self._leases.values():
            try:
                lease.release()
            except UnavailableError as failed:
                tally.stopped[type(failed).__name__] += 1
            tally.items_written += lease.writes + lease.ledger.items_written
            tally.items_read += lease.ledger.items_read
        self._leases.clear()

    def _delivery(self, group: Group, beat: Callable[[], None]) -> ShardDelivery:
        destination = self.destinations.get(group.destination) or Nowhere()
        return ShardDelivery(
            group=group,
            destination=destination,
            lease=self._leases.get(group) or self._new_lease(group, destination.timeout_s),
            circuits=self.circuits,
            history=self._histories.setdefault(group.destination, History()),
            dead_letters=self.dead_letters,
            now=self.now,
            until_ms=self.until_ms,
            beat=beat,
        )

    def _new_lease(self, group: Group, timeout_s: float) -> Lease:
        ledger = Ledger(self.table, destination=group.destination, shard=group.shard, keeps_s=self.keeps_s)
        lasts_ms = int(1_000 * REQUESTS_UNDER_A_LEASE * timeout_s) + _LEASE_MARGIN_MS
        key = lease_key(self.queue_name, group.destination, group.shard)
        return Lease(self.table, key, self.owner, ledger, lasts_ms=lasts_ms)

    def _run(self, delivery: ShardDelivery, tasks: Iterable[Task]) -> None:
        """Deliver one group; what stops it leaves its hits waiting, and its lease to whoever comes next."""
        group, lease = delivery.group, delivery.lease
        is_held = self._leases.pop(group, None) is not None  # whatever ends this, only a lease with nothing under way is given back
        try:
            if not is_held:
                delivery.tally.uncertain[group.destination] += lease.take(now_ms=self.now())
            delivery.deliver(tasks)
        except Exception as stopped:  # noqa: BLE001 - the bulkhead of a visitor shard, and what is meant to stop one
            delivery.tally.crashes += not isinstance(stopped, FootfallError)
            delivery.tally.stopped[type(stopped).__name__] += 1
            delivery.tally.items_written += lease.writes + lease.ledger.items_written
            delivery.tally.items_read += lease.ledger.items_read
        else:
            self._leases[group] = lease
