"""What a run of the drain counts: each shard counts for itself, the run adds them up."""

from collections import Counter
from dataclasses import dataclass, field, fields


@dataclass(slots=True)
class Tally:
    """Counts of hits, but for messages, requests and items. Keys: (destination, site), (reason, site), destination."""

    delivered: Counter[tuple[str, str]] = field(default_factory=Counter)
    losses: Counter[tuple[str, str]] = field(default_factory=Counter)
    suppressed: Counter[tuple[str, str]] = field(default_factory=Counter)  # of other writers, by policy; ours were before they were written
    uncertain: Counter[str] = field(default_factory=Counter)
    resent: Counter[str] = field(default_factory=Counter)
    retry: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)  # by parameter
    already_known: Counter[str] = field(default_factory=Counter)  # came again, and the ledger had them
    already_stored: Counter[str] = field(default_factory=Counter)  # delivered: orders that the destination had, and refused
    bulks: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)  # shards given up in a round, by the error's name
    messages: Counter[str] = field(default_factory=Counter)  # received, deleted, waiting, unconfirmed (a delete or a wait that failed)
    crashes: int = 0  # shards given up because our own code failed; hits on which it failed are losses
    items_read: int = 0  # of the delivery table
    items_written: int = 0
    circuits: dict[str, str] = field(default_factory=dict)  # by destination: why it is open, "" when closed

    def add(self, other: "Tally") -> None:
        """Add another's counts to these."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, int):
                setattr(self, each.name, mine + theirs)
            else:
                mine.update(theirs)

    def totals(self) -> dict[str, int | str]:
        """The totals, for one log line."""
        counters = (
            "delivered",
            "losses",
            "suppressed",
            "uncertain",
            "resent",
            "retry",
            "mended",
            "already_known",
            "already_stored",
            "bulks",
            "stopped",
        )
        open_circuits = {name: reason for name, reason in self.circuits.items() if reason}
        return {
            **{name: getattr(self, name).total() for name in counters},
            **{f"messages_{name}": self.messages[name] for name in ("received", "deleted", "waiting", "unconfirmed")},
            "crashes": self.crashes,
            "items_read": self.items_read,
            "items_written": self.items_written,
            "circuits_open": ", ".join(f"{name}: {reason}" for name, reason in sorted(open_circuits.items())),
        }
