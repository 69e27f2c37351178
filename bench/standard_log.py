"""Seeded standard access logs: the requests of `bench.lines` as CloudFront's legacy format has them."""

import gzip
import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.lines import generate_lines
from footfall.hits.log_fields import DEFAULT, MISSING, in_canonical_order
from footfall.importing.standard import LEGACY_FIELDS, plain_name

_SOURCE_FIELDS: Final = in_canonical_order((*DEFAULT, "cs-protocol"))


def write_log(file: Path, seed: int, count: int) -> None:
    """A legacy standard log of `count` lines below its header: what `bench.lines` sends, in other columns, agents escaped twice."""
    with gzip.open(file, "wt", compresslevel=6, encoding="utf-8") as log:
        log.write(f"#Version: 1.0\n#Fields: {' '.join(LEGACY_FIELDS)}\n")
        for line in itertools.islice(generate_lines(seed, _SOURCE_FIELDS), count):
            log.write(standard_line(dict(zip(_SOURCE_FIELDS, line.rstrip("\n").split("\t"), strict=True))))


def standard_line(columns: dict[str, str]) -> str:
    """The same request as standard logs have it."""
    moment = datetime.fromtimestamp(float(columns["timestamp"]), UTC)
    columns |= {
        "date": f"{moment:%Y-%m-%d}",
        "time": f"{moment:%H:%M:%S}",
        "cs-user-agent": columns["cs-user-agent"].replace("%", "%25"),
        "cs-uri-stem": columns["cs-uri-stem"].partition("?")[0],
        "x-host-header": columns["cs-host"],
        "cs-protocol-version": "HTTP/2.0",
        "ssl-protocol": "TLSv1.3",
        "ssl-cipher": "TLS_AES_128_GCM_SHA256",
        "sc-bytes": "512",
        "time-taken": "0.001",
    }
    return "\t".join(columns.get(plain_name(field), MISSING) for field in LEGACY_FIELDS) + "\n"
