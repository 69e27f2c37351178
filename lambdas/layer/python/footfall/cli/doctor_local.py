"""What `footfall doctor` can see without a deployment: configuration, field list, pixel files, and the templates that were written."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from footfall.cli.finding import FAIL, WARN, Finding, judge, skipped
from footfall.cli.images import problems_with_image
from footfall.configuration import Configuration
from footfall.errors import ConfigurationError
from footfall.hits import log_fields
from footfall.hits.hit import Request
from footfall.hits.log_line import LineReader
from footfall.sql.dialects import presto_view
from footfall.sql.tables import TABLES, Table
from footfall.sql.views import VIEWS

PIXELS: Final = ("1x1.png", "1x1.gif")
_SYNTHESISE: Final = "python app.py writes the templates anew, then deploy them"
_UNREADABLE: Final = "delete the folder of the templates, then python app.py writes them anew"
_ALL: Final = 100
_NOW_MS: Final = 1_795_000_000_000

_SPECIMEN: Final = {
    "timestamp": "1795000000.000",
    "c-ip": "192.0.2.1",
    "sc-status": "200",
    "cs-method": "GET",
    "cs-host": "pixel.example.org",
    "cs-uri-stem": "/1x1.png",
    "x-edge-request-id": "specimen==",
    "cs-user-agent": "agent",
    "cs-referer": "https://www.example.org/",
    "cs-uri-query": "a=1",
    "x-edge-result-type": "FunctionGeneratedResponse",
    "cs-headers": "sec-gpc:1%0A",
    "cs-header-names": "sec-gpc%0A",
    "cs-headers-count": "1",
}
"""A value for each required field, as CloudFront writes it, none like another."""


def check_configuration(file: Path) -> tuple[Finding, Configuration | None]:
    """Read footfall.toml; every problem is named."""
    try:
        configuration = Configuration.load(file)
    except ConfigurationError as wrong:
        todo = "mend these" if file.exists() else "footfall init writes one"
        return judge("configuration", wrong.problems, good="", todo=todo), None
    sites = len(configuration.sites.registered)
    good = f"{file}: good, {sites} site{'s' if sites != 1 else ''}, default {configuration.sites.default or 'none'}"
    rate = configuration.edge.sampling_rate
    sampled = [] if rate == _ALL else [f"edge.sampling_rate = {rate}: every total is a sample"]
    return judge("configuration", sampled, good=good, todo="set it to 100 unless you mean it", verdict=WARN), configuration


def check_fields(configuration: Configuration) -> Finding:
    """Whether the parser reads a line of the configured fields, in AWS's order, as it was written."""
    fields = configuration.edge.log_fields
    problems = log_fields.problems_with(fields)
    if not problems and fields != log_fields.in_canonical_order(fields):
        problems = ["not in the order in which AWS delivers them"]
    if not problems:
        line = "\t".join(_SPECIMEN.get(name, log_fields.MISSING) for name in fields)
        problems = _misread(LineReader(fields).read(line, now_ms=_NOW_MS))
    return judge("log fields", problems, good=f"{len(fields)} fields; a line of them is read as written", todo="mend edge.log_fields")


def _misread(read: Any) -> list[str]:
    """What the reader made of the specimen, where that is not what it says."""
    if not isinstance(read, Request):
        return [f"the parser rejects a line of these fields: {read.reason.code}"]
    expected = {
        "received_ms": _NOW_MS,
        "address": _SPECIMEN["c-ip"],
        "status": 200,
        "method": _SPECIMEN["cs-method"],
        "host": _SPECIMEN["cs-host"],
        "path": _SPECIMEN["cs-uri-stem"],
        "request_id": _SPECIMEN["x-edge-request-id"],
        "user_agent": _SPECIMEN["cs-user-agent"],
        "referer": _SPECIMEN["cs-referer"],
        "query": _SPECIMEN["cs-uri-query"],
        "result_type": _SPECIMEN["x-edge-result-type"],
    }
    wrong = [f"the parser reads another {name} than the line has" for name, value in expected.items() if getattr(read, name) != value]
    return wrong if read.headers.gpc else [*wrong, "the parser does not see Sec-GPC"]


def check_pixels(webpage: Path) -> Finding:
    """Whether both pixel files are whole images."""
    if not webpage.is_dir():
        return skipped("pixel files", f"no folder {webpage} here", todo="run it in the checkout, or name the folder with --webpage")
    problems = []
    for name in PIXELS:
        content = read_pixel(webpage, name)
        problems += ["there is no " + name] if content is None else [f"{name}: {each}" for each in problems_with_image(name, content)]
    return judge("pixel files", problems, good=f"{' and '.join(PIXELS)} are whole", todo=f"git checkout {webpage}")


def read_pixel(webpage: Path, name: str) -> bytes | None:
    """The bytes of a file of the webpage; None when it is not there or cannot be read."""
    try:
        return (webpage / name).read_bytes()
    except OSError:
        return None


def check_templates(configuration: Configuration, folder: Path) -> Iterator[Finding]:
    """Whether the templates that were written last agree with footfall.toml and the SQL source: partitions, views, field list."""
    names = ("partition projection", "views", "log fields in the template")
    lake, edge = (folder / f"{configuration.name}-{stack}.template.json" for stack in ("lake", "edge"))
    if not (lake.is_file() and edge.is_file()):
        yield from (skipped(name, f"no templates of {configuration.name} in {folder}", todo="python app.py writes them") for name in names)
        return
    try:
        tables = _tables(_resources(lake, "AWS::Glue::Table"))
        logged = [each["Fields"] for each in _resources(edge, "AWS::CloudFront::RealtimeLogConfig")]
        yield judge("partition projection", _projection_problems(tables, configuration), good=_projected(configuration), todo=_SYNTHESISE)
        yield judge("views", _view_problems(tables, configuration), good=f"{len(VIEWS)} views are those of this version", todo=_SYNTHESISE)
        problems = [] if logged == [list(configuration.edge.log_fields)] else ["not edge.log_fields, in this order"]
        yield judge("log fields in the template", problems, good="those of footfall.toml, in order", todo=_SYNTHESISE)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        yield Finding(name="templates", verdict=FAIL, seen=f"those in {folder} cannot be read", todo=_UNREADABLE)


def _resources(template: Path, kind: str) -> list[Any]:
    document = json.loads(template.read_bytes())
    return [each["Properties"] for each in document["Resources"].values() if each["Type"] == kind]


def _tables(resources: list[Any]) -> dict[str, Any]:
    return {each["TableInput"]["Name"]: each["TableInput"] for each in resources}


def _projected(configuration: Configuration) -> str:
    return f"site: {', '.join(site.key for site in configuration.sites.registered)}; date: yyyy-MM-dd"


def _projection_problems(tables: Mapping[str, Any], configuration: Configuration) -> list[str]:
    problems = []
    for table in TABLES:
        found = tables.get(table.name)
        problems += [f"there is no table {table.name}"] if found is None else _table_problems(table, found, configuration)
    return problems


def _table_problems(table: Table, found: Mapping[str, Any], configuration: Configuration) -> list[str]:
    parameters = found["Parameters"]
    sites = ",".join(site.key for site in configuration.sites.registered)
    by_key = {
        "site": {"type": "enum", "values": sites},
        "date": {"type": "date", "format": "yyyy-MM-dd"},
    }
    expected = {"projection.enabled": "true"}
    for key in table.keys:
        expected |= {f"projection.{key.name}.{name}": value for name, value in by_key[key.name].items()}
    problems = [
        f"{table.name}: {name} is {parameters.get(name)!r} and should be {value!r}"
        for name, value in expected.items()
        if parameters.get(name) != value
    ]
    place = "".join(f"{key.name}=${{{key.name}}}/" for key in table.keys)
    if not _end_of(parameters["storage.location.template"]).endswith(f"/{table.prefix}/{place}"):
        problems.append(f"{table.name}: storage.location.template does not end in /{table.prefix}/{place}")
    if [key["Name"] for key in found["PartitionKeys"]] != [key.name for key in table.keys]:
        problems.append(f"{table.name}: its partition keys are not {', '.join(key.name for key in table.keys)}")
    return problems


def _end_of(text: Any) -> str:
    """The end of a text in a template, whose beginning may be a reference."""
    return text if isinstance(text, str) else str(text["Fn::Join"][1][-1])


def _view_problems(tables: Mapping[str, Any], configuration: Configuration) -> list[str]:
    database = configuration.name.replace("-", "_")
    texts = {view.name: presto_view(view, database=database) for view in VIEWS}
    return [
        f"{name} is another than this version's" for name, text in texts.items() if tables.get(name, {}).get("ViewOriginalText") != text
    ]
