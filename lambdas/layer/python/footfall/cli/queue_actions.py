"""What `footfall queue` does, wired from the same parts as the functions."""

import argparse
import os
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from footfall.aws.drain import DrainMaker, make_queue, now_ms
from footfall.aws.queue_admin import read_outputs
from footfall.aws.queue_reader import QueueReader
from footfall.aws.queues import OutputQueue
from footfall.aws.storage import Bucket
from footfall.aws.tables import SaltTable
from footfall.cli.queue_checks import check_all
from footfall.cli.queue_status import read_status, time_text
from footfall.configuration import Configuration
from footfall.errors import ConfigurationError, UnavailableError
from footfall.functions import ProcessQueueSettings
from footfall.hits.salts import Salts
from footfall.queueing import failures
from footfall.queueing.dead_letters import DeadLetter
from footfall.queueing.enqueue import Enqueuer
from footfall.queueing.hit_verdicts import judge_message
from footfall.queueing.message import QueuedHit
from footfall.queueing.pack import Numbered, pack
from footfall.queueing.process import process, round_needs_ms
from footfall.queueing.redrive import Chosen, Purged, Redriven, peek, purge, redrive
from footfall.queueing.tally import Tally

_ENVIRONMENT: Final = {
    "INPUT_QUEUE": "InputQueue",
    "OUTPUT_QUEUE": "OutputQueue",
    "DEAD_LETTERS": "DeadLetters",
    "DELIVERY_TABLE": "DeliveryTable",
    "SALT_TABLE": "SaltTable",
}
"""Variables of the functions, and the outputs of the queue's stack that hold the same."""
_VISIBILITY_S: Final = 300
_MOST_MESSAGE_BYTES: Final = 1_048_576


class Wiring:
    """The parts for one command; names are looked up when first needed."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._chosen = chosen
        self._configuration = Configuration.load(chosen.configuration)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """Environment variables of the functions, and the stack's other outputs."""
        outputs = read_outputs(self._chosen.stack) if self._chosen.stack else {}
        known = {name: outputs.get(output, "") or os.environ.get(name, "") for name, output in _ENVIRONMENT.items()}
        return known | {"FAILURES": outputs.get("Failures", ""), "CRASHED": outputs.get("Crashed", "")}

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
        """What waits, what was given up, which circuits are open, and which leases are held."""
        return read_status(self._configuration, self._settings, self._letters, crashed_url=self._names["CRASHED"], now_ms=now_ms())

    def peek(self) -> list[dict[str, Any]]:
        """Letters as a person may see them: no hit, only its masked evidence."""
        return [_shown(letter) for letter in peek(self._letters, self._which, limit=self._chosen.limit)]

    def redrive(self, observe: Callable[[Redriven], None]) -> Redriven:
        """Send the hits of the chosen letters again."""
        queue = OutputQueue(self._settings.queue_url)

        def resend(hits: Sequence[QueuedHit]) -> frozenset[int]:
            packed = pack([Numbered(number, hit) for number, hit in enumerate(hits)], self._configuration.queue)
            failed = queue.send(packed.messages).failed
            return frozenset(number for position in failed for number in packed.messages[position].numbers) | {
                each.number for each in packed.unpacked
            }

        return redrive(self._letters, self._which, resend, observe=observe)

    def redrive_failures(self, observe: Callable[[failures.Progress], None]) -> failures.Redriven:
        """Enqueue the batches that were put aside, into the queue that enqueue_hits writes: others may edit them before the drain.

        Raises:
            ConfigurationError: nothing names the bucket or the table of salts.
        """
        bucket, table = self._names["FAILURES"], self._names["SALT_TABLE"]
        problems = [] if bucket else ["--stack = '': allowed is the queue's stack; its output Failures names the bucket"]
        if not table:
            problems.append("SALT_TABLE = '': allowed is the table of salts; the output SaltTable of --stack, or this variable, names it")
        if problems:
            raise ConfigurationError("command line", problems)
        salts = Salts(SaltTable(table))
        return failures.redrive_failures(
            Bucket(bucket),
            Enqueuer(self._configuration),
            lambda days: salts.require(days, datetime.now(UTC)),
            OutputQueue(self._names["OUTPUT_QUEUE"] or self._settings.queue_url),
            now_ms=now_ms(),
            observe=observe,
        )

    def purge(self, observe: Callable[[Purged], None]) -> Purged:
        """Delete the chosen letters."""
        return purge(self._letters, self._which, observe=observe)

    def process(self) -> tuple[bool, dict[str, Any]]:
        """Deliver what waits, or one message; whether everything that was looked at is safely delivered."""
        maker = DrainMaker(self._configuration, self._settings)
        drain = maker.make(owner=f"command-{uuid.uuid4()}", seconds_left=60 * self._chosen.minutes)
        if 60_000 * self._chosen.minutes <= (needs_ms := round_needs_ms(drain.destinations.values())):
            least = f"--minutes = {self._chosen.minutes:g}: allowed is more than {needs_ms / 60_000:g}, with the `timeout_s` there is"
            raise ConfigurationError("command line", [least])
        if self._chosen.event is None:
            tally = Tally()
            process(drain, make_queue(self._settings), tally)
            is_open = any(tally.circuits.values())
            return not (tally.losses.total() or tally.messages["waiting"] or is_open), tally.totals()
        done, verdicts = judge_message(drain, read_event(self._chosen.event))
        lost = {f"{reason} {site}".strip(): number for (reason, site), number in done.tally.losses.items()}
        return done.is_done and not lost, {**done.tally.totals(), "lost": lost, "hits": [each._asdict() for each in verdicts]}

    def test(self) -> list[dict[str, str]]:
        """Whether everything that the drain needs answers; no hit is stored."""
        return check_all(self._configuration, self._settings, now_ms=now_ms())


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


def _shown(letter: DeadLetter) -> dict[str, Any]:
    times = {"first_attempt": time_text(letter.first_attempt_ms), "last_attempt": time_text(letter.last_attempt_ms)}
    kept = {name: value for name, value in asdict(letter).items() if name not in ("hit", "first_attempt_ms", "last_attempt_ms")}
    return {**kept, **times, "can_redrive": letter.hit is not None}
