"""An import written as plainly as can be: a dictionary for each line, JSON in between, no memory, no columns. Slow on purpose.

What is compared with it are reading, the search for the visitor's address, partitions, the account and Parquet; how a request is
judged and which columns it has is the stream's own code, which `bench.equality` compares with a second implementation.
"""

import io
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from footfall import reasons
from footfall.configuration import Configuration
from footfall.hits.hit import Headers, Reject, Request
from footfall.hits.judge import Judge, Judged
from footfall.hits.log_fields import MAX_LINE_BYTES
from footfall.hits.log_line import LineReader, query_as_received, read_headers
from footfall.hits.scrub import must_scrub, scrub_hit
from footfall.importing.standard import plain_name, user_agent
from local.parquet import Converter

FORBIDDEN_IN_IDS = set(map(chr, range(0x110000))) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_=.-#+/")
DIGITS = set("0123456789")


def plain_import(body, configuration: Configuration, *, fields, salts_of, now_ms, about_ms, line_id):
    """The tables by place and date, and the counts, of a file of standard lines (`fields`) or, without, of real-time lines."""
    judge = Judge(configuration, memo_limit=1)
    salts = judge.batch_salts(salts_of)
    rows: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    counts: Counter[tuple[str, str]] = Counter()
    last_ms, untimed = None, []
    for number, line in enumerate(split_plainly(body)):
        if not line.strip() or line.startswith(b"#"):
            counts["comments", ""] += 1
            continue
        outcome = read_plainly(line, configuration, fields, now_ms)
        if isinstance(outcome, Request):
            last_ms = outcome.received_ms
        judged = judge.judge(outcome, salts)
        if isinstance(judged, Reject) and last_ms is None:
            untimed.append((number, judged))
            continue
        if isinstance(judged, Reject):
            judged = judge.reject(judged, salts, line_id=line_id(number), arrived_ms=last_ms)
        take_plainly(judged, rows, counts)
    for number, reject in untimed:
        take_plainly(judge.reject(reject, salts, line_id=line_id(number), arrived_ms=about_ms), rows, counts)
    return {partition: table_of(encoded) for partition, encoded in rows.items()}, counts


def split_plainly(body):
    lines = [line.removesuffix(b"\r") for line in body.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    return lines if body and not body.endswith(b"\n") else lines[:-1]


def take_plainly(judged: Judged, rows, counts):
    if judged.row is None:
        counts["suppressed", judged.reason] += 1
        return
    encoded = orjson.dumps(judged.row)
    if judged.hit is not None and must_scrub(encoded, judged.hit):
        encoded = orjson.dumps(scrub_hit(judged.row, judged.hit))
    counts["reject" if judged.reason else "row", judged.reason or judged.site] += 1
    rows[judged.place, judged.date].append(encoded)


def table_of(encoded) -> pa.Table:
    converter = Converter()
    return pq.read_table(io.BytesIO(converter.write([converter.row(row) for row in encoded])))


def read_plainly(line, configuration, fields, now_ms):
    if len(line) > MAX_LINE_BYTES:
        return Reject(reasons.LINE_TOO_LONG, None, line.decode("latin-1"))
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return Reject(reasons.NOT_UTF8, None, line.decode("latin-1"))
    edge = configuration.edge
    if fields is None:
        return LineReader(edge.log_fields, query_escaping=edge.query_escaping, limit=1).read(text, now_ms=now_ms)
    return read_standard_plainly(text, [plain_name(field) for field in fields], edge.query_escaping, now_ms)


def read_standard_plainly(text, names, escaping, now_ms):
    values = text.split("\t")
    if len(values) != len(names):
        return Reject(reasons.COLUMN_COUNT, None, text)
    columns = dict.fromkeys(("x-host-header", "cs-host", "cs-referer", "x-edge-result-type", "x-edge-location", "c-country"), "-")
    columns |= dict(zip(names, values, strict=True))
    received_ms = time_of(columns)
    request_id, status = columns["x-edge-request-id"], columns["sc-status"]
    if received_ms is None or not 1_199_145_600_000 <= received_ms <= now_ms + 86_400_000:
        return Reject(reasons.BAD_COLUMNS, None, text)
    if not 4 <= len(request_id) <= 128 or set(request_id) & FORBIDDEN_IN_IDS or len(status) != 3 or set(status) - DIGITS:
        return Reject(reasons.BAD_COLUMNS, None, text)
    headers = Headers(gpc=None, dnt=None)
    if "cs-headers" in names:
        headers = read_headers(*(columns.get(name, "-") for name in ("cs-headers", "cs-header-names", "cs-headers-count")))
    return Request(
        request_id=request_id,
        received_ms=received_ms,
        address=columns["c-ip"],
        method=columns["cs-method"],
        host=(columns["cs-host"] if columns["x-host-header"] == "-" else columns["x-host-header"]).lower(),
        path=columns["cs-uri-stem"].split("?")[0],
        status=int(status),
        result_type=columns["x-edge-result-type"],
        query="" if columns["cs-uri-query"] == "-" else query_as_received(columns["cs-uri-query"], escaping),
        user_agent=user_agent(columns["cs-user-agent"]),
        referer="" if columns["cs-referer"] == "-" else query_as_received(columns["cs-referer"], escaping),
        edge_location=None if columns["x-edge-location"] == "-" else columns["x-edge-location"][:40],
        country=None if columns["c-country"] == "-" else columns["c-country"][:40],
        headers=headers,
        line=text,
    )


def time_of(columns):
    milliseconds = columns.get("timestamp(ms)", "-")
    if len(milliseconds) in (12, 13) and not set(milliseconds) - DIGITS:
        return int(milliseconds)
    text = f"{columns.get('date', '-')} {columns.get('time', '-')}"
    if len(text) != 19 or any((character in DIGITS) == (place in (4, 7, 10, 13, 16)) for place, character in enumerate(text)):
        return None
    try:
        return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None
