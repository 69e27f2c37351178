"""The steps of a rehearsal that try out what was deployed; each returns what it found, or raises StoppedError."""

import http.client
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from footfall.errors import StoppedError
from local.address_forms import address_forms
from local.read_back import find
from local.rehearsal import catalog
from local.rehearsal.cloud import Cloud, invoke, put_lines, salt_days, wait_for_objects
from local.rehearsal.lines import SUPPRESSED, Sent, problems_with, read_lake

ROWS_WITHIN_S: Final = 60.0
SALT_LIFE: Final = timedelta(hours=48)
RIGHTS: Final = {
    ("lake", "TransformHits"): {"dynamodb:GetItem", "dynamodb:PutItem"},
    ("jobs", "RetireSalts"): {"dynamodb:Scan", "dynamodb:DeleteItem"},
}
"""What each function may do with the table of salts, and nothing more."""
_ANSWERS: Final = {"/1x1.png": b"\x89PNG", "/1x1.gif": b"GIF89a", "/matomo.php?idsite=1": b"GIF89a"}


def check_outputs(cloud: Cloud) -> str:
    """The outputs are there and fit what exists."""
    url, bucket, workgroup = cloud.output("edge", "Url"), cloud.output("lake", "Bucket"), cloud.output("lake", "Workgroup")
    for name in ("Tag", "Curl"):
        if f"{url}/1x1.png" not in cloud.output("edge", name):
            raise StoppedError(f"the output {name} does not name the pixel at {url}")
    if bucket not in cloud.buckets():
        raise StoppedError(f"the output Bucket names {bucket}, which does not exist")
    limits = cloud.client("athena").get_work_group(WorkGroup=workgroup)["WorkGroup"]["Configuration"]
    gigabytes = limits.get("BytesScannedCutoffPerQuery", 0) // 1024**3
    if not gigabytes:
        raise StoppedError(f"the workgroup {workgroup} has no scan limit")
    return f"Url {url}, Tag, Curl; bucket exists; workgroup {workgroup}, at most {gigabytes} GiB a query"


def check_edge(cloud: Cloud, endpoint: str) -> str:
    """The deployed distribution answers the pixel with the deployed edge function, and sends http on to https."""
    host = urlsplit(cloud.output("edge", "Url")).netloc
    for path, image in _ANSWERS.items():
        status, headers, body = _get(endpoint, host, path, {"X-Forwarded-Proto": "https"})
        answer = (status, body.startswith(image), "no-store" in headers.get("cache-control", ""), headers.get("x-cache", ""))
        expect(f"the answer to {path}", (200, True, True, "FunctionGeneratedResponse from cloudfront"), answer)
    expect("the status over http", 301, _get(endpoint, host, "/1x1.png", {})[0])
    return f"the distribution answers {', '.join(_ANSWERS)} with the edge function: images, no-store; http is redirected"


def _get(endpoint: str, host: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host, **headers})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def check_rights(cloud: Cloud) -> str:
    """The policies of the functions' roles allow what each does with the salts, and no other call of the two."""
    table = cloud.client("dynamodb").describe_table(TableName=cloud.resource("lake", "AWS::DynamoDB::Table"))["Table"]["TableArn"]
    actions = sorted(set().union(*RIGHTS.values()))
    for (stack, function), allowed in RIGHTS.items():
        name = cloud.resource(stack, "AWS::Lambda::Function", function)
        role = cloud.client("lambda").get_function(FunctionName=name)["Configuration"]["Role"]
        answer = cloud.client("iam").simulate_principal_policy(PolicySourceArn=role, ActionNames=actions, ResourceArns=[table])
        decisions = {each["EvalActionName"] for each in answer["EvaluationResults"] if each["EvalDecision"] == "allowed"}
        expect(f"what {function} may do with salts", allowed, decisions)
    return "transform_hits reads and makes salts, retire_salts lists and deletes them; neither may do the other's"


def send(cloud: Cloud, sent: Sequence[Sent], folder: Path) -> list[str]:
    """Put the lines into the deployed stream and find their rows in the deployed bucket."""
    stream, bucket = cloud.resource("lake", "AWS::Kinesis::Stream"), cloud.output("lake", "Bucket")
    put_lines(cloud, stream, sent)
    expected = sum(each.outcome != SUPPRESSED for each in sent)
    keys = wait_for_objects(cloud, bucket, expected, ROWS_WITHIN_S)
    lost = [key for key in keys if key.startswith("errors/")]
    if lost:
        raise StoppedError(f"{len(lost)} of {len(sent)} lines went to the error prefix, as {lost[0]}")
    cloud.copy(bucket, folder)
    found = read_lake(folder)
    require(problems_with(found, sent))
    salts = salt_days(cloud, cloud.resource("lake", "AWS::DynamoDB::Table"))
    expect("days with a salt", 1, len(salts))
    reasons = ", ".join(sorted(found.rejects.values()))
    rows = f"{found.hits.total()} rows ({len(found.hits)} event ids, each with its daily visitor id)"
    rejects = f"{len(found.rejects)} rejects ({reasons})"
    return [
        f"{len(sent)} lines into the stream, through Firehose and transform_hits: {rows}, {rejects}, {len(sent) - expected} suppressed",
        f"Parquet at {', '.join(found.places)}",
    ]


def search(cloud: Cloud, sent: Sequence[Sent], folder: Path) -> str:
    """Search the bucket's objects and the functions' logs for each address; the lines themselves show that the search finds any."""
    lines = cloud.write_logs(folder / "lake" / "logs")
    needles = {address: address_forms(address) for address in {each.address for each in sent}}
    control = folder / "control"
    control.mkdir()
    (control / "lines").write_bytes(b"".join(each.line for each in sent))
    expect(
        "addresses that the search finds in the lines themselves",
        len(needles),
        len({each.needle for each in find(control, needles).findings}),
    )
    result = find(folder / "lake", needles)
    require([f"an address {finding}" for finding in result.findings])
    require([f"cannot be decoded: {name}" for name in result.undecoded])
    return (
        f"none of {len(needles)} addresses in {result.files} files of bucket and logs ({lines} log lines), decoded; all in the lines sent"
    )


def retire(cloud: Cloud) -> str:
    """An expired salt is deleted by the deployed function, with the rights of its own role; today's stays."""
    table, now = cloud.resource("lake", "AWS::DynamoDB::Table"), datetime.now(UTC)
    today, old = now.date().isoformat(), (now - 2 * SALT_LIFE).date().isoformat()
    expires = str(int((now - SALT_LIFE).timestamp()))
    item: dict[str, Any] = {"day": {"S": old}, "salt": {"B": b"o" * 32}, "expires_at": {"N": expires}}
    cloud.client("dynamodb").put_item(TableName=table, Item=item)
    answer = invoke(cloud, cloud.resource("jobs", "AWS::Lambda::Function", "RetireSalts"), {})
    expect("the answer of retire_salts", {"retired": 1}, answer)
    days = salt_days(cloud, table)
    expect("days with a salt", True, old not in days and len(days) == 1)
    return f"retire_salts deleted the expired salt and kept that of {today if today in days else next(iter(days))}"


def check_tables(cloud: Cloud, folder: Path) -> str:
    """The tables have the schema's columns; the SQL of each view can be read as Athena's and runs on the rows."""
    found = list(catalog.tables(cloud, cloud.output("lake", "Database")))
    require(catalog.problems_with_tables(found))
    sql = catalog.views(found)
    rows = catalog.run_views(folder, sql)
    counts = ", ".join(f"{name} {count}" for name, count in rows.items())
    return (
        f"{len(found) - len(sql)} tables as in the schema; {len(sql)} views read back, parsed as Athena's and run, rows: {counts or 'none'}"
    )


def expect(what: str, expected: object, actual: object) -> None:
    """Raise StoppedError when something is not as it must be."""
    if expected != actual:
        raise StoppedError(f"{what}: expected {expected}, found {actual}")


def require(problems: Sequence[str]) -> None:
    """Raise StoppedError when there is a problem."""
    if problems:
        raise StoppedError("; ".join(problems[:10]))
