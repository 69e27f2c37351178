"""Apply the policies on Global Privacy Control and Do Not Track."""

from typing import Final, NamedTuple

from footfall import reasons
from footfall.configuration import Privacy
from footfall.hits.hit import Headers


class Signals(NamedTuple):
    """What the visitor's signals ask for, by policy: suppress the request for a reason, or strip its identity."""

    drop: reasons.Reason | None
    strip: bool


NO_SIGNALS: Final = Signals(None, strip=False)


def judge_signals(headers: Headers, privacy: Privacy) -> Signals:
    """Apply both policies; a signal that cannot be known counts as `privacy.unknown_signal` says."""
    if headers.gpc is False and headers.dnt is False:
        return NO_SIGNALS
    strip = False
    for value, policy, reason in ((headers.gpc, privacy.gpc, reasons.GPC), (headers.dnt, privacy.dnt, reasons.DNT)):
        if value or (value is None and privacy.unknown_signal == "on"):
            if policy == "drop":
                return Signals(reason if value else reasons.UNKNOWN_SIGNAL, strip=False)
            strip = strip or policy == "strip"
    return Signals(None, strip)
