"""What a stand-in remembers: sites, tokens, stored hits, visits, orders and failed logins; changed only by committing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from local.matomo.settings import Behaviour, Plan, Site, Token


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHit:
    """A hit as Matomo keeps it. `url` is without scheme and www., None where the action has none; `parameters` is what was sent."""

    site: int
    kind: str
    visit: int
    visitor_id: str
    ip: str
    user_agent: str
    action: str
    server_time_s: int
    url: str | None
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit: who, its first and LAST action (epoch seconds), which alone decide whether a later hit joins."""

    number: int
    site: int
    visitor_id: str
    fingerprint: str
    first_s: int
    last_s: int
    campaign: str


@dataclass(slots=True, kw_only=True)
class State:
    """A Matomo's memory. `hits` holds each site's in the order they were committed; `bulks` counts those that arrived.

    `orders` are (site, ec_id), `goals` (visit, idgoal); `queued` are elements that QueuedTracking took and has not read.
    """

    sites: dict[int, Site]
    tokens: dict[str, Token] = field(default_factory=dict)
    behaviour: Behaviour = field(default_factory=Behaviour)
    plan: Plan = field(default_factory=Plan)
    hits: dict[int, list[StoredHit]] = field(default_factory=lambda: defaultdict(list))
    visits: dict[int, Visit] = field(default_factory=dict)
    visits_of: dict[tuple[int, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    orders: set[tuple[int, str]] = field(default_factory=set)
    goals: set[tuple[int, int]] = field(default_factory=set)
    failed_logins: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    queued: list[str | Mapping[str, object]] = field(default_factory=list)
    bulks: int = 0
    last_visit: int = 0

    def is_locked_out(self, address: str, now_s: int) -> bool:
        """Tell whether an address failed to log in too often (Login plugin, Security/BruteForceDetection.php of 5.1.2: more than 20)."""
        if address in self.behaviour.allowed_addresses:
            return False
        since_s = now_s - self.behaviour.failed_login_window_s
        return sum(at_s > since_s for at_s in self.failed_logins.get(address, ())) > self.behaviour.max_failed_logins

    def commit(self, changes: "Changes") -> None:
        """Store what one request changed."""
        self.bulks += changes.bulks
        for hit in changes.hits:
            self.hits[hit.site].append(hit)
        for visit in changes.visits.values():
            if visit.number not in self.visits:
                self.visits_of[visit.site, visit.visitor_id].append(visit.number)
                self.visits_of[visit.site, visit.fingerprint].append(visit.number)
            self.visits[visit.number] = visit
            self.last_visit = max(self.last_visit, visit.number)
        self.orders |= changes.orders
        self.goals |= changes.goals
        self.queued += changes.queued
        for address, at_s in changes.failed_logins:
            self.failed_logins[address].append(at_s)


@dataclass(slots=True, kw_only=True)
class Changes:
    """What one request changes: a transaction over a state, which later hits of the same request already see."""

    state: State
    hits: list[StoredHit] = field(default_factory=list)
    visits: dict[int, Visit] = field(default_factory=dict)
    orders: set[tuple[int, str]] = field(default_factory=set)
    goals: set[tuple[int, int]] = field(default_factory=set)
    failed_logins: list[tuple[str, int]] = field(default_factory=list)
    queued: list[str | Mapping[str, object]] = field(default_factory=list)
    bulks: int = 0
    _index: dict[tuple[int, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    _added: int = 0

    def roll_back(self) -> "Changes":
        """Keep only what no transaction holds: failed logins, and that a bulk arrived."""
        return Changes(state=self.state, failed_logins=self.failed_logins, bulks=self.bulks)

    def mark(self) -> "Mark":
        """Note how far this transaction has come."""
        return Mark(hits=len(self.hits), visits=dict(self.visits), orders=set(self.orders), goals=set(self.goals))

    def lose_lock(self, mark: "Mark") -> None:
        """Undo what one hit changed, but for its action where its visit exists: Matomo writes that before it waits for the visit (t92)."""
        self.hits[mark.hits :] = [hit for hit in self.hits[mark.hits :] if hit.visit in mark.visits or hit.visit in self.state.visits]
        self.visits, self.orders, self.goals = mark.visits, mark.orders, mark.goals

    def has_order(self, site: int, order: str) -> bool:
        """Tell whether a site has an order of this number (UNIQUE idsite, idorder; core/Tracker/GoalManager.php of 5.1.2)."""
        return (site, order) in self.orders or (site, order) in self.state.orders

    def has_goal(self, visit: int, goal: int) -> bool:
        """Tell whether a visit has converted a goal already; Matomo keeps one conversion of each, and counts the repeat as tracked."""
        return (visit, goal) in self.goals or (visit, goal) in self.state.goals

    def visits_of(self, site: int, keys: Iterable[str]) -> list[Visit]:
        """List a site's visits of any of these visitor ids or fingerprints, oldest first."""
        numbers = {n for key in keys for index in (self.state.visits_of, self._index) for n in index.get((site, key), ())}
        found = [self.visits.get(number) or self.state.visits.get(number) for number in sorted(numbers)]
        return [visit for visit in found if visit is not None]

    def keep_visit(self, visit: Visit) -> None:
        """Add a visit, or what became of one."""
        if visit.number not in self.visits and visit.number not in self.state.visits:
            self._added += 1
            for key in (visit.visitor_id, visit.fingerprint):
                self._index[visit.site, key].append(visit.number)
        self.visits[visit.number] = visit

    def new_visit_number(self) -> int:
        """Give the next visit's number."""
        return self.state.last_visit + self._added + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point in a transaction to which one hit can be undone."""

    hits: int
    visits: dict[int, Visit]
    orders: set[tuple[int, str]]
    goals: set[tuple[int, int]]
