"""Deliver what stands in one visitor shard of one destination: oldest first, one bulk in flight, each outcome written before the next."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, NamedTuple

from footfall import reasons
from footfall.destinations.delivery import ALREADY_STORED, Destination, Kind, Prepared, Verdict
from footfall.destinations.exchange import History, Outcome, exchange
from footfall.queueing.bulks import Bulk, Item, cut_bulks, halves, marks_of
from footfall.queueing.bury import Burial, bury
from footfall.queueing.circuits import Circuits
from footfall.queueing.lease import Lease
from footfall.queueing.ledger import DELIVERED, PARKED, UNCERTAIN, UNCERTAIN_AGAIN, Ledger
from footfall.queueing.plan import Group, Task
from footfall.queueing.ports import DeadLetterSink
from footfall.queueing.tally import Tally

_MARGIN_MS: Final = 5_000


def needed_ms(timeout_s: float) -> int:
    """How much time has to be left for one more bulk: for its request and a probe."""
    return int(2_000 * timeout_s) + _MARGIN_MS


class Fate(NamedTuple):
    """What becomes of a hit that is not safe: its message waits, until `not_before_ms` at least."""

    not_before_ms: int = 0
    is_due: bool = False  # it only ran out of time: it may be received again at once


WAITS: Final = Fate()
NO_TIME: Final = Fate(is_due=True)


@dataclass(slots=True, kw_only=True)
class ShardDelivery:
    """Delivers the tasks of one group; `beat` is called before each request so that messages stay hidden."""

    group: Group
    destination: Destination
    lease: Lease
    circuits: Circuits
    history: History
    dead_letters: DeadLetterSink
    now: Callable[[], int]
    until_ms: int
    beat: Callable[[], None]
    tally: Tally = field(default_factory=Tally)
    safe: set[str] = field(default_factory=set)
    fates: dict[str, Fate] = field(default_factory=dict)
    _bulks: deque[Bulk] = field(default_factory=deque)

    @property
    def _ledger(self) -> Ledger:
        return self.lease.ledger

    def deliver(self, tasks: Iterable[Task]) -> None:
        """Deliver tasks: the ids of those that are safe are in `safe`; of the others, `fates` knows those that do not simply wait.

        Raises:
            StoppedError: another run has taken the lease.
            UnavailableError: the table did not answer.
        """
        unique = {task.id: task for task in sorted(tasks, key=attrgetter("order"))}
        self._ledger.load([task.entry for task in unique.values()])
        items = self._sort_out(unique.values())
        self._bulks.extend(cut_bulks(items, self.destination.hits_per_bulk))
        while self._bulks:
            if (stopped := self._reason_to_stop()) is not None:
                self._leave_the_rest(stopped)
                return
            self._send(self._bulks.popleft())

    def _sort_out(self, tasks: Iterable[Task]) -> list[Item]:
        """Leave what is safe, bury what is condemned; what is left is to be sent."""
        items: list[Item] = []
        condemned: list[tuple[Task, Verdict]] = []
        now_ms = self.now()
        known_of = self._ledger.marks_of
        for task in tasks:
            marks = known_of(task.entry)
            if DELIVERED in marks or PARKED in marks:
                self.safe.add(task.id)
                self.tally.already_known[self.destination.name] += 1
                continue
            verdict = self._known(marks) if marks else None
            prepared = verdict or self._prepare(task, now_ms)
            if isinstance(prepared, Verdict):
                condemned.append((task, prepared))
            else:
                items.append(Item(task, prepared._replace(was_sent=True) if marks else prepared))
                if prepared.mended:
                    self.tally.mended.update(prepared.mended)
        self._condemn(condemned)
        return self._without_refused_sites(items)

    def _prepare(self, task: Task, now_ms: int) -> Prepared | Verdict:
        try:
            return self.destination.prepare(task.hit, task.site, now_ms=now_ms)
        except Exception as error:  # noqa: BLE001 - the bulkhead of a message, for one of its hits
            return Verdict(Kind.REJECTED, reasons.CRASHED.code, type(error).__name__)

    def _known(self, marks: frozenset[str]) -> Verdict | None:
        """What the ledger says of a hit that is not safe: condemned, or to be sent once more."""
        reason = next((mark for mark in sorted(marks) if mark not in (UNCERTAIN, UNCERTAIN_AGAIN)), "")
        if reason:
            return Verdict(Kind.REJECTED, reason, "decided by a run that ended before it could write this letter")
        if self.destination.resends_uncertain and UNCERTAIN_AGAIN not in marks:
            return None
        return Verdict(Kind.UNCERTAIN, reasons.UNCERTAIN.code, "a run ended, or lost its answer, while this was under way")

    def _without_refused_sites(self, items: list[Item]) -> list[Item]:
        refused = self.circuits.refused_sites(self.destination.name)
        verdict = Verdict(Kind.REJECTED, reasons.SITE_REFUSED.code, "a probe of this site was refused a short while ago")
        self._condemn([(item.task, verdict) for item in items if item.prepared.site in refused])
        return [item for item in items if item.prepared.site not in refused] if refused else items

    def _reason_to_stop(self) -> Fate | None:
        name = self.destination.name
        if self.circuits.is_open(name):
            return Fate(not_before_ms=self.circuits.opens_again_ms(name))
        if self.now() + needed_ms(self.destination.timeout_s) > self.until_ms:
            return NO_TIME
        return None

    def _leave_the_rest(self, fate: Fate) -> None:
        self.fates |= {item.task.id: fate for bulk in self._bulks for item in bulk.items}
        self._bulks.clear()

    def _send(self, bulk: Bulk) -> None:
        self.beat()
        self.lease.intend([item.task.entry for item in bulk.items], now_ms=self.now())
        name = self.destination.name
        self.tally.bulks[name] += 1
        self.tally.resent[name] += sum(item.prepared.was_sent for item in bulk.items)
        attempt = min(item.task.attempt for item in bulk.items)
        prepared = [item.prepared for item in bulk.items]
        outcome = exchange(self.destination, prepared, self.history, attempt=attempt, is_part=bulk.is_part)
        if outcome.is_split:
            self._bulks.extendleft(reversed(halves(bulk)))
            return
        self._record(bulk.items, outcome)

    def _record(self, items: Sequence[Item], outcome: Outcome) -> None:
        """Write what is known first, then letters, then that they are written; only then may the circuit's state be touched."""
        judged = list(zip(items, outcome.verdicts, strict=True))
        self._ledger.add(marks_of(judged), now_ms=self.now())
        self._count(judged)
        if outcome.is_plain:
            return
        self.tally.already_stored[self.destination.name] += outcome.verdicts.count(ALREADY_STORED)
        condemned = [(item.task, verdict) for item, verdict in judged if self._is_condemned(item, verdict)]
        self._bury(condemned, unattributed=outcome.unattributed)
        name = self.destination.name
        if outcome.refused_sites:
            self.circuits.refuse(name, outcome.refused_sites)
        if outcome.opens:
            sites = [item.prepared.site for item in items]
            self.circuits.open(name, outcome.opens, sites=sites, retry_after_s=outcome.retry_after_s)
            waits = Fate(not_before_ms=self.circuits.opens_again_ms(name))
            for item, verdict in judged:
                if verdict.kind is Kind.RETRY:
                    self.fates[item.task.id] = waits

    def _count(self, judged: Sequence[tuple[Item, Verdict]]) -> None:
        name = self.destination.name
        delivered = [item.task for item, verdict in judged if verdict.kind is Kind.DELIVERED]
        self.safe.update([task.id for task in delivered])
        for site, number in Counter([task.site_key for task in delivered]).items():
            self.tally.delivered[name, site] += number
        if len(delivered) < len(judged):
            kinds = Counter([verdict.kind for _, verdict in judged])
            self.tally.retry[name] += kinds[Kind.RETRY]
            self.tally.uncertain[name] += kinds[Kind.UNCERTAIN]

    def _is_condemned(self, item: Item, verdict: Verdict) -> bool:
        if verdict.kind is Kind.UNCERTAIN:
            return not self.destination.resends_uncertain or item.prepared.was_sent
        return verdict.kind is Kind.REJECTED

    def _condemn(self, condemned: Sequence[tuple[Task, Verdict]]) -> None:
        """Write down why before the letters: whoever comes after a crash writes the same ones."""
        if condemned:
            new = [(task.entry, verdict.reason) for task, verdict in condemned if not self._ledger.marks_of(task.entry)]
            self._ledger.add(new, now_ms=self.now())
            self._bury(condemned)

    def _bury(self, condemned: Sequence[tuple[Task, Verdict]], *, unattributed: int = 0) -> None:
        if not condemned:
            return
        burial = Burial(self.destination.name, self.now(), unattributed)
        buried = bury(condemned, burial, self.dead_letters, self.tally)
        self._ledger.add([(task.entry, PARKED) for task in buried], now_ms=self.now())
        self.safe.update([task.id for task in buried])
