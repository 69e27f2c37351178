"""The tables under the views: what Firehose writes, as people may query it."""

from dataclasses import dataclass
from typing import Final

from footfall.hits.schema import HITS, HITS_PREFIX, REJECTS, REJECTS_PREFIX, Column
from footfall.sql.views import DAY, SITE


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table over `<prefix>/<key>=…/…/*.parquet`; `keys` are the partition keys, in the order of the path."""

    name: str
    purpose: str
    prefix: str
    columns: tuple[Column, ...]
    keys: tuple[Column, ...]


HITS_RAW: Final = Table(
    name="hits_raw",
    purpose="Every hit as delivered, at least once; the view hits keeps one row per event id",
    prefix=HITS_PREFIX,
    columns=HITS,
    keys=(SITE, DAY),
)
REJECTED: Final = Table(
    name="rejects",
    purpose="Requests that could not be understood, masked",
    prefix=REJECTS_PREFIX,
    columns=REJECTS,
    keys=(DAY,),
)
TABLES: Final = (HITS_RAW, REJECTED)
