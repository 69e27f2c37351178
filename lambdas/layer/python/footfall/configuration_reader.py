"""Read a parsed footfall.toml: every key checked, every problem listed at once, under its full key."""

import re
from collections.abc import Mapping
from typing import Any

from footfall.alarm_settings import read_alarms
from footfall.configuration import (
    MAX_SITES,
    REMOVED_URL_PARAMETERS,
    Configuration,
    Destination,
    Edge,
    Lake,
    Privacy,
    Queue,
    Site,
    Sites,
    Stream,
)
from footfall.errors import ConfigurationError
from footfall.hits import log_fields
from footfall.toml_reader import TableReader

_SITE_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_TOKEN = re.compile(r"[0-9a-f]{32,128}:[0-9a-f]{64}")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")


def read_document(document: Mapping[str, Any], source: str) -> Configuration:
    """Check a parsed footfall.toml and fill in what it leaves out.

    Raises:
        ConfigurationError: lists every problem with key, value and what is allowed.
    """
    reader = TableReader(document)
    destinations = _read_destinations(reader.section("destinations"))
    sites = _read_sites(reader.section("sites"), {destination.name for destination in destinations})
    configuration = Configuration(
        name=reader.text("name", "footfall", pattern=_NAME, allowed="a lower-case word of up to 30 letters, digits and -"),
        sites=sites,
        privacy=_read_privacy(reader.section("privacy")),
        edge=_read_edge(reader.section("edge")),
        stream=_read_stream(reader.section("stream")),
        lake=_read_lake(reader.section("lake")),
        queue=_read_queue(reader.section("queue")),
        destinations=destinations,
        alarms=read_alarms(reader.section("alarms"), {site.key for site in sites.registered}),
    )
    reader.refuse_the_rest()
    if reader.problems:
        raise ConfigurationError(source, reader.problems)
    return configuration


def _read_sites(reader: TableReader, destinations: set[str]) -> Sites:
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
        deliver = _read_routes(site.section("deliver"), destinations)
        site.refuse_the_rest("ids, hosts or deliver")
        registered.append(Site(key=key, ids=ids, hosts=hosts, deliver=deliver))
    if default and default not in {site.key for site in registered}:
        reader.problem("default", default, "the key of a registered site")
    if len(registered) > MAX_SITES:
        reader.problem("", f"{len(registered)} sites", f"at most {MAX_SITES} sites")
    _refuse_shared(reader, "ids", [(site.key, name) for site in registered for name in (site.key, *site.ids)])
    _refuse_shared(reader, "hosts", [(site.key, host) for site in registered for host in site.hosts])
    return Sites(default=default, registered=tuple(registered))


def _read_routes(reader: TableReader, destinations: set[str]) -> tuple[tuple[str, str], ...]:
    """`{ matomo = "7" }`: names of destinations, and what each calls the site."""
    for name in [name for name in reader.table if name not in destinations]:
        reader.problem(name, reader.table.pop(name), "the name of a destination: a table [destinations.<name>]")
    ids = re.compile(r"[1-9][0-9]{0,9}")
    return tuple((name, reader.text(name, "", pattern=ids, allowed="the site's number there, as text")) for name in list(reader.table))


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


def _read_queue(reader: TableReader) -> Queue:
    url = re.compile(r"https://sqs\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/\d{12}/[A-Za-z0-9_-]{1,80}(\.fifo)?")
    queue = Queue(
        layout=reader.choice("layout", "packed", ("packed", "compatible")),
        kind=reader.choice("kind", "standard", ("standard", "fifo")),
        visitor_shards=reader.integer("visitor_shards", 8, 1, 256),
        max_hits_per_message=reader.integer("max_hits_per_message", 100, 1, 1000),
        max_message_kb=reader.integer("max_message_kb", 256, 16, 1024),
        settle_s=reader.integer("settle_s", 60, 0, 900),
        retention_days=reader.integer("retention_days", 14, 1, 14),
        every_minutes=reader.integer("every_minutes", 1, 1, 1440),
        output_url=reader.text("output_url", "", pattern=url, allowed="the URL of an SQS queue"),
        input_url=reader.text("input_url", "", pattern=url, allowed="the URL of an SQS queue"),
        trust=reader.choice("trust", "marked", ("marked", "all")),
    )
    for key in ("output_url", "input_url"):
        value = getattr(queue, key)
        if value and value.endswith(".fifo") != (queue.kind == "fifo"):
            reader.problem(key, value, f"the URL of a queue of kind {queue.kind!r}")
    reader.refuse_the_rest()
    return queue


def _read_destinations(reader: TableReader) -> tuple[Destination, ...]:
    names = re.compile(r"[a-z][a-z0-9_]{0,29}")
    destinations = []
    for name in list(reader.table):
        table = reader.section(name)
        if not names.fullmatch(name):
            table.problem("", name, "a destination's name: up to 30 of a-z, 0-9 and _, beginning with a letter")
        destinations.append(_read_destination(table, name))
    return tuple(destinations)


def _read_destination(reader: TableReader, name: str) -> Destination:
    url = re.compile(r"https://[A-Za-z0-9.-]{1,253}(:\d{1,5})?/[A-Za-z0-9._~/-]{0,200}")
    destination = Destination(
        name=name,
        kind=reader.choice("kind", "matomo", ("matomo",)),
        url=reader.text("url", "", pattern=url, allowed="the https address of matomo.php"),
        token_secret=reader.text(
            "token_secret", "", pattern=re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}"), allowed="the name of a secret in Secrets Manager"
        ),
        transactional=reader.flag("transactional", default=True),
        uncertain=reader.choice("uncertain", "park", ("park", "resend")),
        hits_per_bulk=reader.integer("hits_per_bulk", 200, 1, 2000),
        timeout_s=reader.integer("timeout_s", 30, 5, 120),
        keeps_days=reader.integer("keeps_days", 0, 1, 7300),
    )
    for key in ("url", "token_secret"):
        if not getattr(destination, key):
            reader.problem(key, "", f"a value: the destination {name!r} cannot be reached without one")
    reader.refuse_the_rest()
    return destination
