"""DynamoDB adapters: the table of salts, which has no backups on purpose."""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Any

from footfall.aws.clients import make_client, translated
from footfall.hits.visitor import salt_expires


class SaltTable:
    """Salts by UTC day: `day` (YYYY-MM-DD, the key), `salt` (binary), `expires_at` (Unix seconds, the TTL attribute)."""

    def __init__(self, name: str) -> None:
        self._name = name

    @cached_property
    def _client(self) -> Any:
        return make_client("dynamodb")

    def load(self, days: Iterable[str]) -> dict[str, bytes]:
        """Read the salts of these days that exist, with a consistent read.

        Raises:
            UnavailableError: DynamoDB did not answer.
        """
        found = {}
        with translated("read salts"):
            for day in days:
                item = self._client.get_item(TableName=self._name, Key={"day": {"S": day}}, ConsistentRead=True).get("Item")
                if item is not None:
                    found[day] = bytes(item["salt"]["B"])
        return found

    def create(self, day: str, salt: bytes) -> bytes:
        """Store a salt unless the day has one already; return the one that is stored: the first writer wins.

        Raises:
            UnavailableError: DynamoDB did not answer.
        """
        with translated("make salt"):
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item={"day": {"S": day}, "salt": {"B": salt}, "expires_at": {"N": str(int(salt_expires(day).timestamp()))}},
                    ConditionExpression="attribute_not_exists(#day)",
                    ExpressionAttributeNames={"#day": "day"},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return self.load([day])[day]
        return salt

    def retire(self, now: datetime) -> int:
        """Delete every salt that has expired; return how many. Running it twice deletes nothing more.

        Raises:
            UnavailableError: DynamoDB did not answer.
        """
        expired = [day for day in self.days() if salt_expires(day) <= now]
        with translated("retire salts"):
            for day in expired:
                self._client.delete_item(TableName=self._name, Key={"day": {"S": day}})
        return len(expired)

    def days(self) -> list[str]:
        """List the days that have a salt, with a consistent read.

        Raises:
            UnavailableError: DynamoDB did not answer.
        """
        with translated("list salts"):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._name, ProjectionExpression="#day", ExpressionAttributeNames={"#day": "day"}, ConsistentRead=True
            )
            return [item["day"]["S"] for page in pages for item in page["Items"]]
