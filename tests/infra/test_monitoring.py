"""The alarms and the dashboard: what would otherwise be noticed when it is too late."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from footfall.alarm_settings import MAX_WATCHED_SITES
from footfall.configuration import Configuration, Site, Sites
from footfall.functions import FUNCTIONS
from footfall.monitoring.charts import SECTIONS
from footfall.monitoring.rows import Chart
from footfall.monitoring.table import rows
from stacks.artifacts import ROOT
from tests.infra.conftest import Synthesise
from tests.infra.templates import Templates, as_text, environment_of

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
PAGE_TOPIC = "arn:aws:sns:eu-central-1:123456789012:pages"


def alarms(templates: Templates) -> dict[str, dict[str, Any]]:
    """The alarms of a deployment by id."""
    found = [each.properties for each in templates.of("AWS::CloudWatch::Alarm")]
    deployment = "a-stage" if any(stack.startswith("a-stage") for stack in templates.by_stack) else "footfall"
    return {each["AlarmName"].removeprefix(f"{deployment}-"): each for each in found}


def metrics_of(alarm: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Metrics" not in alarm:
        yield alarm
    for each in alarm.get("Metrics", []):
        if "MetricStat" in each:
            yield each["MetricStat"]["Metric"]


def runbook_headings() -> set[str]:
    return set(re.findall(r"^## (\S+)$", (ROOT / "docs/runbook.md").read_text("utf-8"), re.MULTILINE))


def dashboard(templates: Templates) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(as_text(templates.only("AWS::CloudWatch::Dashboard").properties["DashboardBody"]))
    return body


def test_every_alarm_has_a_heading_in_the_runbook_and_every_heading_an_alarm(routed: Templates, tailored: Templates) -> None:
    described = [alarm["AlarmDescription"] for templates in (routed, tailored) for alarm in alarms(templates).values()]

    assert runbook_headings() == {description.rsplit("See docs/runbook.md, ", 1)[1] for description in described}


def test_the_runbooks_commands_name_what_is_deployed(routed: Templates) -> None:
    """`output STACK NAME`, `resource STACK TYPE` and `log STACK PART`, as the runbook's own shell functions read them."""
    runbook = (ROOT / "docs/runbook.md").read_text("utf-8")
    logs = {stack: [r.id for r in routed.of("AWS::Logs::LogGroup") if r.stack == stack] for stack in routed.by_stack}
    called = re.findall(r"\b(output|resource|log) (footfall-[a-z]+) ([\w:]+)", runbook)

    unknown = [
        (verb, stack, name)
        for verb, stack, name in called
        if not (
            (verb == "output" and name in routed.outputs(stack))
            or (verb == "resource" and any(r.stack == stack for r in routed.of(name)))
            or (verb == "log" and 1 == len([id_ for id_ in logs[stack] if name in id_]))
        )
    ]
    assert len(called) > 12
    assert [] == unknown


def test_the_charts_that_the_runbook_names_are_on_the_dashboard() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text("utf-8").partition("## StreamBehind")[2]
    titles = [*SECTIONS, *(chart.value for chart in Chart)]

    assert [] == [name for name in re.findall(r"Dashboard, \*([^*]+)\*", runbook) if not any(name in title for title in titles)]


def test_alarms_are_the_rows_of_the_table_and_no_others(shipped: Templates) -> None:
    declared = rows(Configuration.load(ROOT / "footfall.toml"))

    assert [row.id for row in declared] == list(alarms(shipped))
    assert {row.id: row.description for row in declared} == {id_: alarm["AlarmDescription"] for id_, alarm in alarms(shipped).items()}


def test_a_stream_that_is_a_third_of_its_retention_behind_alarms(shipped: Templates, tailored: Templates) -> None:
    for templates, hours in ((shipped, 72), (tailored, 48)):
        behind = alarms(templates)["StreamBehind"]
        assert hours * 3_600_000 / 3 == behind["Threshold"]
        assert ("GetRecords.IteratorAgeMilliseconds", "Maximum") == (behind["MetricName"], behind["Statistic"])


def test_a_stream_that_nobody_reads_alarms(shipped: Templates) -> None:
    assert "breaching" == alarms(shipped)["StreamBehind"]["TreatMissingData"]


def test_rows_that_are_later_than_the_buffer_explains_alarm(shipped: Templates, tailored: Templates) -> None:
    for templates, buffer_s in ((shipped, 300), (tailored, 60)):
        behind = alarms(templates)["DeliveryBehind"]
        assert 2 * buffer_s + 600 == behind["Threshold"]
        assert ("AWS/Firehose", "DeliveryToS3.DataFreshness") == (behind["Namespace"], behind["MetricName"])
        assert ["DeliveryStreamName"] == [dimension["Name"] for dimension in behind["Dimensions"]]


def test_any_object_under_the_error_prefix_alarms(shipped: Templates) -> None:
    """S3 tells EventBridge of the object, a rule lists it in a queue, and one message in the queue is enough."""
    bucket = next(resource for resource in shipped.of("AWS::S3::Bucket") if resource.stack == "footfall-lake")
    rule = shipped.only("AWS::Events::Rule").properties
    queue = shipped.only("AWS::SQS::Queue")
    lost = alarms(shipped)["ObjectsLost"]

    assert bucket.properties["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"]
    assert {"bucket": {"name": [{"Ref": bucket.id}]}, "object": {"key": [{"prefix": "errors/"}]}} == rule["EventPattern"]["detail"]
    assert [{"Fn::GetAtt": [queue.id, "Arn"]}] == [target["Arn"] for target in rule["Targets"]]
    assert ("ApproximateNumberOfMessagesVisible", 1, 1) == (lost["MetricName"], lost["Threshold"], lost["EvaluationPeriods"])


def test_the_list_of_lost_objects_lasts_as_long_as_the_objects(shipped: Templates) -> None:
    queue = shipped.only("AWS::SQS::Queue").properties

    assert 3 * 86_400 == queue["MessageRetentionPeriod"]
    assert queue["SqsManagedSseEnabled"]


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_alarms_at_its_first_error_and_its_first_throttle(routed: Templates, metric: str) -> None:
    found = [alarm for alarm in alarms(routed).values() if alarm.get("MetricName") == metric]

    assert len(FUNCTIONS) == len({as_text(alarm["Dimensions"][0]["Value"]) for alarm in found})
    assert {1} == {alarm["Threshold"] for alarm in found}


def test_the_share_of_rejects_is_of_the_totals_and_says_nothing_of_a_handful(shipped: Templates, tailored: Templates) -> None:
    for templates, percent in ((shipped, 20), (tailored, 35)):
        high = alarms(templates)["RejectsHigh"]
        (formula,) = (each["Expression"] for each in high["Metrics"] if "Expression" in each)
        assert "IF(hits + rejects >= 20, 100 * rejects / (hits + rejects), 0)" == formula
        assert {"hits": (), "rejects": ()} == {m["MetricName"]: tuple(m.get("Dimensions", ())) for m in metrics_of(high)}
        assert percent == high["Threshold"]


def test_salts_alarm_when_they_are_old_and_when_nobody_looks(shipped: Templates) -> None:
    old = alarms(shipped)["SaltsOld"]

    assert ("oldest_salt_hours", "Maximum", 48) == (old["MetricName"], old["Statistic"], old["Threshold"])
    assert ("breaching", 3 * 3600, 1) == (old["TreatMissingData"], old["Period"], old["EvaluationPeriods"])


def test_a_site_alarms_after_a_day_of_silence_so_that_no_night_alarms(shipped: Templates) -> None:
    silent = alarms(shipped)["SiteSilent-main"]

    assert [{"Name": "site", "Value": "main"}] == silent["Dimensions"]
    assert (24, 3600) == (silent["EvaluationPeriods"], silent["Period"])
    assert ("LessThanThreshold", 1, "breaching") == (silent["ComparisonOperator"], silent["Threshold"], silent["TreatMissingData"])


def test_a_site_named_with_its_hours_alarms_after_those_and_at_night(tailored: Templates) -> None:
    silent = alarms(tailored)["SiteSilent-a-site-with-a-rather-long-name-0999"]

    assert 2 == silent["EvaluationPeriods"]
    assert [PAGE_TOPIC] == silent["AlarmActions"]


def test_sites_without_an_alarm_share_one_that_says_when_all_are_silent(shipped: Templates, tailored: Templates) -> None:
    assert "AllSilent" not in alarms(shipped)
    assert "Dimensions" not in alarms(tailored)["AllSilent"]


def test_a_thousand_sites_and_every_alarm_there_can_be_fit_into_a_stack(tailored: Templates) -> None:
    """CloudFormation takes at most 500 resources and a template of 1 MB."""
    template = tailored.by_stack["a-stage-monitoring"]
    of_sites = [id_ for id_ in alarms(tailored) if id_.startswith("SiteSilent-")]

    assert 2 * MAX_WATCHED_SITES == len(of_sites)
    assert len(template["Resources"]) < 500
    assert len(json.dumps(template)) < 1_000_000


def test_more_sites_than_have_an_alarm_warn_at_synthesis(synthesise: Synthesise) -> None:
    sites = tuple(Site(key=f"s{number}", ids=(str(number),)) for number in range(23))

    made = synthesise(Configuration(sites=Sites(default="", registered=sites)))

    assert 20 == len([id_ for id_ in alarms(made) if id_.startswith("SiteSilent-")])
    warnings = "".join(path.read_text("utf-8") for path in made.folder.glob("*.json") if ".template." not in path.name)
    assert "3 sites have no alarm for silence: name those that matter in [alarms.silent_hours]" in warnings


def test_no_alarm_looks_back_further_than_cloudwatch_does(tailored: Templates) -> None:
    """Seven days; one day where the period is shorter than an hour."""
    for alarm in alarms(tailored).values():
        period_s = alarm.get("Period") or next(each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each)
        assert period_s * alarm["EvaluationPeriods"] <= (604_800 if period_s >= 3600 else 86_400)


def test_no_alarm_searches(tailored: Templates) -> None:
    """CloudWatch refuses it."""
    assert not [id_ for id_, alarm in alarms(tailored).items() if "SEARCH" in json.dumps(alarm)]


def test_alarms_watch_the_namespace_their_functions_write_to(routed: Templates, tailored: Templates) -> None:
    """And no other deployment's of the same account."""
    for templates, namespace in ((routed, "Footfall/footfall"), (tailored, "Footfall/a-stage")):
        functions = [templates.function(function.name) for function in FUNCTIONS]
        watched = {m["Namespace"] for alarm in alarms(templates).values() for m in metrics_of(alarm) if m["Namespace"][:4] != "AWS/"}
        assert {namespace} == {environment_of(function)["POWERTOOLS_METRICS_NAMESPACE"] for function in functions} == watched


def test_what_cannot_wait_goes_to_the_topic_that_wakes_someone(shipped: Templates, tailored: Templates) -> None:
    assert all("AlarmActions" not in alarm for alarm in alarms(shipped).values())
    for alarm in alarms(tailored).values():
        topic = PAGE_TOPIC if "Act now" in alarm["AlarmDescription"] else TOPIC
        assert ([topic], [topic]) == (alarm["AlarmActions"], alarm["OKActions"])


def test_the_dashboard_shows_the_state_of_every_alarm(tailored: Templates) -> None:
    shown = [widget["properties"]["alarms"] for widget in dashboard(tailored)["widgets"] if widget["type"] == "alarm"]

    assert {f"${{{resource.id}.Arn}}" for resource in tailored.of("AWS::CloudWatch::Alarm")} == {arn for arns in shown for arn in arns}
    assert max(map(len, shown)) <= 100


def test_the_dashboard_has_every_chart_with_the_thresholds_of_its_alarms(routed: Templates) -> None:
    graphs = {w["properties"]["title"]: w["properties"] for w in dashboard(routed)["widgets"] if w["type"] == "metric"}

    assert [chart.value for section in SECTIONS.values() for chart in section] == list(graphs)
    assert set(Chart) == set(graphs)
    lines = {title: [line["value"] for line in graph.get("annotations", {}).get("horizontal", [])] for title, graph in graphs.items()}
    ages = [302_400, 604_800, 907_200]  # a quarter, half and three quarters of 14 days
    assert {Chart.STREAM_AGE: [24 * 60] * 2, Chart.DELIVERY_AGE: [1200], Chart.SALTS: [48], Chart.QUEUE_AGE: ages} == {
        t: found for t, found in lines.items() if found
    }


def test_requests_at_the_edge_are_read_where_cloudfront_keeps_them(shipped: Templates) -> None:
    (chart,) = (w["properties"] for w in dashboard(shipped)["widgets"] if w["properties"].get("title") == Chart.COST_REQUESTS)

    assert "us-east-1" == chart["metrics"][0][-1]["region"]


def test_two_deployments_and_two_regions_have_dashboards_of_their_own(shipped: Templates, tailored: Templates) -> None:
    """CloudWatch has one list of dashboards for all regions."""
    names = [as_text(templates.only("AWS::CloudWatch::Dashboard").properties["DashboardName"]) for templates in (shipped, tailored)]

    assert ["footfall-${AWS::Region}", "a-stage-${AWS::Region}"] == names


def test_the_costs_page_counts_the_alarms_that_ship(shipped: Templates) -> None:
    """An alarm is billed for each metric it watches: $0.10 a month."""
    watched = sum(len(list(metrics_of(alarm))) for alarm in alarms(shipped).values())

    assert f"| {len(alarms(shipped))} alarms on {watched} metrics | {0.1 * watched:.2f} |" in (ROOT / "docs/costs.md").read_text("utf-8")
