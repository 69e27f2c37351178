"""Keep the state of a local Footfall in a folder: objects and salts as they are written, brought back at the next start."""

import base64
import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from footfall.errors import ConfigurationError, StoppedError
from local.aws import LocalAws, Resources
from local.up.durable import UNFINISHED, replace_file
from local.up.journal import Journal

ERRORS_EXPIRE_S: Final = 3 * 86_400
"""Objects under errors/ hold raw lines; the lake's bucket deletes them after three days, and so does a start."""


class Keep:
    """One folder, used by one process at a time.

    `lake/` holds the bucket's objects under their keys, `salts.json` the salts, `totals.json` how many requests became what,
    `journal` what is not delivered yet, `deliveries.json` what was known of the last messages. Firehose calls `put_object`: salts
    first, then the file, then S3, so that no row on disk is without its salt. Only the owner can read it.

    Raises:
        StoppedError: another process uses the folder.
        ConfigurationError: a file in it is not what an earlier process wrote.
        OSError: it cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder, self.lake = folder, folder / "lake"
        self.lake.mkdir(mode=0o700, exist_ok=True)
        self._lock = _lock(folder)
        self.journal = Journal(folder / "journal")
        self.restored = 0
        self._salts_path, self._totals_path = folder / "salts.json", folder / "totals.json"
        self._salts = ""
        self._saving_salts = threading.Lock()
        self.totals: Mapping[str, int] = _read_json(self._totals_path, {})
        """How many requests became what, in all processes that used the folder."""
        self.deliveries_path = folder / "deliveries.json"
        self.deliveries: Mapping[str, Any] = _read_json(self.deliveries_path, {})
        """What was known of the last requests' messages and deliveries."""
        self._saved_version = 0

    def open_store(self, aws: LocalAws, resources: Resources) -> "Keep":
        """Bring objects and salts back into empty stores, and be what Firehose writes to from now on.

        The checkpoints go: they number a stream that ended with its process; what that had not delivered is in the journal.
        """
        for reader in ("firehose", "enqueue"):
            (self.folder / f"{reader}-checkpoint.json").unlink(missing_ok=True)
        self._aws, self._resources, self._s3 = aws, resources, aws.client("s3")
        for key, body in self._objects():
            self._s3.put_object(Bucket=resources.bucket, Key=key, Body=body)
            self.restored += 1
        for item in self._kept_salts():
            aws.client("dynamodb").put_item(TableName=resources.salt_table, Item=item)
        return self

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's names
        """Write an object to disk and then to S3."""
        self.save_salts()
        replace_file(self.lake / Key, Body)
        self._s3.put_object(Bucket=Bucket, Key=Key, Body=Body)

    def save_salts(self) -> None:
        """Write the table of salts when it has changed; salts that were retired are gone from disk with that. By any thread."""
        with self._saving_salts:
            items = self._aws.client("dynamodb").scan(TableName=self._resources.salt_table, ConsistentRead=True)["Items"]
            text = json.dumps(sorted((_to_json(item) for item in items), key=lambda item: str(item["day"])))
            if text != self._salts:
                replace_file(self._salts_path, text.encode())
                self._salts = text

    def save_totals(self, totals: Mapping[str, int]) -> None:
        """Write how many requests became what, when that has changed."""
        if totals != self.totals:
            replace_file(self._totals_path, json.dumps(totals).encode())
            self.totals = dict(totals)

    def save_deliveries(self, version: int, make: Callable[[], Mapping[str, Any]]) -> None:
        """Write what is known of the last requests behind the stream, when another version of it is known than was written."""
        if version != self._saved_version:
            replace_file(self.deliveries_path, json.dumps(make()).encode())
            self._saved_version = version

    def close(self) -> None:
        """Let another process use the folder."""
        self.journal.close()
        os.close(self._lock)

    def _objects(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted(path for path in self.lake.rglob("*") if path.is_file()):
            key = path.relative_to(self.lake).as_posix()
            is_expired = key.startswith("errors/") and time.time() - path.stat().st_mtime > ERRORS_EXPIRE_S
            if is_expired or key.endswith(UNFINISHED):
                path.unlink()
            else:
                yield key, path.read_bytes()

    def _kept_salts(self) -> list[dict[str, Any]]:
        return [_from_json(item) for item in _read_json(self._salts_path, [])]


def _lock(folder: Path) -> int:
    file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        os.close(file)
        raise StoppedError(f"{folder} is in use by another process; stop that first, or choose another folder with --keep") from taken
    return file


def _read_json(path: Path, otherwise: Any) -> Any:
    """What an earlier process wrote; each file is replaced as a whole, so what cannot be read was not written by one."""
    try:
        return json.loads(path.read_text("utf-8")) if path.exists() else otherwise
    except ValueError as broken:
        raise ConfigurationError(str(path), [f"is not JSON ({broken}): remove it, or choose another folder with --keep"]) from broken


def _to_json(item: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """A DynamoDB item of texts, numbers and bytes; bytes as base64."""
    return {
        name: {kind: base64.b64encode(value).decode() if kind == "B" else value for kind, value in typed.items()}
        for name, typed in item.items()
    }


def _from_json(item: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Any]]:
    return {
        name: {kind: base64.b64decode(value) if kind == "B" else value for kind, value in typed.items()} for name, typed in item.items()
    }
