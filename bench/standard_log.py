"""Seeded standard access logs: the requests of `bench.lines` as CloudFront's legacy format has them."""

import gzip
import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, TextIO

from bench.lines import generate_lines
from footfall.hits.log_fields import DEFAULT, MISSING, in_canonical_order
from footfall.importing.standard import LEGACY_FIELDS, plain_name

_NAMES: Final = [plain_name(field) for field in LEGACY_FIELDS]
_SOURCE_FIELDS: Final = in_canonical_order((*DEFAULT, "cs-protocol"))


def write_log(file: Path, seed: int, count: int, *, head: Path | None = None, head_count: int = 0) -> None:
    """A legacy standard log of `count` lines below its header: what `bench.lines` sends, in other columns, agents escaped twice.

    `head` gets the first `head_count` of them, as a log of its own.
    """
    lines = (standard_line(dict(zip(_SOURCE_FIELDS, line.split("\t"), strict=True))) for line in _source_lines(seed, count))
    header = f"#Version: 1.0\n#Fields: {' '.join(LEGACY_FIELDS)}\n"
    with ExitStack() as stack:
        log, *heads = [stack.enter_context(_packed(each)) for each in (file, head) if each is not None]
        for each in (log, *heads):
            each.write(header)
        for line in itertools.islice(lines, head_count):
            for each in (log, *heads):
                each.write(line)
        log.writelines(lines)


def _packed(file: Path) -> TextIO:
    return gzip.open(file, "wt", compresslevel=6, encoding="utf-8")  # type: ignore[return-value]


def _source_lines(seed: int, count: int) -> Iterator[str]:
    return (line.rstrip("\n") for line in itertools.islice(generate_lines(seed, _SOURCE_FIELDS), count))


def standard_line(columns: dict[str, str]) -> str:
    """The same request as standard logs have it."""
    date, time = _second(columns["timestamp"].partition(".")[0])
    columns |= {
        "date": date,
        "time": time,
        "cs-user-agent": columns["cs-user-agent"].replace("%", "%25"),
        "cs-uri-stem": columns["cs-uri-stem"].partition("?")[0],
        "x-host-header": columns["cs-host"],
        "cs-protocol-version": "HTTP/2.0",
        "ssl-protocol": "TLSv1.3",
        "ssl-cipher": "TLS_AES_128_GCM_SHA256",
        "sc-bytes": "512",
        "time-taken": "0.001",
    }
    return "\t".join([columns.get(name, MISSING) for name in _NAMES]) + "\n"


@lru_cache(maxsize=64)
def _second(seconds: str) -> tuple[str, str]:
    moment = datetime.fromtimestamp(int(seconds), UTC)
    return f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"
