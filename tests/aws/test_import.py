"""Import from S3 into S3, through the adapter against the local AWS APIs; the same contract holds for the folder."""

import hashlib
import io
import json
import time

import pyarrow.parquet as pq
import pytest

from footfall.aws.storage import Bucket
from footfall.cli.main import main
from footfall.errors import UnavailableError
from footfall.importing.folder import FolderLake
from footfall.importing.inputs import find_inputs
from local.aws import LocalAws
from tests.builders import a_configuration, a_log_line

PAST = {"timestamp": "1763456800.397"}  # 2025-11-18


@pytest.fixture(scope="module")
def aws():
    with LocalAws() as aws:
        yield aws


@pytest.fixture
def bucket(aws, monkeypatch):
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    name = f"bucket-{time.time_ns()}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": aws.region})
    return name


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "footfall.toml").write_text("")
    return tmp_path


def put(aws, bucket, key, body):
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body)


def keys(aws, bucket, prefix=""):
    return [entry["Key"] for entry in aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


def test_objects_under_a_prefix_are_imported_into_a_bucket_once(aws, bucket, here, capsys):
    for name in ("logs/E2.2025-11-18-09.a", "logs/E2.2025-11-18-10.b", "other/E2.c"):
        put(aws, bucket, name, a_log_line(x_edge_request_id=f"id-{name[-1]}==", **PAST))
    put(aws, bucket, "logs/", b"")
    command = ["import", f"s3://{bucket}/logs/E2", "--lake", f"s3://{bucket}/lake", "--json"]

    first = main(command)
    rows = keys(aws, bucket, "lake/hits/site=main/date=2025-11-18/import-")
    second = main(command)

    documents = capsys.readouterr().out.split("\n}\n")
    outcomes = [json.loads(document + "\n}")["outcomes"] for document in documents if document]
    assert (0, 0, [{"imported": 2}, {"already imported": 2}]) == (first, second, outcomes)
    assert 2 == len(rows)
    assert rows == keys(aws, bucket, "lake/hits/")
    tables = [pq.read_table(io.BytesIO(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())) for key in rows]
    assert {"id-a==", "id-b=="} == {event_id for table in tables for event_id in table["event_id"].to_pylist()}


def test_a_copy_of_an_imported_object_adds_nothing(aws, bucket, here, capsys):
    """The ETag of a plain upload is the MD5 of its bytes, which is what a file is known by."""
    line = a_log_line(**PAST)
    put(aws, bucket, "logs/a.log", line)
    (here / "a.log").write_text(line)
    main(["import", f"s3://{bucket}/logs", "--lake", "lake"])

    main(["import", "a.log", "--lake", "lake"])

    assert "a.log: already imported" in capsys.readouterr().out


def test_a_bucket_that_is_not_there_is_one_line(aws, bucket, here, capsys):
    (here / "a.log").write_text(a_log_line(**PAST))

    missing_input = main(["import", "s3://no-such-bucket-here/logs", "a.log", "--lake", "lake"])
    missing_lake = main(["import", "a.log", "--lake", "s3://no-such-bucket-here"])

    shown = capsys.readouterr().out
    assert (1, 1) == (missing_input, missing_lake)
    assert "s3://no-such-bucket-here/logs: failed: s3://no-such-bucket-here: list objects: NoSuchBucket\na.log: imported" in shown
    assert "a.log: failed: s3://no-such-bucket-here: read object: NoSuchBucket" in shown


def test_an_object_that_was_replaced_since_it_was_listed_is_not_read(aws, bucket):
    put(aws, bucket, "logs/a.log", b"first")
    (listed,) = find_inputs(f"s3://{bucket}/logs", Bucket)
    put(aws, bucket, "logs/a.log", b"second")

    with pytest.raises(UnavailableError, match="read object: PreconditionFailed"):
        listed.open()


def test_lines_of_the_last_48_hours_get_the_visitor_id_of_the_stream(aws, bucket, here, capsys):
    resources = aws.create(a_configuration(name="import-salts"))
    (here / "a.log").write_text(a_log_line(timestamp=f"{time.time():.3f}"))

    main(["import", "a.log", "--lake", "lake", "--salt-table", resources.salt_table])

    (key,) = (here / "lake/hits").rglob("*.parquet")
    (row,) = pq.read_table(key).to_pylist()
    assert ("daily", 16) == (row["visitor_id_origin"], len(row["visitor_id"]))


@pytest.fixture(params=["folder", "bucket"])
def lake(request, bucket, tmp_path):
    return FolderLake(tmp_path) if request.param == "folder" else Bucket(bucket, "lake/")


def test_a_lake_gives_back_what_was_put_and_none_for_what_was_not(lake):
    lake.put("imports/a.json", b"first")
    lake.put("imports/a.json", b"second")

    assert (b"second", None) == (lake.get("imports/a.json"), lake.get("imports/b.json"))


def test_a_bucket_lists_what_begins_so_with_its_size_and_the_hash_of_its_content(aws, bucket):
    for name in ("logs/b", "logs/a", "log"):
        put(aws, bucket, name, b"x")

    found = list(Bucket(bucket).list("logs"))

    assert [("logs/a", 1, hashlib.md5(b"x").hexdigest()), ("logs/b", 1, hashlib.md5(b"x").hexdigest())] == [
        (each.key, each.size_bytes, each.etag) for each in found
    ]


def test_a_salt_table_that_cannot_be_read_is_one_line_and_no_row_without_its_visitor(aws, bucket, here, capsys):
    (here / "a.log").write_text(a_log_line(timestamp=f"{time.time():.3f}"))

    code = main(["import", "a.log", "--lake", "lake", "--salt-table", "no-such-table"])

    assert 1 == code
    assert "a.log: failed: --salt-table no-such-table: the salts cannot be read" in capsys.readouterr().out
    assert not (here / "lake").exists()
