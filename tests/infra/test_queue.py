"""The queue stack: what waits where and for how long, who may do what with it, and when there is none."""

from typing import Any

import pytest

from footfall.configuration import Configuration, Destination, Queue, Site, Sites
from footfall.functions import ENQUEUE_HITS, PROCESS_QUEUE
from local.aws import MAX_RECEIVES
from tests.infra.conftest import Synthesise
from tests.infra.templates import Resource, Templates, as_list, as_text, environment_of

DAY = 86_400


def named(templates: Templates, variable: str) -> Resource:
    """The resource that an environment variable of process_queue names."""
    reference = environment_of(templates.function("process_queue"))[variable]["Ref"]
    (found,) = (each for each in templates.all() if each.id == reference and each.stack.endswith("-queue"))
    return found


def tracking(templates: Templates) -> Resource:
    return named(templates, "INPUT_QUEUE")


def crashed(templates: Templates) -> Resource:
    target = tracking(templates).properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    (found,) = (each for each in templates.of("AWS::SQS::Queue") if each.id == target)
    return found


def may(templates: Templates, function: str) -> dict[str, list[str]]:
    """What a function of the queue stack may do, by resource."""
    return {
        as_text(resource): sorted(as_list(statement["Action"]))
        for policy, statement in templates.statements()
        if function in policy.id and policy.stack.endswith("-queue")
        for resource in as_list(statement["Resource"])
    }


def mapping(templates: Templates) -> dict[str, Any]:
    return templates.only("AWS::Lambda::EventSourceMapping").properties


def failures(templates: Templates) -> Resource:
    (bucket,) = templates.in_stack("queue", "AWS::S3::Bucket")
    return bucket


def test_without_a_routed_site_there_is_no_queue_and_nothing_that_costs(shipped: Templates) -> None:
    assert "footfall-queue" not in shipped.by_stack
    assert [] == shipped.of("AWS::Lambda::EventSourceMapping")


def test_dead_letters_outlive_the_queue_in_time_and_as_a_resource(routed: Templates, tailored: Templates) -> None:
    """process_queue writes them anew, so their time begins when they were given up."""
    for templates in (routed, tailored):
        dead_letters, waiting = named(templates, "DEAD_LETTERS"), tracking(templates)
        assert dead_letters.properties["MessageRetentionPeriod"] == 14 * DAY >= waiting.properties["MessageRetentionPeriod"]
        assert {"Retain"} == {each.whole["DeletionPolicy"] for each in (dead_letters, waiting, crashed(templates))}


def test_another_kind_of_queue_does_not_delete_what_waits_in_the_old_one(routed: Templates) -> None:
    assert "Retain" == tracking(routed).whole["UpdateReplacePolicy"]


def test_how_long_hits_wait_follows_the_setting(routed: Templates, tailored: Templates) -> None:
    assert [14 * DAY, 4 * DAY] == [tracking(templates).properties["MessageRetentionPeriod"] for templates in (routed, tailored)]


def test_only_a_message_that_ends_its_reader_a_thousand_times_is_taken_out(routed: Templates) -> None:
    """Verdicts park hits one by one; a destination that is down must not use up the receives of a message."""
    assert 1000 == tracking(routed).properties["RedrivePolicy"]["maxReceiveCount"] == MAX_RECEIVES


def test_a_run_that_was_ended_gives_its_messages_back_a_minute_later(routed: Templates) -> None:
    assert PROCESS_QUEUE.timeout.total_seconds() + 60 == tracking(routed).properties["VisibilityTimeout"]


def test_a_fifo_queue_keeps_order_within_a_visitor_shard_and_is_as_fast_as_it_can_be(tailored: Templates) -> None:
    for queue in (tracking(tailored), crashed(tailored)):
        assert queue.properties["FifoQueue"]
        assert ("messageGroup", "perMessageGroupId") == (queue.properties["DeduplicationScope"], queue.properties["FifoThroughputLimit"])
        assert "ContentBasedDeduplication" not in queue.properties
    assert "FifoQueue" not in named(tailored, "DEAD_LETTERS").properties


def test_a_message_may_be_as_large_as_the_setting_allows_at_most(routed: Templates) -> None:
    assert {1024 * 1024} == {queue.properties["MaximumMessageSize"] for queue in routed.in_stack("queue", "AWS::SQS::Queue")}


def test_every_queue_is_encrypted_and_refuses_what_is_not_tls(routed: Templates, tailored: Templates) -> None:
    for templates in (routed, tailored):
        denied = {
            as_text(queue): statement["Condition"]
            for policy in templates.of("AWS::SQS::QueuePolicy")
            for queue in policy.properties["Queues"]
            for statement in policy.properties["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Deny"
        }
        for queue in templates.of("AWS::SQS::Queue"):
            assert queue.properties["SqsManagedSseEnabled"]
            assert {"Bool": {"aws:SecureTransport": "false"}} == denied[f"${{{queue.id}}}"]


def test_what_is_known_of_deliveries_expires_by_item_and_cannot_be_restored_to_an_older_state(routed: Templates) -> None:
    table = named(routed, "DELIVERY_TABLE").properties

    assert [{"AttributeName": "key", "KeyType": "HASH"}] == table["KeySchema"]
    assert {"AttributeName": "expires_at", "Enabled": True} == table["TimeToLiveSpecification"]
    assert ("PAY_PER_REQUEST", True) == (table["BillingMode"], table["SSESpecification"]["SSEEnabled"])
    assert "PointInTimeRecoverySpecification" not in table


def test_a_shard_is_read_in_order_from_its_beginning_and_what_failed_comes_again(routed: Templates) -> None:
    source = mapping(routed)

    assert ("TRIM_HORIZON", 1) == (source["StartingPosition"], source["ParallelizationFactor"])
    assert (["ReportBatchItemFailures"], True) == (source["FunctionResponseTypes"], source["BisectBatchOnFunctionError"])
    assert "MaximumRetryAttempts" not in source
    assert source["MaximumBatchingWindowInSeconds"] < Queue().settle_s


def test_a_record_is_put_aside_while_the_stream_still_has_it(routed: Templates, tailored: Templates, synthesise: Synthesise) -> None:
    for templates in (routed, tailored):
        retention_s = 3600 * templates.only("AWS::Kinesis::Stream").properties["RetentionPeriodHours"]
        assert retention_s - 3600 == mapping(templates)["MaximumRecordAgeInSeconds"]
    assert f"${{{failures(routed).id}.Arn}}" == as_text(mapping(routed)["DestinationConfig"]["OnFailure"]["Destination"])


def test_what_was_put_aside_is_encrypted_and_gone_after_three_days(routed: Templates) -> None:
    rules = {rule["Id"]: rule for rule in failures(routed).properties["LifecycleConfiguration"]["Rules"]}

    assert (3, "Enabled", None) == (rules["failures"]["ExpirationInDays"], rules["failures"]["Status"], rules["failures"].get("Prefix"))
    assert "BucketEncryption" in failures(routed).properties
    assert "Retain" == failures(routed).whole["DeletionPolicy"]


def test_enqueue_hits_can_write_messages_and_put_batches_aside_and_read_neither(routed: Templates) -> None:
    allowed = may(routed, "EnqueueHits")

    assert ["sqs:SendMessage"] == allowed[f"${{{tracking(routed).id}.Arn}}"]
    assert ["s3:PutObject"] == allowed[f"${{{failures(routed).id}.Arn}}/*"]
    assert not any(action.startswith("secretsmanager:") for actions in allowed.values() for action in actions)


def test_process_queue_can_read_the_queue_write_dead_letters_and_read_the_tokens_of_its_destinations(tailored: Templates) -> None:
    allowed = may(tailored, "ProcessQueue")

    assert ["sqs:SendMessage"] == allowed[f"${{{named(tailored, 'DEAD_LETTERS').id}.Arn}}"]
    assert "sqs:SendMessage" not in allowed[f"${{{tracking(tailored).id}.Arn}}"]
    assert "dynamodb:Scan" not in allowed[f"${{{named(tailored, 'DELIVERY_TABLE').id}.Arn}}"]
    secrets = {resource.rpartition(":secret:")[2] for resource, actions in allowed.items() if "secretsmanager:GetSecretValue" in actions}
    assert {"footfall/matomo-??????", "another/token-??????"} == secrets


def test_the_queue_is_processed_on_its_schedule_and_a_late_or_failed_call_is_not_repeated(routed: Templates, tailored: Templates) -> None:
    for templates, rate in ((routed, "rate(1 minute)"), (tailored, "rate(5 minutes)")):
        (schedule,) = (each.properties for each in templates.in_stack("queue", "AWS::Scheduler::Schedule"))
        assert rate == schedule["ScheduleExpression"]
        assert {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0} == schedule["Target"]["RetryPolicy"]
        (invocation,) = (each.properties for each in templates.in_stack("queue", "AWS::Lambda::EventInvokeConfig"))
        assert 0 == invocation["MaximumRetryAttempts"]


def test_no_concurrency_is_reserved(routed: Templates) -> None:
    """A new account has ten executions at a time and must keep ten: a reservation would fail its first deployment."""
    assert not any("ReservedConcurrentExecutions" in function.properties for function in routed.of("AWS::Lambda::Function"))


@pytest.fixture(scope="module")
def between_existing(synthesise: Synthesise) -> Templates:
    """Hits are written to one queue that is there already and read from another."""
    url = "https://sqs.eu-central-1.amazonaws.com/123456789012/"
    return synthesise(
        Configuration(
            sites=Sites(registered=(Site(key="main", deliver=(("matomo", "1"),)),)),
            destinations=(Destination(name="matomo", url="https://matomo.example.org/matomo.php", token_secret="footfall/matomo"),),
            queue=Queue(output_url=url + "raw", input_url=url + "enriched"),
        )
    )


def test_queues_that_exist_are_used_with_the_rights_each_end_needs_and_none_is_made_beside_them(between_existing: Templates) -> None:
    arn = "arn:${AWS::Partition}:sqs:eu-central-1:123456789012:"

    assert ["sqs:SendMessage"] == may(between_existing, "EnqueueHits")[arn + "raw"]
    assert "sqs:DeleteMessage" in may(between_existing, "ProcessQueue")[arn + "enriched"]
    assert arn + "enriched" not in may(between_existing, "EnqueueHits")
    assert 1 == len(between_existing.in_stack("queue", "AWS::SQS::Queue"))  # dead letters
    environment = environment_of(between_existing.function(ENQUEUE_HITS.name))
    assert "https://sqs.eu-central-1.amazonaws.com/123456789012/raw" == environment["OUTPUT_QUEUE"]


def test_what_people_need_to_find_is_an_output(routed: Templates) -> None:
    outputs = {"OutputQueue", "InputQueue", "DeadLetters", "Crashed", "DeliveryTable", "Failures", "SaltTable"}
    assert outputs == set(routed.outputs("footfall-queue"))


def test_an_alarm_watches_how_many_hits_were_put_aside_for_three_days(routed: Templates) -> None:
    alarm = next(
        alarm.properties
        for alarm in routed.of("AWS::CloudWatch::Alarm")
        if alarm.properties.get("MetricName") == "OnFailureDestinationDeliveredEventCount"
    )

    (dimension,) = alarm["Dimensions"]
    assert {"Metrics": ["EventCount"]} == mapping(routed)["MetricsConfig"]
    assert "EventSourceMappingUUID" == dimension["Name"]
    assert "EnqueueHits" in as_text(dimension["Value"])
