"""DynamoDB adapter: the table of ledger slots, leases and circuits. `key` is its string key, `expires_at` its TTL attribute.

lease/…    owner (S), until_ms (N), in_flight (M: minute → B, digests of 8 bytes one after the other)
ledger/…   one binary set (BS) of digests for each mark
circuit/…  the circuit as JSON (S) and its version (N)
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from footfall.aws.clients import make_client, translated
from footfall.errors import StoppedError, UnavailableError
from footfall.queueing.circuit import Circuit
from footfall.queueing.ports import InFlight, LeaseState, Marks

_DIGEST_BYTES: Final = 8
_ATTEMPTS: Final = 5
"""Of keys that BatchGetItem left unread, each call with the SDK's own retries and pauses."""
_FORGET_S: Final = 30 * 86_400
_REHEARSED_S: Final = 3_600
_NAMES: Final = {"key", "expires_at"}


class DeliveryTable:
    """The table `name`; see footfall.queueing.ports.DeliveryTable for what each method promises."""

    def __init__(self, name: str) -> None:
        self._name = name

    @cached_property
    def _client(self) -> Any:
        return make_client("dynamodb")

    def take_lease(self, key: str, owner: str, *, now_ms: int, until_ms: int) -> InFlight:
        """Take a lease that is free, expired or one's own; return what its last holder may have had under way."""
        old = self._update(
            "take lease",
            key,
            "SET #owner = :owner, until_ms = :until, expires_at = :expires",
            {":owner": _s(owner), ":until": _n(until_ms), ":expires": _n(until_ms // 1000 + _FORGET_S), ":now": _n(now_ms)},
            condition="attribute_not_exists(#owner) OR #owner = :owner OR until_ms <= :now",
            returns="ALL_OLD",
        )
        packed = old.get("in_flight", {}).get("M", {})
        return {int(minute): _digests(bytes(value["B"])) for minute, value in packed.items()}

    def renew_lease(self, key: str, owner: str, *, until_ms: int, in_flight: InFlight) -> None:
        """Renew a lease that one holds and record what will be under way, in one write."""
        packed = {str(minute): {"B": b"".join(sorted(digests))} for minute, digests in in_flight.items()}
        self._update(
            "renew lease",
            key,
            "SET until_ms = :until, expires_at = :expires, in_flight = :in_flight",
            {
                ":owner": _s(owner),
                ":until": _n(until_ms),
                ":expires": _n(until_ms // 1000 + _FORGET_S),
                ":in_flight": {"M": packed},
            },
            condition="#owner = :owner",
        )

    def release_lease(self, key: str, owner: str) -> None:
        """Give a lease back, with nothing under way; one that another has taken stays as it is."""
        try:
            self._update("release lease", key, "REMOVE #owner, in_flight, until_ms", {":owner": _s(owner)}, condition="#owner = :owner")
        except StoppedError:
            return

    def read_slots(self, keys: Sequence[str]) -> Mapping[str, Marks]:
        """Read at most 100 ledger slots consistently; those that do not exist are left out."""
        return {key: _marks(item) for key, item in self._read("read ledger", keys).items()}

    def read_leases(self, keys: Sequence[str]) -> Mapping[str, LeaseState]:
        """Read at most 100 leases consistently; those that nobody holds are left out."""
        return {key: _lease(item) for key, item in self._read("read leases", keys).items() if "owner" in item}

    def rehearse_write(self, key: str, *, now_ms: int) -> None:
        """Write an item that is not there, and delete it: what is of no use to anyone, and shows whether writing is allowed.

        Raises:
            StoppedError: there is such an item.
            UnavailableError: the table did not answer, or refused.
        """
        values = {":expires": _n(now_ms // 1000 + _REHEARSED_S)}
        self._update("write delivery table", key, "SET expires_at = :expires", values, condition="attribute_not_exists(expires_at)")
        with translated("delete from delivery table"):
            self._client.delete_item(TableName=self._name, Key={"key": _s(key)})

    def add_marks(self, key: str, marks: Marks, *, expires_s: int) -> None:
        """Add digests to a slot, in one write; repeating it changes nothing."""
        with translated("write ledger"):
            self._client.update_item(
                TableName=self._name,
                Key={"key": _s(key)},
                UpdateExpression="SET expires_at = :expires ADD " + ", ".join(f"#m{number} :m{number}" for number in range(len(marks))),
                ExpressionAttributeNames={f"#m{number}": mark for number, mark in enumerate(marks)},
                ExpressionAttributeValues={
                    ":expires": _n(expires_s),
                    **{f":m{number}": {"BS": sorted(digests)} for number, digests in enumerate(marks.values())},
                },
            )

    def read_circuit(self, destination: str) -> Circuit:
        """Read a destination's circuit; one that was never opened is closed."""
        with translated("read circuit"):
            answer = self._client.get_item(TableName=self._name, Key={"key": _s(f"circuit/{destination}")}, ConsistentRead=True)
        if "Item" not in answer:
            return Circuit()
        document = json.loads(answer["Item"]["circuit"]["S"])
        return Circuit(**{**document, "sites": tuple(document["sites"])})

    def write_circuit(self, destination: str, circuit: Circuit, *, expected_version: int) -> bool:
        """Write a circuit unless another did since that version was read; return whether it is written."""
        try:
            self._update(
                "write circuit",
                f"circuit/{destination}",
                "SET circuit = :circuit, version = :version",
                {":circuit": _s(json.dumps(circuit._asdict())), ":version": _n(circuit.version), ":expected": _n(expected_version)},
                condition="version = :expected" + (" OR attribute_not_exists(version)" if expected_version == 0 else ""),
            )
        except StoppedError:
            return False
        return True

    def _read(self, what: str, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Items by key, at most 100 keys; those that do not exist are left out."""
        wanted: list[dict[str, Any]] = [{"key": _s(key)} for key in keys]
        found: dict[str, Mapping[str, Any]] = {}
        for _ in range(_ATTEMPTS):
            if not wanted:
                return found
            with translated(what):
                answer = self._client.batch_get_item(RequestItems={self._name: {"Keys": wanted, "ConsistentRead": True}})
            found |= {item["key"]["S"]: item for item in answer["Responses"].get(self._name, ())}
            wanted = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
        if wanted:
            raise UnavailableError(f"{what}: throttled")
        return found

    def _update(
        self, what: str, key: str, expression: str, values: Mapping[str, Any], *, condition: str, returns: str = "NONE"
    ) -> Mapping[str, Any]:
        """One conditional write; raises StoppedError when the condition does not hold."""
        names = {"ExpressionAttributeNames": {"#owner": "owner"}} if "#owner" in expression + condition else {}
        with translated(what):
            try:
                answer = self._client.update_item(
                    TableName=self._name,
                    Key={"key": _s(key)},
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=dict(values),
                    ReturnValues=returns,
                    **names,
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                raise StoppedError(f"{what}: another run was quicker") from None
        attributes: Mapping[str, Any] = answer.get("Attributes", {})
        return attributes


def _s(text: str) -> dict[str, str]:
    return {"S": text}


def _n(number: int) -> dict[str, str]:
    return {"N": str(number)}


def _digests(packed: bytes) -> frozenset[bytes]:
    return frozenset(packed[start : start + _DIGEST_BYTES] for start in range(0, len(packed), _DIGEST_BYTES))


def _lease(item: Mapping[str, Any]) -> LeaseState:
    packed = item.get("in_flight", {}).get("M", {})
    under_way = sum(len(bytes(value["B"])) // _DIGEST_BYTES for value in packed.values())
    return LeaseState(item["owner"]["S"], int(item["until_ms"]["N"]), under_way)


def _marks(item: Mapping[str, Any]) -> Marks:
    return {name: frozenset(bytes(each) for each in value["BS"]) for name, value in item.items() if name not in _NAMES}
