"""Show a hit's way to its destinations as sections of a page: the message, the delivery, and what the destination keeps."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from footfall.reasons import NOT_ROUTED, PREFETCHED, REASONS
from local.up.bulk_entries import values_of
from local.up.passage import DELIVERED, REJECTED, UNCERTAIN, WAITING, Delivery, Message
from local.up.section import Known, Section, fact, legend_of, plain_column

MASKED: Final = "********"
OVERRIDES: Final = frozenset({"ua", "lang", "cip", "cdt", "cid"})
"""Parameters that `enqueue_hits` writes; what a client sent by these names stands in `sent`."""

_NO_HIT: Final = {
    "reject": "There is none: only hits are queued, and this request was rejected.",
    "suppressed": "There is none: a suppressed request goes nowhere.",
    "refused": "There is none: without a log line there is nothing to queue.",
    "failed": "There is none: the line could not be processed.",
}
_VERDICTS: Final = {DELIVERED: "delivered", REJECTED: "rejected: a dead letter", UNCERTAIN: "uncertain: a dead letter", WAITING: "waiting"}
_AT_ONCE: Final = "Here the queue is drained as soon as a message arrives; on AWS each minute, of hits that have settled."
_EARLIER: Final = "Of an earlier run, unless it was still waiting: each start has a new stand-in for Matomo, which is empty."
_NOT_KEPT: Final = "Nothing is known of it any more: its queue ended with an earlier run."


def message_section(known: Known) -> Section:
    """The message that carries this hit, for this hit alone."""
    message = known.seen.message
    return Section(
        name="message",
        title="On its way: the message",
        columns=[*_message_columns(message)] if message else [],
        empty=_why_no_message(known),
        note="In this layout each hit brings its own agent, language and time, and env.server is empty." if _is_packed(message) else "",
        raw=_raw_message(message) if message else "",
        raw_label="This hit's part of the message in SQS",
        legend={"new": "written by enqueue_hits"},
    )


def delivery_section(known: Known) -> Section:
    """What each destination was sent of this hit, and what it answered."""
    seen = known.seen
    deliveries = list(seen.deliveries.values())
    columns = [column for delivery in deliveries for column in _delivery_columns(delivery, seen.message, seen.at.get("edge", 0.0))]
    entries = [_raw_bulk(delivery) for delivery in deliveries if delivery.entry]
    return Section(
        name="delivery",
        title="Sent: the bulk request",
        columns=columns,
        empty=_no_delivery(known),
        note=(_EARLIER if seen.is_restored else _AT_ONCE) if columns else "",
        raw="\n".join(entries),
        raw_label="This hit's part of the request",
        legend=legend_of(columns, {"dropped": "not sent", "new": "written by process_queue"}),
    )


def visit_section(known: Known) -> Section:
    """What the destination keeps of this hit."""
    stored = [delivery.stored for delivery in known.seen.deliveries.values() if delivery.stored]
    return Section(
        name="visit",
        title="Stored: the visit",
        columns=[plain_column(name, value) for each in stored for name, value in each.items()],
        empty=_why_no_visit(known),
        note="Kept by the stand-in for Matomo that runs here: it answers as a real one was measured to." if stored else "",
    )


def _is_packed(message: Message | None) -> bool:
    return message is not None and not message.server


def _why_no_message(known: Known) -> str:
    seen = known.seen
    if seen.outcome in _NO_HIT:
        why = " or ".join(seen.reasons)
        return _NO_HIT[seen.outcome] + (f" ({why})" if why else "")
    if "purpose:prefetch" in seen.row.get("evidence", ()):
        return f"There is none. {PREFETCHED.meaning}"
    if seen.row and not known.routes.get(str(seen.row.get("site", ""))):
        return f"There is none. {NOT_ROUTED.meaning}"
    return _NOT_KEPT if seen.is_restored else "Not yet."


def _no_delivery(known: Known) -> str:
    no_message = _why_no_message(known)
    return "There is none: there is no message." if no_message.startswith("There is none") else no_message


def _why_no_visit(known: Known) -> str:
    deliveries = known.seen.deliveries.values()
    if any(delivery.verdict == DELIVERED for delivery in deliveries):
        return "There is none: Matomo counted the hit and keeps nothing of it, as of bots, and of an order that it has already."
    if any(delivery.verdict in (REJECTED, UNCERTAIN) for delivery in deliveries):
        return "There is none: the hit was not accepted."
    return "Not yet." if deliveries else _no_delivery(known)


def _message_columns(message: Message) -> Iterator[dict[str, Any]]:
    others = {0: "none, it is alone in it", 1: "1 more hit"}.get(message.others, f"{message.others} more hits")
    yield fact("shard", f"{message.shard} of {message.shards}", meaning="By its visitor: hits of one visitor stay in order.")
    yield fact("layout", message.layout, meaning="How hits lie in a message of the AwsSqsTracking envelope.")
    yield fact("beside it", others, meaning="Other hits in the same message.")
    for name, value in message.request.items():
        yield plain_column(name, value, fate="new" if name in OVERRIDES else "kept", meaning=_SAID.get(name, ""))
    for name, value in message.server.items():
        yield plain_column(name, str(value), fate="new", meaning="In env.server, as PHP would have it.")


_SAID: Final = {
    "ua": "The visitor's agent, not the sender's.",
    "lang": "The visitor's language.",
    "cip": "The address by policy: 0.0.0.0 where none is left.",
    "cdt": "When it happened, Unix seconds.",
    "cid": "The visitor id, as the row has it.",
}


def _delivery_columns(delivery: Delivery, message: Message | None, edge_at: float) -> Iterator[dict[str, Any]]:
    yield fact("destination", delivery.destination)
    yield {**fact("verdict", _VERDICTS[delivery.verdict]), "verdict": delivery.verdict}
    if delivery.reason or delivery.detail:
        yield fact("reason", ": ".join(filter(None, (delivery.reason, delivery.detail))))
    if delivery.reason in REASONS:
        yield fact("meaning", f"{REASONS[delivery.reason].meaning} {REASONS[delivery.reason].remedy}".replace("`", ""))
    if delivery.at and edge_at:
        yield fact("after", f"{max(0, round((delivery.at - edge_at) * 1000))} ms", meaning="Since the edge answered.")
    if not delivery.entry:
        return
    yield fact("answer", f"{delivery.status} {delivery.answer[:500]}", meaning="To the whole bulk request.")
    yield fact("position", f"{delivery.position + 1} of {delivery.size}", meaning="In the bulk request.")
    if delivery.attempts > 1:
        yield fact("attempts", str(delivery.attempts))
    yield from _entry_columns(delivery.entry, values_of(message) if message else {})


def _entry_columns(entry: Mapping[str, str], sent: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in entry.items():
        yield plain_column(name, value, fate="kept" if sent.get(name) == value else "new")
    for name in [name for name in sent if name not in entry]:
        yield plain_column(name, str(sent[name]), fate="dropped")


def _raw_message(message: Message) -> str:
    content = {"requests": [message.request], "env": {"server": message.server}, "tokenAuth": False, "time": message.time_s}
    own = {"version": 1, "layout": message.layout, "shard": message.shard, "shards": message.shards, "hits": [message.own]}
    return _pretty({"piwik": True, "content": content, "footfall": own})


def _raw_bulk(delivery: Delivery) -> str:
    return "POST /matomo.php?queuedtracking=0\n" + _pretty({"requests": [delivery.entry], "token_auth": MASKED})


def _pretty(document: Mapping[str, Any] | Sequence[Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)
