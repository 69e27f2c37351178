"""Find what is to be imported: files, folders and S3 prefixes, each with an identity that depends on its content alone."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from footfall.errors import RejectedError, UnavailableError
from footfall.importing.ports import ByteStream, ObjectStore, StoredObject

S3: Final = "s3://"

_CHUNK_BYTES: Final = 1 << 20
_HOUR_IN_NAME: Final = re.compile(r"(\d{4})-([01]\d)-([0-3]\d)-([0-2]\d)")
"""As in `E2EXAMPLE.2026-11-18-09.1a2b3c4d.gz` and in the names that Firehose gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file to import.

    `identify` gives the MD5 of the bytes or the ETag, which is the same for a plain upload; `open` may raise UnavailableError;
    `has_changed` says whether a file was written to since it was found. `about_ms` is roughly when its lines were written.
    """

    name: str
    size_bytes: int
    about_ms: int
    identify: Callable[[], str]
    open: Callable[[], ByteStream]
    has_changed: Callable[[], bool]


def find_inputs(target: str, store_of: Callable[[str], ObjectStore]) -> Iterator[Input]:
    """The inputs that a command-line argument names, in order of names; `store_of` gives the store of a bucket.

    A folder means all files below it, but for hidden ones; `s3://bucket/prefix` all objects whose key begins so.

    Raises:
        RejectedError: there is nothing.
        UnavailableError: the store does not answer.
    """
    found = False
    for each in _of_bucket(target, store_of) if target.startswith(S3) else _of_path(Path(target)):
        found = True
        yield each
    if not found:
        raise RejectedError(f"{target}: no file there")


def about(name: str, otherwise_ms: int) -> int:
    """The hour that a log file's name tells, as Unix milliseconds, else the time given.

    >>> about("E2EXAMPLE.2026-11-18-09.1a2b3c4d.gz", 0)
    1794992400000
    """
    hour = _HOUR_IN_NAME.search(name)
    if hour is None:
        return otherwise_ms
    try:
        return int(datetime(*map(int, hour.groups()), tzinfo=UTC).timestamp()) * 1000  # type: ignore[misc,arg-type]
    except ValueError:
        return otherwise_ms


def _of_path(path: Path) -> Iterator[Input]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
                yield _of_file(file)
    elif path.is_file():
        yield _of_file(path)


def _of_file(file: Path) -> Input:
    try:
        found = file.stat()
        seen = (found.st_size, found.st_mtime_ns)
    except OSError:  # it vanished since it was listed: whoever opens it is told
        seen = (0, 0)

    def has_changed() -> bool:
        try:
            now = file.stat()
        except OSError:
            return True
        return seen != (now.st_size, now.st_mtime_ns)

    return Input(
        name=str(file),
        size_bytes=seen[0],
        about_ms=about(file.name, seen[1] // 1_000_000),
        identify=lambda: _md5(file),
        open=lambda: _open(file),
        has_changed=has_changed,
    )


def _open(file: Path) -> ByteStream:
    try:
        return file.open("rb")
    except OSError as unreadable:
        raise UnavailableError(f"cannot be read: {unreadable.strerror}") from unreadable


def _md5(file: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    stream = _open(file)
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    except OSError as unreadable:
        raise UnavailableError(f"cannot be read: {unreadable.strerror}") from unreadable
    finally:
        stream.close()
    return digest.hexdigest()


def _of_bucket(target: str, store_of: Callable[[str], ObjectStore]) -> Iterator[Input]:
    bucket, _, prefix = target.removeprefix(S3).partition("/")
    store = store_of(bucket)
    for stored in store.list(prefix):
        if not stored.key.endswith("/"):
            yield _of_object(bucket, store, stored)


def _of_object(bucket: str, store: ObjectStore, stored: StoredObject) -> Input:
    return Input(
        name=f"{S3}{bucket}/{stored.key}",
        size_bytes=stored.size_bytes,
        about_ms=about(stored.key, stored.modified_ms),
        identify=lambda: stored.etag,
        open=lambda: store.open(stored),
        has_changed=lambda: False,  # `open` refuses an object that is no longer the one listed
    )
