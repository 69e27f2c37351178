"""One exchange with a destination: send a bulk, doubt the answer where it can be doubted, and reach a verdict for each hit."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from footfall import reasons
from footfall.destinations.delivery import ALREADY_STORED, DELIVERED, Access, Answer, Destination, Kind, Meaning, Prepared, Verdict

MOST_ATTEMPTS: Final = 5
"""A hit that fails alone is parked as poison once others were stored meanwhile, or when it came back so often."""
MOST_SPLITS: Final = 400
"""Bulks that one run halves for each destination: then what fails waits for the next run."""
MOST_SITES_PROBED: Final = 20


class Outcome(NamedTuple):
    """What an exchange came to: a verdict for each hit in order, or none when the bulk is to be sent in halves.

    `opens` is why the destination's circuit opens ("" when it stays closed), `refused_sites` those it takes no hits for.
    """

    verdicts: tuple[Verdict, ...]
    opens: str = ""
    detail: str = ""
    retry_after_s: float | None = None
    refused_sites: frozenset[str] = frozenset()
    unattributed: int = 0  # how many of the hits with that reason are invalid

    @property
    def is_plain(self) -> bool:
        """Whether all was delivered, and nothing else is to be done."""
        return self.verdicts.count(DELIVERED) == len(self.verdicts) and not self.opens and not self.refused_sites

    @property
    def is_split(self) -> bool:
        """Whether the hits are to be sent again in two halves: nothing of them was stored."""
        return not self.verdicts


SPLIT: Final = Outcome(())


@dataclass(slots=True)
class History:
    """What one run has seen of a destination, by all of its threads."""

    splits_left: int = MOST_SPLITS
    _stored: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note_stored(self) -> None:
        """Something was stored: the destination works."""
        self._stored = True

    def may_condemn(self) -> bool:
        """Whether something was stored since the last hit was condemned: else it may be the destination that fails, and not the hit."""
        with self._lock:
            stored, self._stored = self._stored, False
            return stored

    def may_split(self) -> bool:
        """Count one more split, if one is left."""
        with self._lock:
            self.splits_left -= 1
            return self.splits_left >= 0


def exchange(destination: Destination, bulk: Sequence[Prepared], history: History, *, attempt: int, is_part: bool = False) -> Outcome:
    """Send a bulk and judge the answer; `attempt` is how often its hits came from the queue, `is_part` that it is half of a failed one."""
    return _judge(destination, bulk, destination.send(bulk), history, attempt=attempt, is_part=is_part)


def _judge(destination: Destination, bulk: Sequence[Prepared], answer: Answer, history: History, *, attempt: int, is_part: bool) -> Outcome:
    if answer.meaning is Meaning.ACKNOWLEDGED:
        return _acknowledged(destination, bulk, answer, history)
    if answer.meaning in _NOT_STORED:
        return _failed(destination, bulk, answer, history, attempt=attempt, is_part=is_part)
    if answer.meaning is Meaning.UNKNOWN:
        return _unknown(destination, bulk, answer)
    if answer.meaning is Meaning.TOO_LARGE:
        return SPLIT if len(bulk) > 1 else _all(bulk, Verdict(Kind.REJECTED, reasons.REFUSED.code, answer.detail))
    return _trouble(bulk, answer, _why(answer))


_NOT_STORED: Final = frozenset({Meaning.ROLLED_BACK, Meaning.NOTHING_STORED})


def _why(answer: Answer) -> str:
    """Why a circuit opens, by what a destination answers that does not work."""
    if answer.meaning is Meaning.NOTHING_STORED:
        return "paused"
    return "misconfigured" if answer.meaning is Meaning.MISCONFIGURED else "unavailable"


def _acknowledged(destination: Destination, bulk: Sequence[Prepared], answer: Answer, history: History) -> Outcome:
    if answer.tracked:
        history.note_stored()
    if not answer.invalid:
        return _all(bulk, DELIVERED)
    if not answer.tracked:
        return _all_refused(destination, bulk, answer)
    if answer.refused is not None:
        return Outcome(_named(destination, bulk, answer.refused))
    sites = _sites(bulk)
    return _unnamed(bulk, answer, _probe(destination, bulk) if len(sites) > 1 else None)


def _all_refused(destination: Destination, bulk: Sequence[Prepared], answer: Answer) -> Outcome:
    """`tracked 0, invalid = all`: either the hits are to blame, or the sites, or the token; only a probe can tell."""
    access = _probe(destination, bulk)
    knows_token = answer.refused is not None  # positions are told to a super user's token only, so it was accepted
    if not access.is_open and not (knows_token and access.refused):
        return _trouble(bulk, access.answer, "refused" if access.refused else _why(access.answer))
    if access.has_new_token:
        return _retry(bulk, answer)
    return Outcome(tuple(_by_site(prepared, access) for prepared in bulk), refused_sites=access.refused)


def _by_site(prepared: Prepared, access: Access) -> Verdict:
    """An order of a site that takes hits is refused because it is there: each reload of a shop's last page reports it again (t71)."""
    if prepared.site in access.refused:
        return Verdict(Kind.REJECTED, reasons.SITE_REFUSED.code, "a probe of this site was refused")
    if prepared.site not in access.accepted:
        return Verdict(Kind.RETRY, detail="its site was not probed")
    if prepared.is_order:
        return ALREADY_STORED
    return Verdict(Kind.REJECTED, reasons.REFUSED.code, "counted as invalid")


def _named(destination: Destination, bulk: Sequence[Prepared], refused: frozenset[int]) -> tuple[Verdict, ...]:
    """The destination says which; an order that it has already is one that it counts as invalid.

    Where nothing else of the order's site was in the bulk, a probe tells whether it takes that site's hits.
    """
    accepted = {prepared.site for position, prepared in enumerate(bulk) if position not in refused}
    unsure = {bulk[position].site for position in refused if bulk[position].is_order and not bulk[position].was_sent} - accepted
    if unsure:
        accepted |= destination.probe(sorted(unsure)[:MOST_SITES_PROBED]).accepted
    invalid = Verdict(Kind.REJECTED, reasons.REFUSED.code, "counted as invalid")
    return tuple(
        DELIVERED if position not in refused else ALREADY_STORED if _is_stored_order(prepared, accepted) else invalid
        for position, prepared in enumerate(bulk)
    )


def _is_stored_order(prepared: Prepared, accepted: set[str]) -> bool:
    return prepared.is_order and (prepared.was_sent or prepared.site in accepted)


def _unnamed(bulk: Sequence[Prepared], answer: Answer, access: Access | None) -> Outcome:
    """Some are invalid and nobody says which; those of a site that a probe finds refused are known, when the numbers fit."""
    refused = access.refused if access else frozenset()
    of_refused = sum(prepared.site in refused for prepared in bulk)
    if of_refused > answer.invalid:
        refused, of_refused = frozenset(), 0
    rest = answer.invalid - of_refused
    other = Verdict(Kind.REJECTED, reasons.UNATTRIBUTED.code, f"{rest} of {len(bulk) - of_refused}") if rest else DELIVERED
    site = Verdict(Kind.REJECTED, reasons.SITE_REFUSED.code, "a probe of this site was refused")
    return Outcome(tuple(site if prepared.site in refused else other for prepared in bulk), refused_sites=refused, unattributed=rest)


def _failed(
    destination: Destination, bulk: Sequence[Prepared], answer: Answer, history: History, *, attempt: int, is_part: bool
) -> Outcome:
    """Nothing was stored: one hit's fault, if the destination works otherwise."""
    if not is_part or len(bulk) == 1:
        access = _probe(destination, bulk)
        if access.answer.meaning is not Meaning.ACKNOWLEDGED:
            return _trouble(bulk, access.answer, _why(access.answer))
    if len(bulk) > 1:
        return SPLIT if history.may_split() else _retry(bulk, answer)
    again = destination.send(bulk)
    if again.meaning not in _NOT_STORED:
        return _judge(destination, bulk, again, history, attempt=attempt, is_part=is_part)
    if history.may_condemn() or attempt >= MOST_ATTEMPTS:
        return _all(bulk, Verdict(Kind.REJECTED, reasons.POISON.code, f"{again.detail}, alone and twice, and probes are accepted"))
    return _retry(bulk, again)


def _unknown(destination: Destination, bulk: Sequence[Prepared], answer: Answer) -> Outcome:
    """Nobody can know; the destination is asked whether it works before more is risked."""
    unsure = Verdict(Kind.UNCERTAIN, reasons.UNCERTAIN.code, answer.detail)
    invalid = Verdict(Kind.REJECTED, reasons.REFUSED.code, "counted as invalid")
    verdicts = tuple(invalid if position in (answer.refused or ()) else unsure for position in range(len(bulk)))
    access = _probe(destination, bulk)
    if access.answer.meaning is Meaning.ACKNOWLEDGED:
        return Outcome(verdicts)
    return Outcome(verdicts, opens=_why(access.answer), detail=access.answer.detail, retry_after_s=access.answer.retry_after_s)


def _probe(destination: Destination, bulk: Sequence[Prepared]) -> Access:
    return destination.probe(_sites(bulk)[:MOST_SITES_PROBED])


def _sites(bulk: Sequence[Prepared]) -> list[str]:
    return list(dict.fromkeys(prepared.site for prepared in bulk))


def _trouble(bulk: Sequence[Prepared], answer: Answer, opens: str) -> Outcome:
    verdict = Verdict(Kind.RETRY, detail=answer.detail)
    return Outcome((verdict,) * len(bulk), opens=opens, detail=answer.detail, retry_after_s=answer.retry_after_s)


def _retry(bulk: Sequence[Prepared], answer: Answer) -> Outcome:
    return _all(bulk, Verdict(Kind.RETRY, detail=answer.detail))


def _all(bulk: Sequence[Prepared], verdict: Verdict) -> Outcome:
    return Outcome((verdict,) * len(bulk))
