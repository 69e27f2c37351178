"""`footfall import`: bring access logs that were not streamed into the lake, by the same code as the stream."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from footfall.cli.import_report import Progress, account_of, summary_of, to_document
from footfall.cli.noun import DONE, FAILED, INTERRUPTED, add_noun, write_json
from footfall.configuration import Configuration
from footfall.errors import ConfigurationError, FootfallError, UnavailableError
from footfall.hits import log_fields

if TYPE_CHECKING:
    from footfall.hits.judge import SaltsOf
    from footfall.importing.inputs import Input
    from footfall.importing.ports import Lake
    from footfall.importing.run import FileReport

FORMATS: Final = ("real-time", "standard", "json", "firehose-errors")

EXAMPLES = """
footfall import E2EXAMPLE.2026-11-18-09.1a2b3c4d.gz          one standard log, into .footfall/lake
footfall import --dry-run logs/                              say what would happen to all files of a folder
footfall import s3://my-logs/cdn/E2EXAMPLE.2026-11 --lake s3://my-lake
footfall import lines.tsv --fields timestamp,c-ip,…          real-time lines of another field list than footfall.toml's
"""

NOTES = """
Formats: real-time log lines, standard logs (W3C, legacy and v2), standard logs v2 in JSON, and what Firehose put under the
error prefix; gzip or not. A second import of the same file adds nothing, an interrupted one goes on where it ended, and hits
that were streamed too are one row in the view `hits`.

Standard logs hold no Sec-GPC and no DNT: `privacy.unknown_signal` of footfall.toml decides. Its default takes both signals as
sent, so that with `gpc = "drop"` every line is suppressed and counted. docs/import.md says what to weigh.
"""


def add_to(nouns: "argparse._SubParsersAction[Any]") -> None:
    """Add the noun to the command line."""
    codes = {
        DONE: "all files are in the lake",
        FAILED: "some are not; each says why, and its neighbours are in",
        INTERRUPTED: "interrupted with Ctrl-C; the same command goes on",
    }
    noun = add_noun(nouns, "import", summary="bring access logs into the lake", examples=EXAMPLES, notes=NOTES, codes=codes, run=run)
    noun.add_argument(
        "inputs", nargs="+", metavar="FILE", help="a file, a folder (all below it), or s3://bucket/prefix (all that begin so)"
    )
    noun.add_argument("--lake", default=".footfall/lake", help="a folder, or s3://bucket (default: %(default)s)")
    noun.add_argument("--configuration", type=Path, default=Path("footfall.toml"), help="sites and policies (default: %(default)s)")
    noun.add_argument("--fields", help="field list of real-time lines, with commas, in the order of the file (default: edge.log_fields)")
    noun.add_argument("--format", choices=FORMATS, help="do not look, it is this one")
    noun.add_argument("--salt-table", help="DynamoDB table of salts: lines of the last 48 hours get the visitor ids of the stream")
    noun.add_argument("--again", action="store_true", help="import files that are in the lake already; writes the same objects")
    noun.add_argument("--dry-run", action="store_true", help="judge every line, write nothing, name the objects")
    noun.add_argument("--json", action="store_true", help="print one JSON object: outcomes, account, files")


def run(chosen: argparse.Namespace) -> int:
    """Import all inputs; one line for each file, then the account."""
    configuration = _with_fields(Configuration.load(chosen.configuration), chosen.fields)
    _require_boto3(*chosen.inputs, chosen.lake)
    reports: list[FileReport] = []
    started = time.monotonic()
    is_interrupted = False
    with Progress(sys.stderr) as progress:
        try:
            for report in _import(chosen, configuration, progress):
                reports.append(report)
                if not chosen.json:
                    progress.say(summary_of(report, is_dry=chosen.dry_run))
        except KeyboardInterrupt:
            is_interrupted = True
    taken_s = time.monotonic() - started
    document = to_document(reports, taken_s, configuration, is_dry=chosen.dry_run)
    if chosen.json:
        write_json(document)
    else:
        sys.stdout.write(account_of(document, configuration))
    if is_interrupted:
        sys.stderr.write("footfall: interrupted; the same command goes on where this ended\n")
        return INTERRUPTED
    return 1 if any(report.error for report in reports) else 0


def _import(chosen: argparse.Namespace, configuration: Configuration, progress: "Progress") -> "Iterator[FileReport]":
    from footfall.importing.run import Importer  # noqa: PLC0415 - no other noun needs pyarrow and the agent rules

    importer = Importer(
        configuration=configuration,
        lake=_lake(chosen.lake),
        salts_of=_salts_of(chosen.salt_table),
        now_ms=time.time_ns() // 1_000_000,
        format_name=chosen.format,
        again=chosen.again,
        is_dry=chosen.dry_run,
        observe=progress.advance,
    )
    inputs, missing = _find(chosen.inputs)
    progress.expect(sum(each.size_bytes for each in inputs))
    yield from missing
    yield from importer.run(inputs)


def _find(targets: Sequence[str]) -> "tuple[list[Input], list[FileReport]]":
    """The inputs of all targets, and a report for each that has none: its neighbours are imported all the same."""
    from footfall.aws.storage import Bucket  # noqa: PLC0415 - as in _import
    from footfall.importing.inputs import find_inputs  # noqa: PLC0415 - as in _import
    from footfall.importing.run import FileReport  # noqa: PLC0415 - as in _import

    found: list[Input] = []
    missing: list[FileReport] = []
    for target in targets:
        try:
            found += find_inputs(target, Bucket)
        except FootfallError as failed:
            missing.append(FileReport(name=target, outcome="failed", error=str(failed)))
    return found, missing


def _require_boto3(*targets: str) -> None:
    if any(target.startswith("s3://") for target in targets) and find_spec("boto3") is None:
        raise ConfigurationError("import", ["boto3, for s3://, is not installed: pip install footfall[import]"])


def _with_fields(configuration: Configuration, fields: str | None) -> Configuration:
    """The configuration with another field list, which may have fields that are never read.

    Raises:
        ConfigurationError: names all that is wrong with it.
    """
    if fields is None:
        return configuration
    names = [name.strip() for name in fields.split(",")]
    problems = [f"{name!r} is required: without it a line cannot become a hit" for name in log_fields.REQUIRED if name not in names]
    problems += [f"{name!r} is there {count} times" for name, count in Counter(names).items() if count > 1]
    if problems:
        raise ConfigurationError("--fields", problems)
    return replace(configuration, edge=replace(configuration.edge, log_fields=tuple(names)))


def _lake(target: str) -> "Lake":
    from footfall.aws.storage import Bucket  # noqa: PLC0415 - as in _import
    from footfall.importing.folder import FolderLake  # noqa: PLC0415 - as in _import

    if not target.startswith("s3://"):
        return FolderLake(Path(target))
    bucket, _, prefix = target.removeprefix("s3://").partition("/")
    if not bucket:
        raise ConfigurationError("--lake", [f"{target!r}: allowed is a folder, or s3://bucket"])
    return Bucket(bucket, f"{prefix.rstrip('/')}/" if prefix else "")


def _salts_of(table: str | None) -> "SaltsOf":
    """The stream's salts, of the days that have one; without a table there are none."""
    if table is None:
        return lambda _days: {}
    from footfall.aws.tables import SaltTable  # noqa: PLC0415 - as in _import
    from footfall.hits.salts import Salts  # noqa: PLC0415 - as in _import

    salts = Salts(SaltTable(table))

    def of(days: set[str]) -> Mapping[str, bytes]:
        found = salts.of(days, datetime.now(UTC))
        if salts.take_unavailable():
            raise UnavailableError(f"--salt-table {table}: the salts cannot be read")
        return found

    return of
