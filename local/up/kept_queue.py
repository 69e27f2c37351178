"""Keep each message of the tracking queue on disk until it is deleted, so that no hit is lost with the process that held its queue."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from footfall.errors import ConfigurationError
from local.up.durable import replace_file


class KeptQueue:
    """A folder with a file for each message that is in the queue; readable by its owner only.

    `failed` is told when one could not be written: then only the queue in memory has it.

    Raises:
        OSError: the folder cannot be made or read.
    """

    def __init__(self, folder: Path, failed: Callable[[OSError], None]) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder, self._failed = folder, failed
        self._left = sorted(folder.glob("*.json"))
        self.left = len(self._left)
        """Messages that an earlier process did not deliver."""

    def write(self, message_id: str, body: str) -> None:
        """Keep a message; when this returns it survives a kill."""
        try:
            replace_file(self._path(message_id), body.encode())
        except OSError as failed:
            self._failed(failed)

    def remove(self, message_id: str) -> None:
        """Forget a message that is deleted."""
        self._path(message_id).unlink(missing_ok=True)

    def send_left(self, sqs: Any, queue_url: str) -> None:
        """Put what an earlier process left into the queue again, each before its old file goes; a doubled one is delivered once.

        Raises:
            ConfigurationError: a file is no message.
        """
        for path in self._left:
            entry = {"Id": "0", "MessageBody": path.read_text("utf-8")}
            shard = _shard_of(path, entry["MessageBody"])
            if queue_url.endswith(".fifo"):
                entry |= {"MessageGroupId": shard, "MessageDeduplicationId": hashlib.sha256(entry["MessageBody"].encode()).hexdigest()}
            sqs.send_message_batch(QueueUrl=queue_url, Entries=[entry])
            path.unlink()

    def _path(self, message_id: str) -> Path:
        return self.folder / f"{message_id}.json"


def _shard_of(path: Path, body: str) -> str:
    try:
        return str(json.loads(body)["footfall"]["shard"])
    except (ValueError, KeyError, TypeError) as broken:
        raise ConfigurationError(str(path), ["is no message: remove it, or choose another folder with --keep"]) from broken
