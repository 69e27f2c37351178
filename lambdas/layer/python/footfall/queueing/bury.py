"""Write dead letters for the hits that cannot be delivered, and count them as losses once they lie there."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from footfall import reasons
from footfall.destinations.delivery import Verdict
from footfall.queueing.dead_letters import DeadLetter, letter_of, write_letter
from footfall.queueing.plan import Task
from footfall.queueing.ports import DeadLetterSink
from footfall.queueing.tally import Tally


class Burial(NamedTuple):
    """For which destination, when, and how many of the unattributed hits are invalid (0: not known, so all are counted)."""

    destination: str
    now_ms: int
    unattributed: int = 0


def bury(condemned: Sequence[tuple[Task, Verdict]], burial: Burial, sink: DeadLetterSink, tally: Tally) -> list[Task]:
    """Write a letter for each hit, and one for all that are unattributed together; return the tasks whose letters are confirmed."""
    together = [(task, verdict) for task, verdict in condemned if verdict.reason == reasons.UNATTRIBUTED.code]
    alone = [(task, verdict) for task, verdict in condemned if verdict.reason != reasons.UNATTRIBUTED.code]
    letters = [_letter(task, verdict, burial) for task, verdict in alone]
    parts = [[task] for task, _ in alone]
    if together:
        joint = _joint_letter(together, burial)
        letters.append((joint, write_letter(joint)))
        parts.append([task for task, _ in together])
    failed = sink.send([body for _, body in letters])
    for position, (letter, _) in enumerate(letters):
        if position not in failed:
            tally.losses[letter.reason, letter.site] += letter.count
    return [task for position, tasks in enumerate(parts) if position not in failed for task in tasks]


def _letter(task: Task, verdict: Verdict, burial: Burial) -> tuple[DeadLetter, bytes]:
    """A letter for one hit, and what is sent of it; if our own code fails on the hit, the letter goes without, and says so."""
    told: dict[str, Any] = {"destination": burial.destination, "reason": verdict.reason, "site": task.site_key}
    try:
        letter = letter_of(task.hit, detail=verdict.detail, first_ms=task.first_ms, now_ms=burial.now_ms, **told)
        return letter, write_letter(letter)
    except Exception as error:  # noqa: BLE001 - the bulkhead of a message, for one of its hits
        letter = DeadLetter(
            detail=f"{verdict.detail}; without its hit: {type(error).__name__}",
            event_ids=(task.hit.event_id,),
            first_attempt_ms=task.first_ms,
            last_attempt_ms=burial.now_ms,
            evidence={},
            hit=None,
            **told,
        )
        return letter, write_letter(letter)


def _joint_letter(together: Sequence[tuple[Task, Verdict]], burial: Burial) -> DeadLetter:
    """A letter without a hit to send again, since most of them are stored; the site stands there when it is one."""
    tasks = [task for task, _ in together]
    sites = {task.site_key for task in tasks}
    return DeadLetter(
        destination=burial.destination,
        reason=reasons.UNATTRIBUTED.code,
        detail=together[0][1].detail,
        site=sites.pop() if len(sites) == 1 else "",
        event_ids=tuple(task.hit.event_id for task in tasks),
        first_attempt_ms=min(task.first_ms for task in tasks),
        last_attempt_ms=burial.now_ms,
        count=burial.unattributed or len(tasks),
        evidence={},
        hit=None,
    )
