"""What the tests of an import read and where they write: a standard log line, and a lake in memory."""

import io
from collections import Counter

import pyarrow.parquet as pq

from footfall.importing.standard import LEGACY_FIELDS
from tests.builders import ADDRESS, FIREFOX

STANDARD = {
    "date": "2026-11-18",
    "time": "09:06:40",
    "x-edge-location": "FRA56-P4",
    "sc-bytes": "512",
    "c-ip": ADDRESS,
    "cs-method": "GET",
    "cs(Host)": "d111111abcdef8.cloudfront.net",
    "cs-uri-stem": "/1x1.png",
    "sc-status": "200",
    "cs(User-Agent)": FIREFOX.replace(" ", "%2520"),
    "x-edge-result-type": "FunctionGeneratedResponse",
    "x-edge-request-id": "DHj-0123456789abcdef==",
    "x-host-header": "pixel.example.org",
}


def a_standard_line(**columns):
    values = STANDARD | columns
    return "\t".join(values.get(name, "-") for name in LEGACY_FIELDS) + "\n"


class MemoryLake:
    """A lake in a dictionary; counts what is written."""

    def __init__(self):
        self.objects: dict[str, bytes] = {}
        self.written: Counter[str] = Counter()

    def get(self, key):
        return self.objects.get(key)

    def put(self, key, body):
        self.written[key] += 1
        self.objects[key] = body

    def rows(self, prefix="hits/"):
        tables = [pq.read_table(io.BytesIO(body)) for key, body in sorted(self.objects.items()) if key.startswith(prefix)]
        return [{name: value for name, value in row.items() if value is not None} for table in tables for row in table.to_pylist()]
