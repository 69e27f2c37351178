"""The requests that the page can send: by the visitor's own browser, or by this machine where a browser cannot set what they need."""

from dataclasses import dataclass
from typing import Any, Final

from local.demo import send
from local.visitors import ADDRESSES, KINDS, VISITOR, Kind, Request

IMAGE: Final = "image"
BEACON: Final = "beacon"
SERVER: Final = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A button: `kind` names one of the demo's kinds, `sent_by` is image or beacon (the browser), or server."""

    name: str
    kind: str
    sent_by: str
    label: str
    hint: str

    def to_json(self) -> dict[str, Any]:
        """What the page needs to know."""
        target = _target(next(kind for kind in KINDS if kind.name == self.kind))
        shown = {"name": self.name, "label": self.label, "hint": self.hint, "sent_by": self.sent_by}
        return shown if self.sent_by == SERVER else {**shown, "target": target}


def _sample(name: str, kind: str, sent_by: str, label: str, hint: str) -> Sample:
    return Sample(name=name, kind=kind, sent_by=sent_by, label=label, hint=hint)


def _target(kind: Kind) -> str:
    """Its path and query, with a whole visitor id."""
    return kind.target.replace(f"_id={VISITOR}", f"_id={VISITOR}0")


SAMPLES: Final = (
    _sample("view", "page view, beacon (empty POST)", BEACON, "Page view", "As matomo.js sends it"),
    _sample("event", "event, beacon", BEACON, "Event", "Video, Play, 12.5"),
    _sample("pixel", "plain pixel (the CloudFront sample's)", IMAGE, "Plain pixel", "An image, no script"),
    _sample("mail", "e-mail open, a person", IMAGE, "E-mail open", "The image of a newsletter"),
    _sample("unknown-site", "unknown site", IMAGE, "Unknown site", "Becomes a reject"),
    _sample("escapes", "broken escapes", IMAGE, "Broken escapes", "%E9%zz%, and a name twice"),
    _sample("goal", "conversion of a goal Matomo does not have", IMAGE, "Unknown goal", "A row, and refused by Matomo"),
    _sample("app", "Piwik PRO page view", IMAGE, "Site without Matomo", "A row, and routed nowhere"),
    _sample("gpc", "Global Privacy Control", SERVER, "Global Privacy Control", "Sec-GPC: 1 is counted, not written"),
    _sample("dnt", "Do Not Track", SERVER, "Do Not Track", "DNT: 1, a row without identity"),
    _sample("ai-bot", "AI bot", SERVER, "AI crawler", "GPTBot, marked and kept"),
    _sample("prefetch", "browser prefetch", SERVER, "Prefetch", "A row, and for no destination"),
    _sample("mail-proxy", "e-mail open, Gmail's proxy", SERVER, "Gmail's proxy", "Opens an e-mail for someone"),
    _sample("token", "backend with a token", SERVER, "Backend with a token", "Counts, and is removed"),
    _sample("body", "POST with a body", SERVER, "POST with a body", "Answered 501, a reject"),
    _sample("short-line", "line with a column too few", SERVER, "Damaged line", "A column too few"),
    _sample("long", "URL over 8,192 bytes", SERVER, "URL too long", "CloudFront logs nothing"),
)
"""What a browser may not set (Sec-GPC, DNT, User-Agent are forbidden header names, Fetch standard) is sent by this machine."""

_SERVER_SAMPLES: Final = {sample.name: sample for sample in SAMPLES if sample.sent_by == SERVER}


def send_sample(name: str, edge_url: str) -> str | None:
    """Send a sample from this machine, from a documentation address; its request id ("" without an answer), None if there is none."""
    sample = _SERVER_SAMPLES.get(name)
    return None if sample is None else send(edge_url, _request(sample)).request_id


def _request(sample: Sample) -> Request:
    kind = next(kind for kind in KINDS if kind.name == sample.kind)
    address = ADDRESSES[list(_SERVER_SAMPLES).index(sample.name) % len(ADDRESSES)]
    headers = {
        "User-Agent": kind.user_agents[0],
        "Accept-Language": "de-DE,de;q=0.8",
        "x-footfall-demo-address": address,
        "x-footfall-demo-country": "DE",
        **kind.headers,
    }
    return Request(kind=kind, method=kind.method, target=_target(kind), headers=headers, body=kind.body)
