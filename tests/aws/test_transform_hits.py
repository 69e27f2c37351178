"""transform_hits against the local AWS APIs: the handler is imported and called as Lambda does."""

import base64
import importlib.util
import json
import logging
import time
from pathlib import Path

import pytest

from footfall.errors import ConfigurationError
from footfall.functions import TransformHitsSettings
from local.aws import LocalAws
from tests.builders import a_configuration, a_log_line, a_record, an_event

LAMBDAS = Path(__file__).parents[2] / "lambdas"


def load_handler(name):
    logging.Logger.manager.loggerDict.pop(name, None)  # a new execution environment has a new logger
    spec = importlib.util.spec_from_file_location(f"{name}_handler", LAMBDAS / name / "handler.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


@pytest.fixture
def account(monkeypatch, tmp_path):
    with LocalAws() as aws:
        resources = aws.create(a_configuration())
        path = tmp_path / "configuration.json"
        path.write_text(a_configuration().to_json())
        settings = TransformHitsSettings(configuration_path=str(path), salt_table=resources.salt_table)
        for name, value in (aws.environment() | settings.to_env()).items():
            monkeypatch.setenv(name, value)
        yield aws, resources


def now_line(**columns):
    return a_log_line(timestamp=f"{time.time():.3f}", **columns)


def rows_of(answer):
    return [json.loads(base64.b64decode(record["data"])) for record in answer["records"] if record["result"] == "Ok"]


def test_a_batch_becomes_rows_and_the_days_salt_is_made_once(account):
    aws, resources = account
    event = an_event([a_record(now_line(x_edge_request_id=f"request-{n}"), f"record-{n}") for n in range(3)])

    first = rows_of(load_handler("transform_hits")(event, None))
    second = rows_of(load_handler("transform_hits")(event, None))  # another execution environment

    assert len({row["visitor_id"] for row in (*first, *second)}) == 1
    salts = aws.client("dynamodb").scan(TableName=resources.salt_table)["Items"]
    assert [32] == [len(bytes(item["salt"]["B"])) for item in salts]


def test_the_metrics_and_the_log_line_count_every_record_and_name_nobody(account, capsys):
    handler = load_handler("transform_hits")

    handler(an_event([a_record(now_line()), a_record("garbage", "b"), a_record(now_line(cs_method="OPTIONS"), "c")]), None)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics = {name: document for document in lines if "_aws" in document for name in ("hits", "rejects", "suppressed") if name in document}
    assert ("main", "column_count", "preflight") == (metrics["hits"]["site"], metrics["rejects"]["reason"], metrics["suppressed"]["reason"])
    (log,) = [document for document in lines if document.get("message") == "batch transformed"]
    assert (3, 1, 1, 1, 0) == (log["records"], log["hits"], log["rejects"], log["suppressed"], log["losses"])
    assert "203.0.113" not in json.dumps(lines)
    assert "Mozilla" not in json.dumps(lines)


def test_below_100_percent_every_total_is_marked_sampled(account, tmp_path, capsys):
    (tmp_path / "configuration.json").write_text(a_configuration(edge={"sampling_rate": 25}).to_json())

    (row,) = rows_of(load_handler("transform_hits")(an_event([a_record(now_line())]), None))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    totals = [document for document in lines if "hits" in document]
    assert row["sampling_rate"] == 25
    assert {25} == {document["sampling_rate"] for document in totals}


def test_without_the_salt_table_the_rows_have_no_visitor_id_and_the_batch_does_not_fail(account, capsys):
    aws, resources = account
    aws.client("dynamodb").delete_table(TableName=resources.salt_table)

    (row,) = rows_of(load_handler("transform_hits")(an_event([a_record(now_line())]), None))

    assert ("none", "salt") == (row["visitor_id_origin"], row["visitor_id_missing"])
    assert any("salts_unavailable" in line for line in capsys.readouterr().out.splitlines())


def test_an_incomplete_environment_fails_the_cold_start_and_names_what_is_missing(account, monkeypatch):
    monkeypatch.delenv("SALT_TABLE")

    with pytest.raises(ConfigurationError, match="SALT_TABLE"):
        load_handler("transform_hits")
