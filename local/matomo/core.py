"""Decide, without a socket, what Matomo answers to a request and what it then remembers."""

from dataclasses import replace
from typing import Final

from local.matomo.bulk import answer_bulk, is_bulk
from local.matomo.exchange import HTML, Answer, Request, error_page
from local.matomo.queued import answer_queued, is_bypassed
from local.matomo.reporting import answer_report
from local.matomo.settings import Fault
from local.matomo.single import answer_single
from local.matomo.state import Changes, State

TRACKER: Final = frozenset({"/matomo.php", "/piwik.php"})
REPORTS: Final = frozenset({"/", "/index.php"})


def answer(request: Request, state: State) -> tuple[Answer, Changes]:
    """Answer a request; the state is only read, `state.commit(changes)` makes it so.

    >>> from local.matomo.settings import Site
    >>> reply, changes = answer(Request(method="GET", target="/matomo.php?rec=1&idsite=1", now_s=1_795_000_000), State(sites={1: Site()}))
    >>> reply.status, len(changes.hits)
    (200, 1)
    """
    changes = Changes(state=state)
    if request.path in REPORTS:
        return answer_report(request, changes), changes
    if request.path not in TRACKER:
        return error_page(404, "Not Found"), changes
    if request.method != "POST" or not is_bulk(request.body):
        return answer_single(request, changes)
    changes.bulks = 1
    return _struck_bulk(request, changes, state.plan.fault(state.bulks + 1))


def _struck_bulk(request: Request, changes: Changes, fault: Fault | None) -> tuple[Answer, Changes]:
    """Answer a bulk through whatever its fault does on the way in and on the way out."""
    if fault is None:
        return _bulk(request, changes, None)
    if fault.kind == "unavailable":
        headers = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
        return Answer(status=fault.status, content_type=HTML, headers=headers), changes
    if fault.kind in {"reset_before_commit", "time_out_before_commit"}:
        return Answer(status=500, content_type=HTML, connection="reset" if fault.kind.startswith("reset") else "hold"), changes
    reply, kept = _bulk(request, changes, fault)
    if fault.kind == "cut_after_commit":
        return replace(reply, body=reply.body[: len(reply.body) // 2]), kept
    if fault.kind == "reset_after_commit":
        return replace(reply, connection="reset"), kept
    return (replace(reply, connection="hold") if fault.kind == "time_out_after_commit" else reply), kept


def _bulk(request: Request, changes: Changes, fault: Fault | None) -> tuple[Answer, Changes]:
    if changes.state.behaviour.has_queued_tracking and not is_bypassed(request):
        return answer_queued(request, changes)
    return answer_bulk(request, changes, fault)
