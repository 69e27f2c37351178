"""S3 adapter: objects of one bucket, listed, read and written whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from footfall.aws.clients import make_client, translated
from footfall.errors import UnavailableError
from footfall.importing.ports import StoredObject

if TYPE_CHECKING:
    from botocore.response import StreamingBody

_TIMEOUT_S = 30.0
"""Objects are up to some ten megabytes."""


class Bucket:
    """The objects of one bucket whose keys begin with `prefix`, which the keys given and listed do not have."""

    def __init__(self, name: str, prefix: str = "") -> None:
        self._name = name
        self._prefix = prefix

    @cached_property
    def _client(self) -> Any:
        return make_client("s3", timeout_s=_TIMEOUT_S)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """All objects whose key begins with `prefix`, in order of keys.

        Raises:
            UnavailableError: S3 did not answer, or refused.
        """
        with self._called("list objects"):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=self._prefix + prefix):
                for found in page.get("Contents", []):
                    yield StoredObject(
                        key=found["Key"].removeprefix(self._prefix),
                        size_bytes=found["Size"],
                        etag=found["ETag"].strip('"'),
                        modified_ms=int(found["LastModified"].timestamp() * 1000),
                    )

    def open(self, stored: StoredObject) -> "ObjectStream":
        """The bytes of an object, if it is still the one that was listed.

        Raises:
            UnavailableError: S3 did not answer, or refused, or the object is another now.
        """
        with self._called("read object"):
            answer = self._client.get_object(Bucket=self._name, Key=self._prefix + stored.key, IfMatch=f'"{stored.etag}"')
        return ObjectStream(answer["Body"])

    def get(self, key: str) -> bytes | None:
        """The object, or None when there is none.

        Raises:
            UnavailableError: S3 did not answer, or refused.
        """
        with self._called("read object"):
            try:
                return bytes(self._client.get_object(Bucket=self._name, Key=self._prefix + key)["Body"].read())
            except self._client.exceptions.NoSuchKey:
                return None

    def put(self, key: str, body: bytes) -> None:
        """Write an object, in place of one that has this key.

        Raises:
            UnavailableError: S3 did not answer, or refused.
        """
        with self._called("write object"):
            self._client.put_object(Bucket=self._name, Key=self._prefix + key, Body=body)

    def delete(self, key: str) -> None:
        """Delete an object; nothing happens when there is none.

        Raises:
            UnavailableError: S3 did not answer, or refused.
        """
        with self._called("delete object"):
            self._client.delete_object(Bucket=self._name, Key=self._prefix + key)

    @contextmanager
    def _called(self, what: str) -> Iterator[None]:
        """Name the bucket and S3's own code, for example AccessDenied: a person can act on that."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - see footfall.aws.clients.make_client

        with translated(f"s3://{self._name}: {what}"):
            try:
                yield
            except ClientError as refused:
                raise UnavailableError(f"s3://{self._name}: {what}: {refused.response['Error']['Code']}") from refused


class ObjectStream:
    """The body of an object as it arrives."""

    def __init__(self, body: "StreamingBody") -> None:
        self._body = body

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; b"" at the end.

        Raises:
            UnavailableError: the connection broke.
        """
        with translated("read object"):
            return bytes(self._body.read(size))

    def close(self) -> None:
        """Close the connection."""
        self._body.close()
