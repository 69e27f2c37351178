"""Remember in the lake how far the import of a file has come, so that a second one adds nothing and an interrupted one resumes."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Final

from footfall.configuration import Configuration
from footfall.errors import RejectedError
from footfall.hits.agents import RULES_VERSION
from footfall.hits.schema import SCHEMA_VERSION
from footfall.importing.ports import Lake
from footfall.version import VERSION

JOURNAL_PREFIX: Final = "imports"
PART_LINES: Final = 100_000
"""Lines whose rows are written together: at most what an import that was killed does again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """How much of a file is in the lake: whole parts only. It holds counts, and nothing that a client sent."""

    parts: int = 0
    lines: int = 0
    rows: int = 0
    last_ms: int | None = None  # time of the last line that had one, for those that have none
    is_complete: bool = False

    def after(self, *, lines: int, rows: int, last_ms: int | None) -> "Journal":
        """The journal when one more part is in the lake."""
        return replace(self, parts=self.parts + 1, lines=self.lines + lines, rows=self.rows + rows, last_ms=last_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Where one file's rows and journal go: names that depend on its content and on what decides about its lines."""

    digest: str

    @property
    def journal(self) -> str:
        """Key of the journal."""
        return f"{JOURNAL_PREFIX}/{self.digest}.json"

    def rows(self, place: str, date: str, part: int) -> str:
        """Key of the rows that a part has for one partition."""
        return f"{place}/date={date}/import-{self.digest}-{part:05d}.parquet"


def keys_of(identity: str, size_bytes: int, configuration: Configuration, format_name: str | None) -> Keys:
    """The keys of a file: by its identity (MD5 or ETag), its size, our versions and the sections that decide about lines.

    A changed policy, site or field list, or a newer Footfall, gives other keys: the file can be imported again, and the view
    `hits` still shows one row for each event id.
    """
    decided_by = (
        identity,
        size_bytes,
        format_name,
        SCHEMA_VERSION,
        VERSION,
        RULES_VERSION,
        PART_LINES,
        asdict(configuration.sites),
        asdict(configuration.privacy),
        configuration.edge.log_fields,
        configuration.edge.query_escaping,
        configuration.edge.sampling_rate,
    )
    return Keys(digest=hashlib.sha256(json.dumps(decided_by, sort_keys=True).encode()).hexdigest()[:32])


def load_journal(lake: Lake, keys: Keys) -> Journal:
    """Read a file's journal, empty when nothing of it was imported.

    Raises:
        RejectedError: something else lies under its key.
        UnavailableError: the lake does not answer.
    """
    body = lake.get(keys.journal)
    if body is None:
        return Journal()
    try:
        return Journal(**json.loads(body))
    except (ValueError, TypeError) as broken:
        raise RejectedError(f"{keys.journal} in the lake is no journal of an import: delete it to import again") from broken


def save_journal(lake: Lake, keys: Keys, journal: Journal) -> None:
    """Write a file's journal: after the rows it speaks of; raises UnavailableError."""
    lake.put(keys.journal, json.dumps(asdict(journal)).encode())
