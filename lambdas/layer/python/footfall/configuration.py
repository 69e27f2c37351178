"""`footfall.toml`: the one file a platform team edits, read into frozen dataclasses with every problem listed at once."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from footfall.alarm_settings import Alarms as Alarms  # noqa: PLC0414 - a section like those below, in a module of its own
from footfall.alarm_settings import read_alarms
from footfall.errors import ConfigurationError
from footfall.hits import log_fields
from footfall.toml_reader import TableReader

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

_SITE_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_TOKEN = re.compile(r"[0-9a-f]{32,128}:[0-9a-f]{64}")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A registered site: its key is the partition name, `ids` what trackers call it, `hosts` where its pages live."""

    key: str
    ids: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


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
class Configuration:
    """All of footfall.toml; `Configuration()` is what an empty file means."""

    name: str = "footfall"
    sites: Sites = field(default_factory=Sites)
    privacy: Privacy = field(default_factory=Privacy)
    edge: Edge = field(default_factory=Edge)
    stream: Stream = field(default_factory=Stream)
    lake: Lake = field(default_factory=Lake)
    alarms: Alarms = field(default_factory=Alarms)

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
            registered = tuple(Site(**{**site, "ids": tuple(site["ids"]), "hosts": tuple(site["hosts"])}) for site in sites["registered"])
            sections = {name: kind(**_tuples(document.pop(name))) for name, kind in _SECTIONS.items()}
            return Configuration(sites=Sites(default=sites["default"], registered=registered), **sections, **document)
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
        reader = TableReader(document)
        sites = _read_sites(reader.section("sites"))
        configuration = Configuration(
            name=reader.text("name", "footfall", pattern=_NAME, allowed="a lower-case word of up to 30 letters, digits and -"),
            sites=sites,
            privacy=_read_privacy(reader.section("privacy")),
            edge=_read_edge(reader.section("edge")),
            stream=_read_stream(reader.section("stream")),
            lake=_read_lake(reader.section("lake")),
            alarms=read_alarms(reader.section("alarms"), {site.key for site in sites.registered}),
        )
        reader.refuse_the_rest()
        if reader.problems:
            raise ConfigurationError(source, reader.problems)
        return configuration


_SECTIONS: Final[dict[str, Any]] = {"privacy": Privacy, "edge": Edge, "stream": Stream, "lake": Lake, "alarms": Alarms}


def _tuples(section: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in section.items()}


def _read_sites(reader: TableReader) -> Sites:
    if not reader.table:
        return Sites()
    default = reader.text("default", "", pattern=_SITE_KEY, allowed="the key of a registered site")
    registered = []
    for key in list(reader.table):
        site = reader.section(key)
        if not _SITE_KEY.fullmatch(key):
            site.problem("", key, "a site key: up to 40 of a-z, 0-9, _ and -, beginning with a letter or digit")
        ids = site.texts("ids", (), pattern=re.compile(r"[^\s]{1,80}"), allowed="the site's id in trackers, without spaces")
        hosts = site.texts("hosts", (), pattern=_HOST, allowed="a host name in lower case, without scheme, port or path")
        site.refuse_the_rest("ids or hosts")
        registered.append(Site(key=key, ids=ids, hosts=hosts))
    if default and default not in {site.key for site in registered}:
        reader.problem("default", default, "the key of a registered site")
    if len(registered) > MAX_SITES:
        reader.problem("", f"{len(registered)} sites", f"at most {MAX_SITES} sites")
    _refuse_shared(reader, "ids", [(site.key, name) for site in registered for name in (site.key, *site.ids)])
    _refuse_shared(reader, "hosts", [(site.key, host) for site in registered for host in site.hosts])
    return Sites(default=default, registered=tuple(registered))


def _refuse_shared(reader: TableReader, key: str, claims: list[tuple[str, str]]) -> None:
    owners: dict[str, str] = {}
    for site, name in claims:
        owner = owners.setdefault(name, site)
        if owner != site:
            reader.problem(f"{site}.{key}", name, f"what no other site claims; {owner} does")


def _read_privacy(reader: TableReader) -> Privacy:
    privacy = Privacy(
        ip=reader.choice("ip", "truncate", ("truncate", "hash", "drop", "keep")),
        gpc=reader.choice("gpc", "drop", ("keep", "strip", "drop")),
        dnt=reader.choice("dnt", "strip", ("keep", "strip", "drop")),
        unknown_signal=reader.choice("unknown_signal", "on", ("on", "off")),
        user_agent=reader.choice("user_agent", "reduced", ("reduced", "keep", "drop")),
        user_id=reader.choice("user_id", "keep", ("keep", "authenticated", "drop")),
        url_parameters_removed=reader.texts(
            "url_parameters_removed",
            REMOVED_URL_PARAMETERS,
            pattern=re.compile(r"[a-z0-9_.\-\[\]]{1,80}"),
            allowed="the name of a URL parameter in lower case",
        ),
        accepted_tokens=reader.texts("accepted_tokens", (), pattern=_TOKEN, allowed="a line that `footfall token` printed", is_secret=True),
    )
    reader.refuse_the_rest()
    return privacy


def _read_edge(reader: TableReader) -> Edge:
    arn = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:.{1,300}")
    chosen = reader.texts("log_fields", log_fields.DEFAULT, pattern=re.compile(r".{1,60}"), allowed="the name of a real-time log field")
    reader.problems.extend(f"edge.log_fields: {problem}" for problem in log_fields.problems_with(chosen))
    edge = Edge(
        sampling_rate=reader.integer("sampling_rate", 100, 1, 100),
        log_fields=log_fields.in_canonical_order(chosen),
        query_escaping=reader.choice("query_escaping", "auto", ("auto", "as_received", "escaped_again")),
        certificate_arn=reader.text("certificate_arn", "", pattern=arn, allowed="the ARN of an ACM certificate in us-east-1"),
        domain_names=reader.texts("domain_names", (), pattern=_HOST, allowed="a host name in lower case"),
        web_acl_arn=reader.text("web_acl_arn", "", pattern=arn, allowed="the ARN of a global (CLOUDFRONT) web ACL"),
        price_class=reader.choice("price_class", "100", ("100", "200", "all")),
    )
    if edge.domain_names and not edge.certificate_arn:
        reader.problem("certificate_arn", "", "the ARN of a certificate for domain_names")
    if edge.certificate_arn and not edge.domain_names:
        reader.problem("domain_names", [], "the host names that certificate_arn is for")
    reader.refuse_the_rest()
    return edge


def _read_stream(reader: TableReader) -> Stream:
    stream = Stream(
        shards=reader.integer("shards", 0, 0, 500),
        retention_hours=reader.integer("retention_hours", 72, 24, 8760),
    )
    reader.refuse_the_rest()
    return stream


def _read_lake(reader: TableReader) -> Lake:
    lake = Lake(
        buffer_seconds=reader.integer("buffer_seconds", 300, 60, 900),
        buffer_mb=reader.integer("buffer_mb", 128, 64, 128),
        keep_days=reader.integer("keep_days", 0, 1, 36500),
        removal=reader.choice("removal", "retain", ("retain", "destroy")),
    )
    reader.refuse_the_rest()
    return lake
