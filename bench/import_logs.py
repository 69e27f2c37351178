"""`bench import`: a gzip file of standard access logs into a lake, next to the tools that people import such files with.

Both are given the same file. `IMPORT_LOGS` names Matomo's import_logs.py, which is not part of this repository; `GOACCESS` or PATH
the goaccess program. What cannot be had is said, and its figure is n/a.
"""

import gzip
import http.server
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from bench.standard_log import write_log
from bench.trackers import PIWIK_PRO_SITE

LINES: Final = 1_000_000
ROUNDS: Final = 3
_LINES_OF_ONE_ROUND: Final = 250_000
"""From here on one round is long enough: a million lines take minutes."""

_IMPORT: Final = "import sys; from footfall.cli.main import main; sys.exit(main())"
_EVERYTHING: Final = ("--enable-http-errors", "--enable-http-redirects", "--enable-bots", "--enable-static")
"""Without these import_logs.py leaves out a part of the lines."""


class Run(NamedTuple):
    """One run of a program: CPU seconds, user and system; the largest resident set in MB; what it wrote."""

    cpu_s: float
    peak_mb: float
    output: str


def run(seed: int, lines: int = LINES) -> int:
    """Generate a file, import it, compare, print the line; returns 1 when a line is unaccounted for, else 0."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name:
        folder = Path(name)
        (folder / "footfall.toml").write_text(_configuration(), encoding="utf-8")
        say(f"seed {seed}: writing {lines:,} lines of a standard access log, gzip …")
        whole, quarter = folder / "whole.gz", folder / "quarter.gz"
        write_log(whole, seed, lines, head=quarter, head_count=lines // 4)
        ours, theirs = _rounds(folder, whole, 1 if lines >= _LINES_OF_ONE_ROUND else ROUNDS)
        account = json.loads(ours[-1].output)["account"]
        say(f"account: {json.dumps(account)}")
        if account["unaccounted"] or account["lines"] != lines + 2:  # and two lines of header
            return 1
        small = import_once(folder, quarter)
        peak_mb = max(run.peak_mb for run in ours)
        say(f"memory: {small.peak_mb:.0f} MB for {lines // 4:,} lines, {peak_mb:.0f} MB for {lines:,}")
        _compare_others(whole, lines)
        rate = lines / statistics.median(run.cpu_s for run in ours)
        ratio = "n/a"
        if theirs:
            ratio = f"{statistics.median(other.cpu_s / own.cpu_s for own, other in zip(ours, theirs, strict=True)):.2f}"
    print(f"bench import lines_per_s={rate:.0f} ratio_vs_import_logs={ratio} peak_mb={peak_mb:.0f}")
    return 0


def _configuration() -> str:
    """With the default policy every line of this format is suppressed, which would be fast and prove nothing."""
    return (
        '[sites]\ndefault = "main"\n[sites.main]\nids = ["1"]\n'
        f'[sites.shop]\nids = ["2", "{PIWIK_PRO_SITE}"]\n[privacy]\nunknown_signal = "off"\n'
    )


def _rounds(folder: Path, file: Path, rounds: int) -> tuple[list[Run], list[Run]]:
    """Ours and theirs in turn, on the same file."""
    import_logs = os.environ.get("IMPORT_LOGS", "")
    if not Path(import_logs).is_file():
        say("ratio_vs_import_logs is n/a: IMPORT_LOGS does not name a copy of Matomo's import_logs.py")
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(import_once(folder, file))
        if Path(import_logs).is_file():
            theirs.append(_import_logs(import_logs, file))
    if theirs:
        say("import_logs.py --dry-run splits lines by a regular expression and reads dates and agents; it decodes no query, knows no")
        say("policy, classifies nobody and writes nothing")
    return ours, theirs


def import_once(folder: Path, file: Path) -> Run:
    """`footfall import` into a lake of its own, start of the interpreter included."""
    lake = folder / "lake"
    done = _measured(
        [
            sys.executable,
            "-c",
            _IMPORT,
            "import",
            str(file),
            "--lake",
            str(lake),
            "--configuration",
            str(folder / "footfall.toml"),
            "--json",
        ]
    )
    say(f"footfall import: {done.cpu_s:.1f} CPU s, {done.peak_mb:.0f} MB")
    shutil.rmtree(lake)
    return done


def _import_logs(script: str, file: Path, *options: str) -> Run:
    """Matomo's importer with --dry-run; it asks a Matomo for the site's name first, which a loopback server answers."""
    with _matomo() as url:
        command = [sys.executable, script, "--dry-run", f"--url={url}", "--idsite=1", "--token-auth=none"]
        done = _measured([*command, "--log-format-name=amazon_cloudfront", *_EVERYTHING, *options, str(file)])
    (read,) = re.findall(r"(\d+) requests imported to", done.output)
    say(f"import_logs.py {' '.join(['--dry-run', *options])}: {done.cpu_s:.1f} CPU s, {done.peak_mb:.0f} MB, {int(read):,} lines read")
    return done


def _compare_others(file: Path, lines: int) -> None:
    """Figures for people to read: other tools, and what they do not do."""
    import_logs = os.environ.get("IMPORT_LOGS", "")
    if Path(import_logs).is_file():
        done = _import_logs(import_logs, file, "--replay-tracking")
        say(f"import_logs.py --replay-tracking --dry-run, which decodes queries too: {lines / done.cpu_s:,.0f} lines per CPU second")
    goaccess = os.environ.get("GOACCESS") or shutil.which("goaccess")
    if not goaccess:
        say("GoAccess is n/a: not installed (GOACCESS or PATH)")
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.log"
        with gzip.open(file) as packed, plain.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
        report = Path(folder) / "report.json"
        done = _measured([goaccess, str(plain), "--log-format=CLOUDFRONT", "--no-progress", "-o", str(report)])
    say(f"GoAccess: {lines / done.cpu_s:,.0f} lines per CPU second, {done.peak_mb:.0f} MB; counts, unpacked before: no rows, no queries")


@contextmanager
def _matomo() -> Iterator[str]:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b'{"main_url": "https://www.example.org"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815 - the name is the base class's

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _measured(command: Sequence[str]) -> Run:
    """Run a command to its end; what it writes goes through files, so that nobody waits for anybody."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output, tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(command, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in (output, errors):
            file.seek(0)
        if process.returncode:
            say(errors.read())
            raise subprocess.CalledProcessError(process.returncode, command[0])
        return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, output.read())


def say(text: str) -> None:
    """Tell the person who waits how it goes."""
    print(text, file=sys.stderr, flush=True)
