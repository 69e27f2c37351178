"""What Firehose holds between its steps: records on their way, by the buffering hints, and how far it may forget the stream."""

from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from footfall.errors import ConfigurationError
from local import firehose_prefix
from local.firehose_prefix import Prefix

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Hold until there are so many bytes, or the oldest has waited so long, whichever is first."""

    size_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStream:
    """The configuration of a Firehose stream; the defaults are Amazon Data Firehose's, or the nearest it allows.

    `database` and `table` name the schema in error documents.
    `max_batch_records` is what one GetRecords call gives at most; no limit of records in a transformation event is documented.

    Raises:
        ConfigurationError: a prefix that Firehose would refuse, or that would not do what it seems to.
    """

    name: str
    region: str
    account: str
    source_arn: str
    function_arn: str
    bucket: str
    prefix: str
    error_prefix: str
    database: str
    table: str
    transform_hints: Hints = Hints(size_bytes=MIB, seconds=60)
    destination_hints: Hints = Hints(size_bytes=128 * MIB, seconds=300)
    retries: int = 3
    max_partitions: int = 500
    max_batch_records: int = 10_000
    version: int = 1

    def __post_init__(self) -> None:
        firehose_prefix.check(Prefix(self.prefix), Prefix(self.error_prefix))
        if not 0 < self.transform_hints.size_bytes <= 3 * MIB:
            raise ConfigurationError("Firehose", ["transform_hints.size_bytes: allowed is up to 3 MiB"])

    @property
    def arn(self) -> str:
        """ARN of the Firehose stream."""
        return f"arn:aws:firehose:{self.region}:{self.account}:deliverystream/{self.name}"

    @property
    def source_name(self) -> str:
        """Name of the Kinesis stream."""
        return self.source_arn.rpartition("/")[2]

    def object_name(self, arrived_at: datetime, unique: str) -> str:
        """Name of an object without its prefix and extension."""
        return f"{self.name}-{self.version}-{arrived_at:%Y-%m-%d-%H-%M-%S}-{unique}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as Kinesis gave it; `arrived_at` in Unix seconds."""

    shard: str
    sequence: str
    partition_key: str
    arrived_at: float
    line: bytes

    @property
    def sequence_number(self) -> str:
        """56 digits, unlike those of every other record of the stream, as in AWS; moto counts 1, 2, 3 in each shard."""
        return f"49{int(self.shard.rpartition('-')[2]):014d}{int(self.sequence):040d}"

    @property
    def arrived(self) -> datetime:
        """When it arrived, UTC."""
        return datetime.fromtimestamp(self.arrived_at, UTC)

    @property
    def arrived_ms(self) -> int:
        """Unix milliseconds, as Firehose writes them."""
        return round(self.arrived_at * 1000)


class WaitingRecords:
    """Records that wait for the function, in order."""

    def __init__(self, hints: Hints, max_records: int) -> None:
        self._hints = hints
        self._max_records = max_records
        self._waiting: deque[tuple[float, Record]] = deque()
        self._size_bytes = 0

    def add(self, record: Record, now: float) -> None:
        """Take a record at the time `now`."""
        self._waiting.append((now, record))
        self._size_bytes += len(record.line)

    def batches(self, now: float, *, is_flushing: bool) -> Iterator[list[Record]]:
        """Hand out what is due, as batches no larger than the hint unless one record is."""
        while self._waiting and (is_flushing or self._is_due(now)):
            yield self._take()

    def _is_due(self, now: float) -> bool:
        is_full = self._size_bytes >= self._hints.size_bytes or len(self._waiting) >= self._max_records
        return is_full or now - self._waiting[0][0] >= self._hints.seconds

    def _take(self) -> list[Record]:
        batch: list[Record] = []
        size_bytes = 0
        while self._waiting and len(batch) < self._max_records:
            record = self._waiting[0][1]
            if batch and size_bytes + len(record.line) > self._hints.size_bytes:
                break
            batch.append(record)
            size_bytes += len(record.line)
            self._waiting.popleft()
        self._size_bytes -= size_bytes
        return batch


@dataclass(slots=True, kw_only=True)
class Group:
    """What will be one object: rows or error documents with the records they come from."""

    keys: Mapping[str, str]
    opened_at: float
    arrived: datetime  # of its oldest record, UTC: the time in an object's name
    entries: list[Any] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    size_bytes: int = 0


class Groups:
    """Open objects by their partition; at most `limit` at a time."""

    def __init__(self, hints: Hints, limit: int) -> None:
        self._hints = hints
        self._limit = limit
        self._open: dict[Hashable, Group] = {}

    def add(self, keys: Mapping[str, str], entry: Any, record: Record, *, size_bytes: int, now: float) -> bool:
        """Put an entry into the object of its keys; False when that would be one partition too many."""
        place = tuple(keys.items())
        if place not in self._open:
            if len(self._open) >= self._limit:
                return False
            self._open[place] = Group(keys=keys, opened_at=now, arrived=record.arrived)
        group = self._open[place]
        group.entries.append(entry)
        group.records.append(record)
        group.size_bytes += size_bytes
        group.arrived = min(group.arrived, record.arrived)
        return True

    def due(self, now: float, *, is_flushing: bool) -> Iterator[Group]:
        """Hand out the objects that are due; each leaves when the next is asked for, so an interrupted one stays."""
        for place, group in list(self._open.items()):
            if is_flushing or group.size_bytes >= self._hints.size_bytes or now - group.opened_at >= self._hints.seconds:
                yield group
                del self._open[place]


class Progress:
    """Which records of each shard have reached their end, in order: the last before the first that has not is the checkpoint."""

    def __init__(self, positions: Mapping[str, str]) -> None:
        self._under_way: dict[str, deque[str]] = {}
        self._settled: set[tuple[str, str]] = set()
        self.positions = dict(positions)

    def start(self, record: Record) -> None:
        """Remember that a record was read."""
        self._under_way.setdefault(record.shard, deque()).append(record.sequence)

    def settle(self, records: Sequence[Record]) -> None:
        """Remember that records are durable where they belong, or dropped, and move the positions on."""
        self._settled.update((record.shard, record.sequence) for record in records)
        for shard in {record.shard for record in records}:
            under_way = self._under_way[shard]
            while under_way and (shard, under_way[0]) in self._settled:
                self.positions[shard] = under_way.popleft()
                self._settled.discard((shard, self.positions[shard]))
