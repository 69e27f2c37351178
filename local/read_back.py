"""Copy every store of the local account into a folder, and search each file, decoded, for what must not be there."""

import base64
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from local.address_forms import Form
from local.aws import LocalAws
from local.read_back_views import UndecodableError, texts_of

_RECEIVE_AGAIN_S: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A needle in a file. Printing it does not print what was found: read `form` for that."""

    file: str = field(repr=False)
    needle: str = field(repr=False)
    form: str = field(repr=False)
    is_in_name: bool

    def __str__(self) -> str:
        """Where, without the address: the name of a file that holds it in its name is withheld."""
        return "in the name of a file" if self.is_in_name else f"in {self.file}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What a search found in `files` files; `undecoded` names those that could not be decoded, searched only as they are."""

    files: int
    findings: tuple[Finding, ...]
    undecoded: tuple[str, ...]

    def of(self, needle: str) -> tuple[Finding, ...]:
        """The findings of one needle, by its name."""
        return tuple(finding for finding in self.findings if finding.needle == needle)


def find(folder: Path, needles: Mapping[str, Sequence[bytes | str]]) -> ReadBack:
    """Search every file under `folder`, its name included, for every form of every needle; one finding per file and needle.

    What `address_forms` gives is found in any case, and only where no further digit belongs to it. Any other text is found
    anywhere, as it is written; bytes only in files as they are. An address that ends in zeros is the same as its truncated
    network, which is no finding: search for addresses that have a host part.
    """
    searches = [search for name, forms in needles.items() for search in _searches(name, forms)]
    findings: list[Finding] = []
    undecoded: list[str] = []
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        name = path.relative_to(folder).as_posix()
        findings += _hits(searches, name, b"", "\n".join(texts_of(name.encode())), is_in_name=True)
        texts, is_decoded = _read(path.read_bytes())
        findings += _hits(searches, name, path.read_bytes(), texts, is_in_name=False)
        if not is_decoded:
            undecoded.append(name)
    return ReadBack(files=len(files), findings=tuple(findings), undecoded=tuple(undecoded))


def export(aws: LocalAws, folder: Path, logs: Iterable[Path] = ()) -> int:
    """Copy all objects, table items and queue messages of the account, and these log files, under `folder`; how many files.

    The streams are left out: they hold what the edge logged, by design, for as long as their retention.
    """
    shutil.rmtree(folder, ignore_errors=True)
    _write(folder, (*_objects(aws.client("s3")), *_items(aws.client("dynamodb")), *_messages(aws.client("sqs"))))
    for log in logs:
        if log.exists():
            (folder / "logs").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(log, folder / "logs" / log.name)
    return sum(1 for path in folder.rglob("*") if path.is_file())


def export_queues(aws: LocalAws, folder: Path) -> None:
    """Copy all queue messages of the account under `folder`; they stay where they are."""
    _write(folder, _messages(aws.client("sqs")))


def _write(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    for path, content in files:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


class _Search:
    """One form of one needle, and how it is recognised."""

    def __init__(self, needle: str, form: bytes | str) -> None:
        self.needle = needle
        self.form = form
        self._lowered = form.lower() if isinstance(form, str) else ""
        self._digits = form.digits if isinstance(form, Form) else ""
        self._has_case = not isinstance(form, Form) or form.has_case
        self.key = (form if self._has_case else self._lowered, self._digits)

    def is_in(self, content: bytes, text: str, lowered: str) -> bool:
        if isinstance(self.form, bytes):
            return self.form in content
        if self._has_case:
            return self.form in text and self._stands_alone(self.form, text)
        return self._lowered in lowered and self._stands_alone(self._lowered, lowered)

    def _stands_alone(self, form: str, text: str) -> bool:
        return not self._digits or _between(form, self._digits).search(text) is not None


def _searches(needle: str, forms: Sequence[bytes | str]) -> Iterable[_Search]:
    """One for each form, and one for those that differ in case only."""
    searches = [_Search(needle, form) for form in forms]
    return {search.key: search for search in searches}.values()


def _between(text: str, digits: str) -> re.Pattern[str]:
    """The text where no digit belongs to it: one before its first or after its last, if those are digits themselves."""
    is_digit = re.compile(f"[{digits}]").fullmatch
    before = f"(?<![{digits}])" if is_digit(text[0]) else ""
    after = f"(?![{digits}])" if is_digit(text[-1]) else ""
    return re.compile(before + re.escape(text) + after)


def _hits(searches: Sequence[_Search], file: str, content: bytes, text: str, *, is_in_name: bool) -> list[Finding]:
    lowered = text.lower()
    found: dict[str, Finding] = {}
    for search in searches:
        if search.needle not in found and search.is_in(content, text, lowered):
            form = search.form if isinstance(search.form, str) else search.form.decode("latin-1")
            found[search.needle] = Finding(file=file, needle=search.needle, form=form, is_in_name=is_in_name)
    return list(found.values())


def _read(content: bytes) -> tuple[str, bool]:
    texts: list[str] = []
    try:
        texts.extend(texts_of(content))
    except UndecodableError:
        return "\n".join(texts), False  # what came before it is in the list
    return "\n".join(texts), True


def _objects(s3: Any) -> Iterator[tuple[str, bytes]]:
    for bucket in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        properties = []
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for number, version in enumerate(page.get("Versions", [])):
                answer = s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
                properties.append({"Key": version["Key"], "Metadata": answer["Metadata"], "ContentType": answer["ContentType"]})
                suffix = "" if version["IsLatest"] else f".version-{number}"
                yield f"s3/{bucket}/{_path(version['Key'])}{suffix}", answer["Body"].read()
        yield f"s3/{bucket}.properties.ndjson", _lines(properties)


def _items(dynamodb: Any) -> Iterator[tuple[str, bytes]]:
    for table in dynamodb.list_tables()["TableNames"]:
        pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        yield f"dynamodb/{table}.ndjson", _lines([item for page in pages for item in page["Items"]])


def _messages(sqs: Any) -> Iterator[tuple[str, bytes]]:
    for queue in sqs.list_queues().get("QueueUrls", []):
        request = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": _RECEIVE_AGAIN_S}
        everything = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}
        messages: list[dict[str, Any]] = []
        while received := sqs.receive_message(**request, **everything).get("Messages", []):
            messages += received
        for message in messages:
            sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        yield f"sqs/{queue.rpartition('/')[2]}.ndjson", _lines(messages)


def _lines(documents: Iterable[Any]) -> bytes:
    return "".join(json.dumps(document, default=_binary) + "\n" for document in documents).encode()


def _binary(value: Any) -> str:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value)


def _path(key: str) -> str:
    """A key as a relative path that cannot leave its folder; percent-encoded where a file name must not be so."""
    names = [quote(name, safe="=+,:@ ") for name in key.split("/")]
    return "/".join(name.replace(".", "%2E") if set(name) <= {"."} else name or "%00" for name in names)
