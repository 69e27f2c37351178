"""Every reason a request is not a row, declared once: code, metrics, alarms, runbook and documentation read this table."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What becomes of a request that has this reason."""

    REJECT = "reject"  # could not be understood: a row in `rejects`
    SUPPRESSED = "suppressed"  # understood, and on purpose not written: counted only
    LOSS = "loss"  # should have been written and was not: counted, alarmed, evidence where it happened


class Stage(StrEnum):
    """Where it was decided."""

    EDGE = "edge"
    TRANSFORM = "transform"
    DELIVERY = "delivery"
    ENQUEUE = "enqueue"
    PROCESS = "process"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason: its code as written in rows and metrics, and what a person should know of it."""

    code: str
    kind: Kind
    stage: Stage
    meaning: str
    remedy: str


def _reject(code: str, stage: Stage, meaning: str, remedy: str) -> Reason:
    return Reason(code=code, kind=Kind.REJECT, stage=stage, meaning=meaning, remedy=remedy)


def _suppressed(code: str, meaning: str) -> Reason:
    return Reason(code=code, kind=Kind.SUPPRESSED, stage=Stage.TRANSFORM, meaning=meaning, remedy="None: this is policy.")


COLUMN_COUNT = _reject(
    "column_count",
    Stage.TRANSFORM,
    "The line has not as many columns as the deployed field list; none of them can be trusted.",
    "Compare `[edge] log_fields` with the fields of the deployed real-time log configuration.",
)
BAD_COLUMNS = _reject(
    "bad_columns",
    Stage.TRANSFORM,
    "The time, the address or the request id does not look like one; no column can be trusted.",
    "As for column_count: the order or the selection of fields differs from what was deployed.",
)
NOT_UTF8 = _reject(
    "not_utf8",
    Stage.TRANSFORM,
    "The record is not text in UTF-8, or not base64.",
    "Find what else writes into the stream; CloudFront does not send this.",
)
LINE_TOO_LONG = _reject(
    "line_too_long",
    Stage.TRANSFORM,
    "The record is larger than any log line can be.",
    "Find what else writes into the stream; CloudFront does not send this.",
)
UNKNOWN_SITE = _reject(
    "unknown_site",
    Stage.TRANSFORM,
    "The request names a site that is not registered.",
    "Register the site's id or host under `[sites.…]` in footfall.toml, or remove the tag.",
)
NO_SITE = _reject(
    "no_site",
    Stage.TRANSFORM,
    "The request names no site, no host binds one, and there is no default site.",
    "Set `[sites] default`, or bind the host to a site.",
)
NOT_RECORDING = _reject(
    "not_recording",
    Stage.TRANSFORM,
    "A tracker path without `rec=1`, which Matomo ignores too.",
    "Mend the tag: the Tracking API requires rec=1.",
)
UNKNOWN_PATH = _reject(
    "unknown_path",
    Stage.TRANSFORM,
    "The path is none of the pixel's.",
    "Only the pixel behaviours should have the real-time log configuration.",
)
EDGE_ERROR = _reject(
    "edge_error",
    Stage.EDGE,
    "The edge answered with an error, so the client did not get its pixel.",
    "See the status: 403 is the firewall or geography, 405 the method, 5xx the edge function.",
)
BODY_NOT_COLLECTED = _reject(
    "body_not_collected",
    Stage.EDGE,
    "A POST with a body, which real-time logs never contain; the edge answered 501.",
    "Send the parameters in the query string, or deploy the collector.",
)

GPC = _suppressed("gpc", "The visitor's browser sends Global Privacy Control, and `privacy.gpc` is drop.")
DNT = _suppressed("dnt", "The visitor's browser sends Do Not Track, and `privacy.dnt` is drop.")
UNKNOWN_SIGNAL = _suppressed(
    "unknown_signal", "CloudFront cut the header list, or the log has no headers: the signal is unknown and taken as on."
)
PREFLIGHT = _suppressed("preflight", "A CORS preflight (OPTIONS): the request it asks for follows.")
REDIRECT = _suppressed("redirect", "A request over http that the edge redirected to https: the request it leads to follows.")
HEAD = _suppressed("head", "A HEAD request: nothing was shown to anyone.")
COLLECTOR_OWNS = _suppressed("collector_owns", "The collector records this request; its line only checks completeness.")

NO_ROOM = Reason(
    code="no_room",
    kind=Kind.LOSS,
    stage=Stage.TRANSFORM,
    meaning="The batch had so many records that even the shortest rows would outgrow the response limit.",
    remedy="Lower the buffer hints of the transform; find what writes so many tiny records into the stream.",
)
PROCESSING_FAILED = Reason(
    code="processing_failed",
    kind=Kind.LOSS,
    stage=Stage.DELIVERY,
    meaning="Firehose put records under the error prefix: the transform timed out, crashed or outgrew its limits.",
    remedy="Read the transform's log, mend it, and import the objects of the error prefix before they expire in 3 days.",
)


def _lost(code: str, stage: Stage, meaning: str, remedy: str) -> Reason:
    return Reason(code=code, kind=Kind.LOSS, stage=stage, meaning=meaning, remedy=remedy)


CRASHED = _lost(
    "crashed",
    Stage.TRANSFORM,
    "Our own code failed on one record, message or line, in any stage: it was set aside, and its neighbours went on.",
    "Read the function's log for the error's type and place; report it, deploy the mend, then feed the hits back as the runbook says.",
)
TOO_LARGE = _lost(
    "too_large",
    Stage.ENQUEUE,
    "One hit alone is larger than a message of the tracking queue may be; its row is in the lake.",
    "Find what sends so much in one request; `queue.max_message_kb` may be raised to 1024.",
)
REFUSED = _lost(
    "refused",
    Stage.PROCESS,
    "The destination counted the hit as invalid: a parameter or a site it does not accept.",
    "See the dead letter's evidence; mend the tag or the site's number under `deliver`, then `footfall queue redrive`.",
)
UNATTRIBUTED = _lost(
    "unattributed",
    Stage.PROCESS,
    "The destination counted some hits of a bulk as invalid and did not say which: it does so only for a super user's token.",
    "The dead letter names the bulk's event ids. Never redrive it: the others are stored. A super user's token tells which.",
)
POISON = _lost(
    "poison",
    Stage.PROCESS,
    "The destination fails on this hit alone, and would fail every bulk that holds it.",
    "See the dead letter's evidence and the destination's log; redrive after an upgrade, if at all.",
)
SITE_REFUSED = _lost(
    "site_refused",
    Stage.PROCESS,
    "The destination accepts the token for other sites and not for this one: it has no such site, or the token no write access to it.",
    "Compare the site's number under `deliver` and the token's permissions, then `footfall queue redrive --reason site_refused`.",
)
TOO_OLD = _lost(
    "too_old",
    Stage.PROCESS,
    "The hit is older than the destination keeps raw data (`keeps_days`), so it would refuse it.",
    "Import the days from the lake another way, or raise the destination's age limit and redrive.",
)
UNCERTAIN = _lost(
    "uncertain",
    Stage.PROCESS,
    "Nobody can know whether the destination stored the hit (a time-out, a crash, an answer that does not add up); policy is to park it.",
    "Look for the hit in the destination; `footfall queue redrive --reason uncertain` sends it again and may double it.",
)
UNROUTED = _lost(
    "unrouted",
    Stage.PROCESS,
    "A message holds a hit whose site is not registered, or is routed to no destination.",
    "Register the site's id, or give it a `deliver`, then redrive.",
)
UNREADABLE = _lost(
    "unreadable",
    Stage.PROCESS,
    "A message in the tracking queue is in none of the forms that are known.",
    "Find who writes it; the dead letter has the shape and no content.",
)
NOT_ROUTED = Reason(
    code="not_routed",
    kind=Kind.SUPPRESSED,
    stage=Stage.ENQUEUE,
    meaning="The hit's site is routed to no destination: its row in the lake is all there is to be.",
    remedy="None, or give the site a `deliver`.",
)
PREFETCHED = Reason(
    code="prefetched",
    kind=Kind.SUPPRESSED,
    stage=Stage.ENQUEUE,
    meaning="A machine fetched ahead of a person; the destination would leave it out by a header that a queued hit no longer has.",
    remedy="None: the row in the lake is marked.",
)

REASONS: dict[str, Reason] = {
    reason.code: reason
    for reason in (
        COLUMN_COUNT,
        BAD_COLUMNS,
        NOT_UTF8,
        LINE_TOO_LONG,
        UNKNOWN_SITE,
        NO_SITE,
        NOT_RECORDING,
        UNKNOWN_PATH,
        EDGE_ERROR,
        BODY_NOT_COLLECTED,
        GPC,
        DNT,
        UNKNOWN_SIGNAL,
        PREFLIGHT,
        REDIRECT,
        HEAD,
        COLLECTOR_OWNS,
        NO_ROOM,
        PROCESSING_FAILED,
        CRASHED,
        TOO_LARGE,
        REFUSED,
        UNATTRIBUTED,
        POISON,
        SITE_REFUSED,
        TOO_OLD,
        UNCERTAIN,
        UNROUTED,
        UNREADABLE,
        NOT_ROUTED,
        PREFETCHED,
    )
}
