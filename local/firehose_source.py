"""Read a Kinesis stream shard by shard from where a checkpoint says, each record once."""

import functools
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from local.firehose_buffer import Record

GET_RECORDS_LIMIT: Final = 10_000


class Checkpoint:
    """The last sequence number of each shard that is safely delivered, in a file that is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> dict[str, str]:
        """Read the positions; empty before the first `save`."""
        return dict(json.loads(self._path.read_text("utf-8"))) if self._path.exists() else {}

    def save(self, positions: Mapping[str, str]) -> None:
        """Write the positions; whoever is killed meanwhile leaves the old file or the new one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            json.dump(dict(positions), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)


class Source:
    """All shards of a stream. `call` makes each outside call, by its name, so that a test can interrupt it."""

    def __init__(self, kinesis: Any, stream: str, positions: Mapping[str, str], call: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._kinesis = kinesis
        self._stream = stream
        self._positions = dict(positions)
        self._call = call
        self._iterators: dict[str, str | None] = {}
        self._must_list = True

    def read(self) -> list[Record]:
        """Ask each shard once; empty when there is nothing new in any."""
        if self._must_list:
            self._list_shards()
        records = []
        for shard, iterator in list(self._iterators.items()):
            if iterator is not None:
                records += self._read_shard(shard, iterator)
        return records + self.read() if self._must_list else records  # a shard has ended: its children are next

    def _read_shard(self, shard: str, iterator: str) -> list[Record]:
        answer = self._call("get_records", lambda: self._kinesis.get_records(ShardIterator=iterator, Limit=GET_RECORDS_LIMIT))
        self._iterators[shard] = answer.get("NextShardIterator")
        if self._iterators[shard] is None:  # the shard was split or merged and is read to its end
            self._must_list = True
        new = [record for record in answer["Records"] if int(record["SequenceNumber"]) > int(self._positions.get(shard, -1))]
        if new:
            self._positions[shard] = new[-1]["SequenceNumber"]
        return [_record(shard, record) for record in new]

    def _list_shards(self) -> None:
        answer = self._call("list_shards", lambda: self._kinesis.list_shards(StreamName=self._stream))
        for shard in (shard["ShardId"] for shard in answer["Shards"]):
            if shard not in self._iterators:
                self._iterators[shard] = self._call("get_shard_iterator", functools.partial(self._iterator, shard))
        self._must_list = False

    def _iterator(self, shard: str) -> str:
        position = self._positions.get(shard)
        start = (
            {"ShardIteratorType": "TRIM_HORIZON"}
            if position is None
            else {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": position}
        )
        answer = self._kinesis.get_shard_iterator(StreamName=self._stream, ShardId=shard, **start)
        return str(answer["ShardIterator"])


def _record(shard: str, record: Mapping[str, Any]) -> Record:
    return Record(
        shard=shard,
        sequence=record["SequenceNumber"],
        partition_key=record["PartitionKey"],
        arrived_at=record["ApproximateArrivalTimestamp"].timestamp(),
        line=record["Data"],
    )
