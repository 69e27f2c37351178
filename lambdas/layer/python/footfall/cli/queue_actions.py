"""What `footfall queue` does, wired from the same parts as the functions."""

import argparse
import os
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from footfall.aws.delivery_table import DeliveryTable
from footfall.aws.drain import DrainMaker, make_destinations, make_queue
from footfall.aws.queue_admin import count_messages, read_outputs
from footfall.aws.queue_reader import QueueReader
from footfall.aws.queues import OutputQueue
from footfall.aws.storage import Bucket
from footfall.aws.tables import SaltTable
from footfall.cli.queue_checks import check_destination, check_place
from footfall.configuration import Configuration
from footfall.errors import ConfigurationError, UnavailableError
from footfall.functions import ProcessQueueSettings
from footfall.hits.salts import Salts
from footfall.queueing.dead_letters import DeadLetter
from footfall.queueing.enqueue import Enqueuer
from footfall.queueing.failures import redrive_failures
from footfall.queueing.message import QueuedHit
from footfall.queueing.one_message import process_message
from footfall.queueing.pack import Numbered, pack
from footfall.queueing.process import process
from footfall.queueing.redrive import Chosen, peek, purge, redrive
from footfall.queueing.tally import Tally

_ENVIRONMENT: Final = {"INPUT_QUEUE": "InputQueue", "DEAD_LETTERS": "DeadLetters", "DELIVERY_TABLE": "DeliveryTable"}
_VISIBILITY_S: Final = 300
_MOST_LETTERS: Final = 1_000
"""Letters that `status` looks at to name their reasons."""
_MOST_MESSAGE_BYTES: Final = 1_048_576

Say = Callable[[str], None]


class Wiring:
    """The parts for one command; names are looked up when first needed."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._chosen = chosen
        self._configuration = Configuration.load(chosen.configuration)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """Environment variables of process_queue, and the stack's other outputs."""
        outputs = read_outputs(self._chosen.stack) if self._chosen.stack else {}
        known = {name: outputs.get(output, "") or os.environ.get(name, "") for name, output in _ENVIRONMENT.items()}
        return known | {
            "FAILURES": outputs.get("Failures", ""),
            "CRASHED": outputs.get("Crashed", ""),
            "OUTPUT": outputs.get("OutputQueue", ""),
        }

    @cached_property
    def _settings(self) -> ProcessQueueSettings:
        return ProcessQueueSettings.from_env({**self._names, "FOOTFALL_CONFIGURATION": str(self._chosen.configuration)})

    @cached_property
    def _letters(self) -> QueueReader:
        return QueueReader(self._settings.dead_letters_url, visibility_s=_VISIBILITY_S)

    @property
    def _which(self) -> Chosen:
        return Chosen(self._chosen.reason, self._chosen.destination, self._chosen.since)

    def status(self) -> dict[str, Any]:
        """What waits, what was given up, and which circuits are open."""
        letters = peek(self._letters, Chosen(), limit=_MOST_LETTERS)
        table = DeliveryTable(self._settings.delivery_table)
        crashed = {"crashed": count_messages(self._names["CRASHED"])._asdict()} if self._names["CRASHED"] else {}
        return {
            "queue": count_messages(self._settings.queue_url)._asdict(),
            "dead letters": dict(Counter(f"{letter.destination} {letter.reason}" for letter in letters)),
            **crashed,
            **{f"circuit {each.name}": _circuit(table, each.name) for each in self._configuration.destinations},
        }

    def peek(self) -> list[dict[str, Any]]:
        """Letters as a person may see them: no hit, only its masked evidence."""
        return [_shown(letter) for letter in peek(self._letters, self._which, limit=self._chosen.limit)]

    def redrive(self, say: Say) -> dict[str, Any]:
        """Send the hits of the chosen letters again."""
        queue = OutputQueue(self._settings.queue_url)

        def resend(hits: Sequence[QueuedHit]) -> frozenset[int]:
            packed = pack([Numbered(number, hit) for number, hit in enumerate(hits)], self._configuration.queue)
            failed = queue.send(packed.messages).failed
            return frozenset(number for position in failed for number in packed.messages[position].numbers) | {
                each.number for each in packed.too_large
            }

        done = redrive(self._letters, self._which, resend, observe=lambda so_far: say(f"sent {so_far.sent} …"))
        return done._asdict()

    def redrive_failures(self) -> dict[str, Any]:
        """Enqueue the batches that were put aside."""
        if not self._names["FAILURES"]:
            raise ConfigurationError("command line", ["--stack = '': allowed is the queue's stack; its output Failures names the bucket"])
        salts = Salts(SaltTable(os.environ.get("SALT_TABLE", "")))
        done = redrive_failures(
            Bucket(self._names["FAILURES"]),
            Enqueuer(self._configuration),
            lambda days: salts.require(days, datetime.now(UTC)),
            OutputQueue(
                self._names["OUTPUT"] or self._settings.queue_url
            ),  # what enqueue_hits writes, and others may edit before the drain
            now_ms=time.time_ns() // 1_000_000,
        )
        return {**done.progress()._asdict(), "kept": dict(done.kept)}

    def purge(self, say: Say) -> dict[str, Any]:
        """Delete the chosen letters."""
        return purge(self._letters, self._which, observe=lambda so_far: say(f"deleted {so_far.deleted} …"))._asdict()

    def process(self) -> tuple[bool, dict[str, Any]]:
        """Deliver what waits, or one message; whether everything that was looked at is safely delivered."""
        maker = DrainMaker(self._configuration, self._settings)
        drain = maker.make(owner=f"command-{uuid.uuid4()}", seconds_left=60 * self._chosen.minutes)
        if self._chosen.event is None:
            tally = Tally()
            process(drain, make_queue(self._settings), tally)
            is_open = any(tally.circuits.values())
            return not (tally.losses.total() or tally.messages["waiting"] or is_open), tally.totals()
        done = process_message(drain, read_event(self._chosen.event))
        lost = {f"{reason} {site}".strip(): number for (reason, site), number in done.tally.losses.items()}
        return done.is_done and not lost, {**done.tally.totals(), "lost": lost}

    def test(self) -> list[dict[str, str]]:
        """Whether everything that the drain needs answers; nothing is stored."""
        table = DeliveryTable(self._settings.delivery_table)
        checks = [
            check_place("queue", lambda: count_messages(self._settings.queue_url)),
            check_place("dead letters", lambda: count_messages(self._settings.dead_letters_url)),
            check_place("delivery table", lambda: table.read_circuit("test")),
        ]
        for name, destination in make_destinations(self._configuration).items():
            sites = [number for site in self._configuration.sites.registered for to, number in site.deliver if to == name]
            checks.append(check_destination(name, destination, sites))
        return checks


def read_event(file: str) -> str:
    """One message's body.

    Raises:
        UnavailableError: the file cannot be read, is not UTF-8, or is larger than a message may be.
    """
    try:
        body = sys.stdin.buffer.read(_MOST_MESSAGE_BYTES + 1) if file == "-" else Path(file).read_bytes()
        text = body.decode("utf-8")
    except OSError as unreadable:
        raise UnavailableError(f"{file}: {unreadable.strerror}") from unreadable
    except UnicodeDecodeError as binary:
        raise UnavailableError(f"{file}: not UTF-8 text") from binary
    if len(body) > _MOST_MESSAGE_BYTES:
        raise UnavailableError(f"{file}: more than {_MOST_MESSAGE_BYTES:,} bytes, which is more than a message may have")
    return text


def _circuit(table: DeliveryTable, name: str) -> str:
    circuit = table.read_circuit(name)
    if not circuit.is_open:
        return "closed"
    return f"open since {_time(circuit.changed_ms)}: {circuit.reason}; next probe {_time(circuit.next_probe_ms)}"


def _shown(letter: DeadLetter) -> dict[str, Any]:
    times = {"first_attempt": _time(letter.first_attempt_ms), "last_attempt": _time(letter.last_attempt_ms)}
    kept = {name: value for name, value in asdict(letter).items() if name not in ("hit", "first_attempt_ms", "last_attempt_ms")}
    return {**kept, **times, "can_redrive": letter.hit is not None}


def _time(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="seconds")
