"""What is planted on disk, in whatever form and wrapping, is found; what is not an address is not taken for one."""

import base64
import gzip
import io
import json
from collections.abc import Callable, Iterator
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.configuration import Configuration
from footfall.privacy import truncate_address
from local.address_forms import address_forms
from local.aws import LocalAws
from local.read_back import export, find

ADDRESSES = ["203.0.113.7", "198.51.100.254", "192.0.2.1", "::ffff:203.0.113.77", "2001:db8::1", "2001:db8:85a3::8a2e:370:7334"]
ADDRESSES += ["2001:db8:1:2:3:4:5:6", "2001:db8:0:1:1:1:1:1"]


def parquet(value: Any, type_: pa.DataType, *, column: str = "column") -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({column: pa.array([None, value], type_)}), buffer, store_schema=False)
    return buffer.getvalue()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


pair = pa.struct([("name", pa.string()), ("value", pa.string())])

FILES: dict[str, Callable[[str], bytes]] = {
    "log line": lambda text: f"START\n{text}\nEND\n".encode(),
    "log line, JSON": lambda text: b"START\n" + json.dumps({"message": "x", "extra": {"a": [text]}}).encode() + b"\nEND\n",
    "log line, repr": lambda text: repr({"x": text}).encode(),
    "NDJSON": lambda text: b'{"a":1}\n' + json.dumps({"b": text}).encode() + b"\n",
    "JSON key": lambda text: json.dumps({"a": {text: 1}}, indent=2).encode(),
    "JSON in JSON": lambda text: json.dumps({"Body": json.dumps({"Message": json.dumps([text])})}).encode(),
    "error object": lambda text: json.dumps({"errorCode": "x", "rawData": b64(f"1\t{text}\t-\n")}).encode(),
    "error object, JSON": lambda text: json.dumps({"rawData": b64(json.dumps({"row": text}))}).encode(),
    "URL-safe base64": lambda text: b"token=" + base64.urlsafe_b64encode(b"xy" + text.encode()).rstrip(b"=") + b";",
    "base64 inside of a word": lambda text: f"k{b64('x ' + text)}".encode(),
    "hex": lambda text: b"x" + f"x{text}y".encode().hex().encode(),
    "percent-encoded": lambda text: f"GET /?q={quote('x=' + text, safe='')}".encode(),
    "percent-encoded twice": lambda text: f"GET /?q={quote(quote('x=' + text, safe=''), safe='')}".encode(),
    "gzip": lambda text: gzip.compress(json.dumps({"x": text}).encode()),
    "two gzip members": lambda text: gzip.compress(b"first") + gzip.compress(text.encode()),
    "gzip in base64 in JSON": lambda text: json.dumps({"data": base64.b64encode(gzip.compress(text.encode())).decode()}).encode(),
    "DynamoDB item": lambda text: json.dumps({"day": {"S": "2026-11-22"}, "salt": {"B": b64(text)}}).encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "Parquet text": lambda text: parquet(text, pa.string()),
    "Parquet binary": lambda text: parquet(text.encode(), pa.binary()),
    "Parquet list": lambda text: parquet([None, text], pa.list_(pa.string())),
    "Parquet list of pairs": lambda text: parquet([{"name": "cip", "value": text}], pa.list_(pair)),
    "Parquet map key": lambda text: parquet([(text, None)], pa.map_(pa.string(), pa.string())),
    "Parquet map value": lambda text: parquet([("x", text)], pa.map_(pa.string(), pa.string())),
    "Parquet text with JSON": lambda text: parquet(json.dumps({"a": [text]}), pa.string()),
    "Parquet text with a URL": lambda text: parquet("https://example.org/?u=" + quote(text, safe=""), pa.string()),
    "Parquet column name": lambda text: parquet(1, pa.int64(), column=f"{text} ".ljust(48)),  # its length, 48, is the byte "0" before it
}


around = st.text("ghijkXYZ /=&?;,()<>|~\t\n\"'\\é😀", max_size=8)  # no digits: they would make it another address


@given(address=st.sampled_from(ADDRESSES), file=st.sampled_from(list(FILES)), before=around, after=around, choice=st.integers(0, 10_000))
def test_every_form_of_an_address_is_found_in_every_kind_of_file(address: str, file: str, before: str, after: str, choice: int) -> None:
    forms = address_forms(address)
    form = forms[choice % len(forms)]
    space = " " if form.has_case else ""  # letters are digits of base64
    with TemporaryDirectory() as folder:
        Path(folder, "nested").mkdir()
        Path(folder, "nested", "file").write_bytes(FILES[file](f"{before}{space}{form}{space}{after}"))

        result = find(Path(folder), {"planted": forms, "other": address_forms("192.0.2.200")})

    assert ([("planted", "nested/file")], (), 1) == ([(hit.needle, hit.file) for hit in result.findings], result.undecoded, result.files)


@pytest.mark.parametrize("file", FILES)
def test_the_plain_address_is_found_in_each_kind_of_file(tmp_path: Path, file: str) -> None:
    """The property above, with nothing left to chance."""
    (tmp_path / "file").write_bytes(FILES[file]("203.0.113.7"))

    assert len(find(tmp_path, {"planted": address_forms("203.0.113.7")}).findings) == 1


@given(address=st.ip_addresses().filter(lambda address: len(str(address)) > 6), padding=st.integers(0, 5))
def test_any_address_is_found_as_python_writes_it_and_in_base64_wherever_it_begins(address: Any, padding: int) -> None:
    forms = address_forms(str(address))
    with TemporaryDirectory() as folder:
        Path(folder, "plain").write_text(f"<{address}>", "utf-8")
        Path(folder, "exploded").write_text(f"<{address.exploded}>".upper(), "utf-8")
        Path(folder, "base64").write_text(b64("x" * padding + f"<{address}>"), "utf-8")

        found = find(Path(folder), {"it": forms})

    assert ["base64", "exploded", "plain"] == sorted(hit.file for hit in found.findings)


@pytest.mark.parametrize("address", ADDRESSES)
def test_numbers_and_packed_bytes_are_found(tmp_path: Path, address: str) -> None:
    parsed = ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    (tmp_path / "number.json").write_text(json.dumps({"ip": int(mapped)}))
    (tmp_path / "packed.parquet").write_bytes(parquet(mapped.packed, pa.binary()))
    (tmp_path / "packed.json").write_text(json.dumps({"B": base64.b64encode(mapped.packed.ljust(16)).decode()}))
    if mapped.version == 4:
        (tmp_path / "number.parquet").write_bytes(parquet(int(mapped), pa.int64()))

    found = {hit.file for hit in find(tmp_path, {"it": address_forms(address)}).findings}

    assert {"number.json", "packed.parquet", "number.parquet", "packed.json"} - found == (
        {"packed.json"} if mapped.version == 4 else {"number.parquet"}
    )


def test_an_ipv4_address_and_its_mapped_form_are_found_for_each_other() -> None:
    assert set(address_forms("203.0.113.7")) == set(address_forms("::ffff:203.0.113.7")) == set(address_forms("::FFFF:cb00:7107"))


def test_the_forms_are_those_that_could_land_on_disk() -> None:
    assert {
        "203.0.113.7",
        "203.000.113.007",
        "203-0-113-7",
        "7.113.0.203.in-addr.arpa",
        "3405803783",
        "281474087547143",
        "cb007107",
        "CB007107",
        "::ffff:203.0.113.7",
        "::ffff:cb00:7107",
        "::FFFF:CB00:7107",
        "0000:0000:0000:0000:0000:ffff:cb00:7107",
        "%3A%3Affff%3A203.0.113.7",
        "%253A%253Affff%253A203.0.113.7",
        "MjAzLjAuMTEzLjc=",
        "3230332e302e3131332e37",
    } <= set(address_forms("203.0.113.7"))
    assert {
        "2001:db8::1",
        "2001:DB8::1",
        "2001:db8:0:0:0:0:0:1",
        "2001:0db8:0000:0000:0000:0000:0000:0001",
        "2001%3Adb8%3A%3A1",
        "2001%3adb8%3a%3a1",
        "20010db8000000000000000000000001",
        "42540766411282592856903984951653826561",
        "MjAwMTpkYjg6OjE=",
    } <= set(address_forms("2001:db8::1"))


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("203.0.113.7", "203.0.113.70 203.0.113.0 1203.0.113.7 203.0.113.0/24 13405803783 34058037830 acb007107 cb0071070 203-0-113-70"),
        ("203.0.113.77", "203.0.113.0 203.0.113.7 203.0.113.177 203.0.113.771"),
        ("2001:db8::1", "2001:db8:: 2001:db8::/48 2001:db8::1f 12001:db8::1 2001:db8::2 2001:0db8:0000:0000:0000:0000:0000:0011"),
        ("192.0.2.1", "192.0.2.11 192.0.2.10 3221225986 2026-11-22 02:01:00 1.0.2.192"),
    ],
)
def test_another_address_a_network_or_a_longer_number_is_no_finding(tmp_path: Path, address: str, text: str) -> None:
    for number, word in enumerate(text.split()):
        (tmp_path / f"f{chr(97 + number)}").write_text(json.dumps({"x": word, "y": b64(word), "z": quote(word, safe="")}))
    (tmp_path / "all").write_bytes(parquet(text, pa.string()))

    assert find(tmp_path, {"it": address_forms(address)}).findings == ()


@given(st.ip_addresses(network="203.0.113.0/24").filter(lambda a: int(a) % 256) | st.ip_addresses(network="2001:db8::/32"))
def test_what_the_policy_keeps_of_an_address_is_no_finding(address: Any) -> None:
    kept = truncate_address(address)
    if isinstance(address, IPv6Address) and kept == str(address):
        return
    with TemporaryDirectory() as folder:
        Path(folder, "rows.json").write_text(json.dumps({"ip": kept, "line": b64(f"a\t{kept}\tb"), "url": quote(kept, safe="")}))

        assert find(Path(folder), {"it": address_forms(str(address))}).findings == ()


def test_any_text_and_any_bytes_can_be_searched_for(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"url": "https://example.org/?token_auth=S3cret-x"}))
    (tmp_path / "b.bin").write_bytes(b"\x00\x01\xfe\xff")

    found = find(tmp_path, {"token": ["S3cret-x"], "case": ["s3cret-x"], "bytes": [b"\x01\xfe"]})

    assert [("a.json", "token"), ("b.bin", "bytes")] == [(hit.file, hit.needle) for hit in found.findings]


def test_an_address_in_the_name_of_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "hits").mkdir()
    (tmp_path / "hits" / "site=203.0.113.7").write_text("x")

    (hit,) = find(tmp_path, {"it": address_forms("203.0.113.7")}).findings

    assert (hit.is_in_name, str(hit)) == (True, "in the name of a file")


def test_a_finding_does_not_tell_the_address_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("203.0.113.7")

    result = find(tmp_path, {"203.0.113.7": address_forms("203.0.113.7")})

    assert "203.0.113.7" not in f"{result} {result!r} {result.findings[0]} {result.findings[0]!r}"
    assert [("203.0.113.7", "a.log")] == [(hit.form, hit.file) for hit in result.of("203.0.113.7")]


@pytest.mark.parametrize(
    "content", [b"PAR1 and nothing else", parquet("x", pa.string())[:-9], gzip.compress(b"x" * 99)[:-9], b"\x1f\x8bno"]
)
def test_a_file_that_cannot_be_decoded_is_told_and_searched_as_it_is(tmp_path: Path, content: bytes) -> None:
    """ "None found" must not mean "not looked"."""
    (tmp_path / "damaged").write_bytes(content)
    (tmp_path / "damaged-too").write_bytes(content + b" 203.0.113.7 ")

    result = find(tmp_path, {"it": address_forms("203.0.113.7")})

    assert (result.files, result.undecoded) == (2, ("damaged", "damaged-too"))
    assert [hit.file for hit in result.findings] == ["damaged-too"]


def test_a_text_that_only_looks_wrapped_is_searched_without_complaint(tmp_path: Path) -> None:
    odd = ["H4sIAAAAAAAA", '{"open', "[" * 5000, "%zz%", "\\u12", "\\x", "A" * 50_001, "====", '"\\ud800"']
    (tmp_path / "odd").write_text("\n".join(odd), "utf-8")
    (tmp_path / "empty").write_bytes(b"")

    result = find(tmp_path, {"it": address_forms("203.0.113.7")})

    assert (result.files, result.findings, result.undecoded) == (2, (), ())


def test_a_folder_without_files_has_no_findings_and_says_so(tmp_path: Path) -> None:
    assert find(tmp_path, {"it": ["x"]}).files == 0


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        yield aws


def test_every_store_of_the_account_is_exported(aws: LocalAws, tmp_path: Path) -> None:
    resources = aws.create(Configuration(name="export"))
    s3, sqs = aws.client("s3"), aws.client("sqs")
    keys = ["hits/site=main/date=2026-11-22/a.parquet", "../../escape", "a//b", "folder/", "./.", "ünï cödé?*"]
    for key in keys:
        s3.put_object(Bucket=resources.bucket, Key=key, Body=b"body of " + key.encode(), Metadata={"planted": "203.0.113.11"})
    aws.client("dynamodb").put_item(TableName=resources.salt_table, Item={"day": {"S": "2026-11-22"}, "salt": {"B": b"ip 203.0.113.12!"}})
    queue = sqs.create_queue(QueueName="tracking")["QueueUrl"]
    for number in range(12):
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"n": number, "ip": "203.0.113.13"}))
    log = tmp_path / "transform_hits.log"
    log.write_text("no address", "utf-8")
    folder = tmp_path / "read_back"

    count = export(aws, folder, [log, tmp_path / "never-written.log"])

    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert count == len(files) == len(keys) + 4
    assert sorted(path.read_bytes().decode()[8:] for path in (folder / "s3" / resources.bucket).rglob("*") if path.is_file()) == sorted(
        keys
    )
    result = find(folder, {last: address_forms(f"203.0.113.{last}") for last in ("11", "12", "13", "14")})
    assert {(hit.needle, hit.file) for hit in result.findings} == {
        ("11", f"s3/{resources.bucket}.properties.ndjson"),
        ("12", "dynamodb/export-salts.ndjson"),
        ("13", "sqs/tracking.ndjson"),
    }
    assert len((folder / "sqs" / "tracking.ndjson").read_bytes().splitlines()) == 12


def test_exporting_takes_nothing_from_the_queues_and_leaves_nothing_of_an_earlier_export(aws: LocalAws, tmp_path: Path) -> None:
    queue = aws.client("sqs").create_queue(QueueName="kept")["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="kept")
    (tmp_path / "read_back").mkdir()
    (tmp_path / "read_back" / "old").write_text("203.0.113.7")

    for _ in range(2):
        export(aws, tmp_path / "read_back")

    assert b'"Body": "kept"' in (tmp_path / "read_back" / "sqs" / "kept.ndjson").read_bytes()
    assert not (tmp_path / "read_back" / "old").exists()


def test_two_accounts_see_nothing_of_each_other(aws: LocalAws, tmp_path: Path) -> None:
    aws.create(Configuration(name="export"))
    aws.client("sqs").create_queue(QueueName="mine")

    with LocalAws() as other:
        resources = other.create(Configuration(name="export"))
        export(other, tmp_path)

    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        f"{resources.bucket}.properties.ndjson",
        "export-salts.ndjson",
    ]
