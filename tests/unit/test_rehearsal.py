"""What the deploy rehearsal expects of its hits, of the deployed catalog, and of what is destroyed."""

import base64
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from footfall.configuration import Configuration
from footfall.errors import StoppedError, UnavailableError
from footfall.hits.log_line import LineReader
from footfall.hits.transform import Transformer
from footfall.sql.views import VIEWS
from local.rehearsal.catalog import problems_with_tables, views
from local.rehearsal.cloud import wait_for_objects
from local.rehearsal.lines import HIT, REJECT, SUPPRESSED, Found, log_lines, problems_with
from local.rehearsal.progress import last_lines
from local.rehearsal.remains import Remains
from local.rehearsal.steps import expect, require
from tests.builders import NOW_MS, a_record

REPOSITORY = Path(__file__).parents[2]
LOCKS = [REPOSITORY / "local" / "rehearsal" / name for name in ("requirements.txt", "package.json", "package-lock.json")]
FIELDS = Configuration.load(REPOSITORY / "footfall.toml").edge.log_fields


def a_found(sent, **changes):
    """What the lake holds when every line became what it should."""
    hits = Counter(each.event_id for each in sent if each.outcome == HIT)
    rejects = {each.event_id or "line-1": "some_reason" for each in sent if each.outcome == REJECT}
    visitors = {each.event_id: f"visitor at {each.address}" for each in sent if each.outcome == HIT}
    return replace(Found(hits=hits, visitors=visitors, rejects=rejects, places=()), **changes)


def test_each_line_of_the_rehearsal_becomes_what_it_says():
    sent = log_lines(FIELDS, NOW_MS / 1000)
    transformer = Transformer(Configuration.load(REPOSITORY / "footfall.toml"))
    records = [a_record(each.line, record_id=str(index)) for index, each in enumerate(sent)]

    answers, _ = transformer.transform(records, lambda days: dict.fromkeys(days, b"s" * 32), now_ms=NOW_MS)

    places = [answer.get("metadata", {}).get("partitionKeys", {}).get("place", "").partition("/")[0] for answer in answers]
    assert [{HIT: "hits", REJECT: "rejects", SUPPRESSED: ""}[each.outcome] for each in sent] == places


def test_request_ids_look_like_those_of_cloudfront():
    for each in log_lines(FIELDS, NOW_MS / 1000):
        if each.event_id:
            assert each.event_id == LineReader(FIELDS).read(each.line.decode(), now_ms=NOW_MS).request_id


def test_a_lake_with_all_rows_has_no_problem():
    sent = log_lines(FIELDS, 0)

    assert [] == problems_with(a_found(sent), sent)


def test_a_lost_row_a_missing_reject_and_a_stranger_are_named():
    sent = log_lines(FIELDS, 0)
    lost = next(each for each in sent if each.what == "an e-mail")
    found = a_found(sent)
    hits = Counter({**{key: count for key, count in found.hits.items() if key != lost.event_id}, "stranger": 1})

    problems = problems_with(replace(found, hits=hits, rejects={}), sent)

    assert [
        "an e-mail: 1 sent, 0 rows",
        "unknown: a row nobody expects",
        "a site that is not registered: not among the rejects",
        "0 rejects of lines that are too damaged to have an id, expected 1",
    ] == problems


def test_a_row_without_visitor_id_and_a_visitor_with_two_are_named():
    sent = log_lines(FIELDS, 0)
    found = a_found(sent)
    visitors = {**found.visitors, sent[0].event_id: ""}

    assert ["a page: a row without a daily visitor id", "the same visitor has more than one visitor id"] == problems_with(
        replace(found, visitors=visitors), sent
    )


def a_view(text):
    written = base64.b64encode(json.dumps({"originalSql": text}).encode()).decode()
    return {"Name": "sessions", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": f"/* Presto View: {written} */"}


def test_the_sql_of_a_view_is_read_out_of_what_athena_keeps():
    assert {"sessions": "SELECT 1 AS one"} == views([a_view("SELECT 1 AS one"), {"Name": "hits_raw", "TableType": "EXTERNAL_TABLE"}])


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({**a_view("SELECT 1"), "ViewOriginalText": "SELECT 1"}, "not the text of a Presto view"),
        ({**a_view("SELECT 1"), "ViewOriginalText": "/* Presto View: e30= */"}, r"cannot be read: KeyError\('originalSql'\)"),
        ({**a_view("SELECT 1"), "ViewOriginalText": "/* Presto View: e */"}, "cannot be read: Error"),
        (a_view("SELECT FROM WHERE ("), "not SQL of Athena"),
    ],
)
def test_a_view_that_athena_could_not_read_is_named(table, problem):
    with pytest.raises(StoppedError, match=f"^view sessions: .*{problem}"):
        views([table])


def test_a_catalog_without_tables_and_views_is_told_which():
    problems = problems_with_tables([])

    assert [f"view {view.name}: not deployed" for view in VIEWS] == problems[-len(VIEWS) :]
    assert ["table hits_raw", "table rejects", "table landing"] == [problem.partition(":")[0] for problem in problems[: -len(VIEWS)]]


class ABucket:
    def keys(self, bucket):
        return ["hits/row.parquet"]


def test_rows_that_are_there_are_not_waited_for():
    assert ["hits/row.parquet"] == wait_for_objects(ABucket(), "lake", 1, within_s=0)


def test_waiting_for_rows_has_an_end():
    with pytest.raises(UnavailableError, match=r"^1 of 2 records arrived in the bucket within 0 s$"):
        wait_for_objects(ABucket(), "lake", 2, within_s=0)


class ACloud:
    """A stack with these resources, and what exists of each type."""

    def __init__(self, stack=(), present=()):
        self._stack = stack
        self.present = {"AWS::S3::Bucket": [], "AWS::SQS::Queue": [], **dict(present)}

    def described(self, stack):
        return [{"LogicalResourceId": name, "ResourceType": type_, "PhysicalResourceId": name.lower()} for name, type_ in self._stack]

    def client(self, service):
        return self

    def can_paginate(self, operation):
        return False

    def list_buckets(self):
        return {"Buckets": [{"Name": name} for name in self.present["AWS::S3::Bucket"]]}

    def list_queues(self):
        return {"QueueUrls": self.present["AWS::SQS::Queue"]}


OWNED = [("Lake", "AWS::S3::Bucket"), ("Lost", "AWS::SQS::Queue"), ("Policy", "AWS::S3::BucketPolicy")]


def a_deployed_cloud():
    return ACloud(stack=OWNED, present={"AWS::S3::Bucket": ["lake", "toolkit"], "AWS::SQS::Queue": ["lost"]})


def test_what_the_templates_retain_stays_and_all_else_goes():
    cloud = a_deployed_cloud()
    remains = Remains(cloud, {"s": frozenset({"Lake", "Policy"})})
    cloud.present["AWS::SQS::Queue"] = []

    assert "of 2 resources of 12 types stays lake" == remains.check()


def test_what_stays_and_should_not_is_named():
    remains = Remains(a_deployed_cloud(), {"s": frozenset({"Lake"})})

    with pytest.raises(StoppedError, match=r"^what stays and should not: AWS::SQS::Queue lost$"):
        remains.check()


def test_what_should_stay_and_went_is_named():
    cloud = a_deployed_cloud()
    remains = Remains(cloud, {"s": frozenset({"Lake"})})
    cloud.present.update({"AWS::S3::Bucket": [], "AWS::SQS::Queue": []})

    with pytest.raises(StoppedError, match=r"^what should stay and is gone: AWS::S3::Bucket lake$"):
        remains.check()


def test_a_listing_that_does_not_show_what_is_deployed_cannot_prove_that_it_went():
    with pytest.raises(StoppedError, match=r"^deployed, but not found: AWS::S3::Bucket lake, AWS::SQS::Queue lost$"):
        Remains(ACloud(stack=OWNED), {"s": frozenset()})


def test_a_difference_says_what_was_expected_and_what_was_found():
    with pytest.raises(StoppedError, match=r"^streams that stay: expected \[\], found \['hits'\]$"):
        expect("streams that stay", [], ["hits"])


def test_no_problem_is_no_error():
    require([])
    with pytest.raises(StoppedError, match=r"^one; two$"):
        require(["one", "two"])


def test_the_last_lines_are_those_that_say_something():
    assert "    b\n    c" == last_lines("a\n\nb\n\nc\n", 2)


def test_the_locks_name_no_registry():
    assert [] == [path.name for path in LOCKS if "http" in path.read_text("utf-8")]
