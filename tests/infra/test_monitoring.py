"""The alarms: what would otherwise be noticed when it is too late."""

from typing import Any

from tests.infra.templates import EVERY_FUNCTION, Templates


def alarm(templates: Templates, metric: str) -> dict[str, Any]:
    (found,) = (each.properties for each in templates.of("AWS::CloudWatch::Alarm") if each.properties["MetricName"] == metric)
    return found


def test_a_stream_that_is_a_third_of_its_retention_behind_alarms(shipped: Templates, tailored: Templates) -> None:
    for templates, hours in ((shipped, 72), (tailored, 48)):
        behind = alarm(templates, "GetRecords.IteratorAgeMilliseconds")
        assert hours * 3_600_000 / 3 == behind["Threshold"]
        assert "Maximum" == behind["Statistic"]


def test_a_stream_that_nobody_reads_alarms(shipped: Templates) -> None:
    assert "breaching" == alarm(shipped, "GetRecords.IteratorAgeMilliseconds")["TreatMissingData"]


def test_any_object_under_the_error_prefix_alarms(shipped: Templates) -> None:
    """S3 tells EventBridge of the object, a rule lists it in a queue, and one message in the queue is enough."""
    bucket = next(resource for resource in shipped.of("AWS::S3::Bucket") if resource.stack == "footfall-lake")
    rule = shipped.only("AWS::Events::Rule").properties
    queue = shipped.only("AWS::SQS::Queue")
    lost = alarm(shipped, "ApproximateNumberOfMessagesVisible")

    assert bucket.properties["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"]
    assert {"bucket": {"name": [{"Ref": bucket.id}]}, "object": {"key": [{"prefix": "errors/"}]}} == rule["EventPattern"]["detail"]
    assert [{"Fn::GetAtt": [queue.id, "Arn"]}] == [target["Arn"] for target in rule["Targets"]]
    assert (1, 1) == (lost["Threshold"], lost["EvaluationPeriods"])


def test_the_list_of_lost_objects_lasts_as_long_as_the_objects(shipped: Templates) -> None:
    queue = shipped.only("AWS::SQS::Queue").properties

    assert 3 * 86_400 == queue["MessageRetentionPeriod"]
    assert queue["SqsManagedSseEnabled"]


def test_every_function_alarms_at_its_first_error(routed: Templates) -> None:
    errors = [each.properties for each in routed.of("AWS::CloudWatch::Alarm") if each.properties["MetricName"] == "Errors"]

    assert len(EVERY_FUNCTION) == len(errors)
    assert {1} == {each["Threshold"] for each in errors}


def test_alarms_go_to_the_configured_topic(shipped: Templates, tailored: Templates) -> None:
    topic = ["arn:aws:sns:eu-central-1:123456789012:alarms"]

    assert all("AlarmActions" not in each.properties for each in shipped.of("AWS::CloudWatch::Alarm"))
    assert all(each.properties["AlarmActions"] == topic for each in tailored.of("AWS::CloudWatch::Alarm"))
