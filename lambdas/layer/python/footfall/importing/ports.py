"""What an import needs of the outside world: objects to read, and a lake to write into."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class ByteStream(Protocol):
    """Bytes in order, as a file or an S3 object gives them."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; b"" at the end."""

    def close(self) -> None:
        """Give back what the stream holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object of a store; `etag` changes with its content (of a plain upload it is the MD5 of the bytes)."""

    key: str
    size_bytes: int
    etag: str
    modified_ms: int


class ObjectStore(Protocol):
    """Where log files lie as objects."""

    def list(self, prefix: str) -> Iterable[StoredObject]:
        """All objects whose key begins with `prefix`, in order of keys; raises UnavailableError."""

    def open(self, stored: StoredObject) -> ByteStream:
        """The bytes of an object, which must still be the one that was listed; raises UnavailableError."""


class Lake(Protocol):
    """Where rows go: whole objects, which appear at once or not at all."""

    def get(self, key: str) -> bytes | None:
        """The object, or None when there is none; raises UnavailableError."""

    def put(self, key: str, body: bytes) -> None:
        """Write an object, in place of one that has this key; raises UnavailableError."""
