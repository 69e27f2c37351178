"""`footfall.toml`: the one file a platform team edits, read into frozen dataclasses with every problem listed at once."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from footfall.alarm_settings import Alarms as Alarms  # noqa: PLC0414 - a section like those below, in a module of its own
from footfall.errors import ConfigurationError
from footfall.hits import log_fields

PIXEL_PATHS: Final = ("/1x1.png", "/1x1.gif", "/matomo.php", "/piwik.php", "/ppms.php")

PAGE_CONTENT_SECURITY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the pages of webpage/ may load, on AWS and on this machine: their own files, and nothing inline."""

MAX_SITES: Final = 1000
"""An enum of partition projection, and one configuration.json, stay small."""

REMOVED_URL_PARAMETERS: Final = (
    "token_auth",
    "access_token",
    "id_token",
    "refresh_token",
    "api_key",
    "apikey",
    "auth",
    "code",
    "password",
    "passwd",
    "pwd",
    "secret",
    "signature",
    "phpsessid",
    "jsessionid",
    "sessionid",
    "aspsessionid",
    "sid",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A registered site: its key is the partition name, `ids` what trackers call it, `hosts` where its pages live.

    `deliver` routes its hits: pairs of a destination's name and what that destination calls the site, for example
    `(("matomo", "7"),)`.
    """

    key: str
    ids: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    deliver: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """The registry; `default` is the site of a request that names none ("" for no default)."""

    default: str = "main"
    registered: tuple[Site, ...] = (Site(key="main", ids=("1",)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """Policies of DESIGN.md section 4, *Privacy*; the defaults keep the least."""

    ip: str = "truncate"
    gpc: str = "drop"
    dnt: str = "strip"
    unknown_signal: str = "on"
    user_agent: str = "reduced"
    user_id: str = "keep"
    url_parameters_removed: tuple[str, ...] = REMOVED_URL_PARAMETERS
    accepted_tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """CloudFront: names, certificate and what its real-time log lines hold (`log_fields` in AWS's canonical order)."""

    sampling_rate: int = 100
    log_fields: tuple[str, ...] = log_fields.in_canonical_order(log_fields.DEFAULT)
    query_escaping: str = "auto"
    certificate_arn: str = ""
    domain_names: tuple[str, ...] = ()
    web_acl_arn: str = ""
    price_class: str = "100"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Kinesis: shards (0 = on demand) and how long it holds the lines, encrypted."""

    shards: int = 0
    retention_hours: int = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """S3: buffering before a Parquet object is written, and how long rows are kept (0 = for ever)."""

    buffer_seconds: int = 300
    buffer_mb: int = 128
    keep_days: int = 0
    removal: str = "retain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The tracking queue: how hits are packed, how long they wait, and which queues; deployed when a site is routed to a destination.

    `output_url` and `input_url` name queues that exist already ("" = the stack's own; the input is the output by default).
    `trust`: whether auth-only parameters of requests that are not marked `authenticated` count ("all") or are stripped ("marked").
    """

    layout: str = "packed"
    kind: str = "standard"
    visitor_shards: int = 8
    max_hits_per_message: int = 100
    max_message_kb: int = 256
    settle_s: int = 60
    retention_days: int = 14
    every_minutes: int = 1
    output_url: str = ""
    input_url: str = ""
    trust: str = "marked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where hits are delivered; `token_secret` names a secret in Secrets Manager, the value is never in a file or an environment.

    `transactional`: a bulk that is answered 500 was rolled back whole (`[Tracker] bulk_requests_use_transaction`, Matomo's default).
    `uncertain`: what to do with hits of which nobody can know whether they were stored: park or resend.
    `keeps_days`: Matomo refuses hits older than this where it deletes raw data (its age plus the schedule's interval); 0 = never.
    """

    name: str
    url: str
    token_secret: str
    kind: str = "matomo"
    transactional: bool = True
    uncertain: str = "park"
    hits_per_bulk: int = 200
    timeout_s: int = 30
    keeps_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All of footfall.toml; `Configuration()` is what an empty file means."""

    name: str = "footfall"
    sites: Sites = field(default_factory=Sites)
    privacy: Privacy = field(default_factory=Privacy)
    edge: Edge = field(default_factory=Edge)
    stream: Stream = field(default_factory=Stream)
    lake: Lake = field(default_factory=Lake)
    queue: Queue = field(default_factory=Queue)
    destinations: tuple[Destination, ...] = ()
    alarms: Alarms = field(default_factory=Alarms)

    @property
    def has_queue(self) -> bool:
        """Whether any site is routed to a destination."""
        return any(site.deliver for site in self.sites.registered)

    def to_json(self) -> str:
        """Write the `configuration.json` that the functions read; `from_json` reads it back equal."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> "Configuration":
        """Read what `to_json` wrote.

        Raises:
            ConfigurationError: the text is not such a document.
        """
        try:
            document = json.loads(text)
            sites = document.pop("sites")
            registered = tuple(_site(site) for site in sites["registered"])
            destinations = tuple(Destination(**destination) for destination in document.pop("destinations"))
            sections = {name: kind(**_tuples(document.pop(name))) for name, kind in _SECTIONS.items()}
            return Configuration(
                sites=Sites(default=sites["default"], registered=registered), destinations=destinations, **sections, **document
            )
        except (ValueError, KeyError, TypeError, AttributeError) as broken:
            raise ConfigurationError("configuration.json", [f"not written by this version of Footfall: {broken}"]) from broken

    @staticmethod
    def load(path: Path) -> "Configuration":
        """Read a footfall.toml.

        Raises:
            ConfigurationError: the file cannot be read or is wrong; lists every problem with key, value and what is allowed.
        """
        import tomllib  # noqa: PLC0415 - 14 ms of a function's cold start, where only `from_json` is needed

        try:
            document = tomllib.loads(path.read_bytes().decode("utf-8"))
        except OSError as unreadable:
            raise ConfigurationError(str(path), [f"cannot be read: {unreadable.strerror}"]) from unreadable
        except UnicodeDecodeError as not_text:
            raise ConfigurationError(str(path), [f"not UTF-8 text: byte {not_text.start}"]) from not_text
        except tomllib.TOMLDecodeError as not_toml:
            raise ConfigurationError(str(path), [f"not TOML: {not_toml}"]) from not_toml
        except RecursionError as too_deep:
            raise ConfigurationError(str(path), ["not TOML: nested too deeply"]) from too_deep
        return Configuration.from_document(document, source=str(path))

    @staticmethod
    def from_document(document: Mapping[str, Any], *, source: str = "footfall.toml") -> "Configuration":
        """Check a parsed footfall.toml and fill in what it leaves out.

        Raises:
            ConfigurationError: as `load`.
        """
        from footfall import configuration_reader  # noqa: PLC0415 - a function's cold start needs only `from_json`

        return configuration_reader.read_document(document, source)


_SECTIONS: Final[dict[str, Any]] = {
    "privacy": Privacy,
    "edge": Edge,
    "stream": Stream,
    "lake": Lake,
    "queue": Queue,
    "alarms": Alarms,
}


def _tuples(section: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in section.items()}


def _site(document: dict[str, Any]) -> Site:
    deliver = tuple((name, id_) for name, id_ in document["deliver"])
    return Site(**{**document, "ids": tuple(document["ids"]), "hosts": tuple(document["hosts"]), "deliver": deliver})
