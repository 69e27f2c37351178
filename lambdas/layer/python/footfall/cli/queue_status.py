"""What `footfall queue status` reads: what waits, what was given up, and what may keep hits from moving."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from footfall.aws.delivery_table import DeliveryTable
from footfall.aws.queue_admin import count_messages
from footfall.configuration import Configuration
from footfall.functions import ProcessQueueSettings
from footfall.queueing.circuit import Circuit
from footfall.queueing.held import HeldShard, held_shards
from footfall.queueing.plan import NOWHERE
from footfall.queueing.ports import InputQueue
from footfall.queueing.redrive import Chosen, peek

_MOST_LETTERS: Final = 1_000
"""Letters that are looked at to name their reasons."""


def read_status(
    configuration: Configuration, settings: ProcessQueueSettings, letters: InputQueue, *, crashed_url: str, now_ms: int
) -> dict[str, Any]:
    """Everything, by what it is about; nothing is written, and each letter is there again afterwards.

    Raises:
        UnavailableError: AWS did not answer.
    """
    table = DeliveryTable(settings.delivery_table)
    names = [each.name for each in configuration.destinations]
    held = held_shards(table, settings.queue_name, [*names, NOWHERE], shards=configuration.queue.visitor_shards)
    return {
        "queue": count_messages(settings.queue_url)._asdict(),
        **_dead_letters(settings, letters),
        **({"crashed": count_messages(crashed_url)._asdict()} if crashed_url else {}),
        **{f"circuit {name}": _circuit(table.read_circuit(name), now_ms) for name in names},
        "leases": [_lease(each, now_ms) for each in held],
    }


def time_text(unix_ms: int) -> str:
    """A time as people and programs read it, in UTC."""
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="seconds")


def _dead_letters(settings: ProcessQueueSettings, letters: InputQueue) -> Mapping[str, Any]:
    """By reason, and of how many of them that is: another look hides them from this one for a while."""
    about = sum(count_messages(settings.dead_letters_url))
    found = peek(letters, Chosen(), limit=_MOST_LETTERS)
    return {
        "dead letters": dict(Counter(f"{letter.destination} {letter.reason}" for letter in found)),
        "dead letters seen": {"looked_at": len(found), "of_about": max(about, len(found))},
    }


def _circuit(circuit: Circuit, now_ms: int) -> str:
    if circuit.is_open:
        return f"open since {time_text(circuit.changed_ms)}: {circuit.reason}; next probe {time_text(circuit.next_probe_ms)}"
    refused = ", ".join(sorted(circuit.refused_sites(now_ms)))
    return f"closed, but its sites {refused} are refused" if refused else "closed"


def _lease(held: HeldShard, now_ms: int) -> dict[str, Any]:
    number, of = held.shard
    return {
        "destination": held.destination,
        "shard": f"{number} of {of}",
        "until": time_text(held.until_ms),
        "in_flight": held.in_flight,
        "meaning": held.describe(now_ms),
    }
