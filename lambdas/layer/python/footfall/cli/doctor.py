"""`footfall doctor`: check configuration, field list, pixels, templates, clock, and what a deployment answers."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from footfall.cli.finding import FAIL, OK, Finding, skipped
from footfall.cli.noun import DONE, FAILED, WRONG, add_noun, write_json
from footfall.cli.origin import Origin, read_origin
from footfall.cli.progress import show_progress

if TYPE_CHECKING:
    from footfall.cli.probe import Probe

EXAMPLES = """
footfall doctor                                         what can be seen from here
footfall doctor stages/production.toml
footfall doctor --url https://pixel.example.org         and what the deployment answers
footfall doctor --url http://127.0.0.1:8080             the same of a local edge
footfall doctor --json --url https://pixel.example.org  for a monitor
"""

NOTES = """
Each check is ok, warn, fail or skipped; what is not ok says what to do. --url sends some 14 requests with Sec-GPC: 1 and
the user agent footfall-doctor (monitor): with the shipped policy they are counted and written nowhere. No redirect is followed.
"""

_FILES: Final = ("1x1.png", "1x1.gif", "footfall.js")


def add_to(nouns: "argparse._SubParsersAction[Any]") -> None:
    """Add the noun to the command line."""
    codes = {
        DONE: "no check failed; warnings are shown",
        FAILED: "a check failed",
        WRONG: "footfall.toml or the command line is wrong; what needs no footfall.toml was checked",
    }
    noun = add_noun(nouns, "doctor", summary="check that all is well", examples=EXAMPLES, notes=NOTES, codes=codes, run=run)
    noun.add_argument("file", nargs="?", type=Path, default=Path("footfall.toml"), help="the configuration (default: %(default)s)")
    noun.add_argument("--url", help="address of the deployment to ask: https, or http to this machine")
    noun.add_argument("--timeout", type=_seconds, default=10.0, metavar="SECONDS", help="for each question, 0.1 to 60 (default: 10)")
    noun.add_argument("--webpage", type=Path, default=Path("webpage"), help="folder of the pixel files (default: %(default)s)")
    noun.add_argument("--templates", type=Path, default=Path("cdk.out"), help="folder of the templates (default: %(default)s)")
    noun.add_argument("--json", action="store_true", help="print a JSON object: verdict, counts, checks")


def run(chosen: argparse.Namespace) -> int:
    """Check everything, and say each finding as it is made.

    Raises:
        ConfigurationError: --url is no address.
    """
    origin = read_origin(chosen.url) if chosen.url is not None else None
    findings = []
    for finding in _look(chosen, origin):
        findings.append(finding)
        _show(finding, is_json=chosen.json)
    _end(findings, is_json=chosen.json)
    failed = {finding.name for finding in findings if finding.verdict == FAIL}
    return WRONG if "configuration" in failed else FAILED if failed else DONE


def _look(chosen: argparse.Namespace, origin: Origin | None) -> Iterator[Finding]:
    from footfall.cli import doctor_local  # noqa: PLC0415 - no other noun needs the agent rules

    finding, configuration = doctor_local.check_configuration(chosen.file)
    yield finding
    yield doctor_local.check_pixels(chosen.webpage)
    if configuration is not None:
        yield doctor_local.check_fields(configuration)
        yield from doctor_local.check_templates(configuration, chosen.templates)
    else:
        yield from (skipped(name, "needs the configuration") for name in ("log fields", "partition projection"))
    if origin is None:
        yield skipped("deployment", "no --url was given", todo="--url https://… asks one")
        yield skipped("clock", "no --url was given, so there is nothing to compare it with")
        return
    yield from _ask(chosen, origin)


def _ask(chosen: argparse.Namespace, origin: Origin) -> Iterator[Finding]:
    from footfall.cli import doctor_edge, doctor_local  # noqa: PLC0415 - as above, and ssl
    from footfall.cli.probe import Probe  # noqa: PLC0415 - as above

    files = {name: doctor_local.read_pixel(chosen.webpage, name) for name in _FILES}
    yield from doctor_edge.check_edge(Probe(origin, timeout_s=chosen.timeout), files, plain=_plain(origin, chosen.timeout))


def _plain(origin: Origin, timeout_s: float) -> "Probe | None":
    """Who asks the same host over http: nobody, where https is not on its own port."""
    from footfall.cli.probe import Probe  # noqa: PLC0415 - as above

    if origin.url != f"https://{origin.host}":
        return None
    return Probe(Origin(scheme="http", host=origin.host, port=80), timeout_s=timeout_s)


def _show(finding: Finding, *, is_json: bool) -> None:
    if not is_json:
        sys.stdout.write(f"{finding.verdict:<8}{finding.name}: {finding.seen}\n")
        sys.stdout.write(f"{'':<8}  -> {finding.todo}\n" if finding.todo else "")
        sys.stdout.flush()
    else:
        show_progress(f"{finding.name}: {finding.verdict}")


def _end(findings: list[Finding], *, is_json: bool) -> None:
    counts = Counter(finding.verdict for finding in findings)
    if not is_json:
        sys.stdout.write(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())) + "\n")
        return
    show_progress("")
    checks = [{"name": each.name, "verdict": each.verdict, "seen": each.seen, "todo": each.todo} for each in findings]
    document = {"verdict": FAIL if counts[FAIL] else "warn" if counts["warn"] else OK, "counts": dict(counts), "checks": checks}
    write_json(document)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed are 0.1 to 60 seconds") from wrong
    if not 0.1 <= seconds <= 60:  # noqa: PLR2004 - as the help says
        raise argparse.ArgumentTypeError(f"{text!r}: allowed are 0.1 to 60 seconds")
    return seconds
