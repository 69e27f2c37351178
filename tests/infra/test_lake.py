"""The lake stack: what is kept, for how long, and how it is partitioned."""

import re
from typing import Any

from footfall.configuration import Configuration, Lake, Stream
from footfall.hits import schema
from tests.infra.templates import Resource, Templates, as_text


def firehose(templates: Templates) -> dict[str, Any]:
    return templates.only("AWS::KinesisFirehose::DeliveryStream").properties["ExtendedS3DestinationConfiguration"]


def lake_bucket(templates: Templates) -> Resource:
    (bucket,) = (resource for resource in templates.of("AWS::S3::Bucket") if resource.stack.endswith("-lake"))
    return bucket


def lifecycle(templates: Templates) -> dict[str, dict[str, Any]]:
    return {rule["Id"]: rule for rule in lake_bucket(templates).properties["LifecycleConfiguration"]["Rules"]}


def test_the_stream_is_on_demand_encrypted_and_holds_lines_for_its_retention(shipped: Templates) -> None:
    stream = shipped.only("AWS::Kinesis::Stream").properties

    assert {"StreamMode": "ON_DEMAND"} == stream["StreamModeDetails"]
    assert {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"} == stream["StreamEncryption"]
    assert Stream().retention_hours == stream["RetentionPeriodHours"]


def test_shards_and_retention_follow_the_settings(tailored: Templates) -> None:
    stream = tailored.only("AWS::Kinesis::Stream").properties

    assert ("PROVISIONED", 3, 48) == (stream["StreamModeDetails"]["StreamMode"], stream["ShardCount"], stream["RetentionPeriodHours"])


def test_raw_lines_do_not_outlive_the_stack(shipped: Templates) -> None:
    """The stream is the one place with full addresses."""
    assert "Delete" == shipped.only("AWS::Kinesis::Stream").whole["DeletionPolicy"]


def test_rows_outlive_the_stack_unless_the_setting_says_otherwise(shipped: Templates, tailored: Templates) -> None:
    assert "Retain" == lake_bucket(shipped).whole["DeletionPolicy"]
    assert "Delete" == lake_bucket(tailored).whole["DeletionPolicy"]
    assert [] == shipped.of("Custom::S3AutoDeleteObjects")
    assert 1 == len(tailored.of("Custom::S3AutoDeleteObjects"))


def test_a_bucket_that_stays_keeps_its_policy(shipped: Templates) -> None:
    (policy,) = (resource for resource in shipped.of("AWS::S3::BucketPolicy") if resource.stack.endswith("-lake"))

    assert "Retain" == policy.whole["DeletionPolicy"]


def test_every_bucket_is_encrypted_private_and_refuses_what_is_not_tls(shipped: Templates, tailored: Templates) -> None:
    for templates in (shipped, tailored):
        denied = {
            as_text(policy.properties["Bucket"]): [
                statement["Condition"] for statement in policy.properties["PolicyDocument"]["Statement"] if statement["Effect"] == "Deny"
            ]
            for policy in templates.of("AWS::S3::BucketPolicy")
        }
        for bucket in templates.of("AWS::S3::Bucket"):
            assert "BucketEncryption" in bucket.properties
            assert {True} == set(bucket.properties["PublicAccessBlockConfiguration"].values())
            assert {"Bool": {"aws:SecureTransport": "false"}} in denied[f"${{{bucket.id}}}"]


def test_erasing_erases(shipped: Templates) -> None:
    """A versioned bucket would keep what was deleted."""
    assert "VersioningConfiguration" not in lake_bucket(shipped).properties


def test_raw_lines_under_the_error_prefix_expire_after_three_days(shipped: Templates, tailored: Templates) -> None:
    for templates in (shipped, tailored):
        rule = lifecycle(templates)["errors"]
        assert (3, "Enabled") == (rule["ExpirationInDays"], rule["Status"])
        assert firehose(templates)["ErrorOutputPrefix"].startswith(rule["Prefix"])


def test_rows_are_kept_for_ever_unless_the_setting_says_otherwise(shipped: Templates, tailored: Templates) -> None:
    assert {rule["Prefix"] for rule in lifecycle(shipped).values() if "ExpirationInDays" in rule} == {"errors/", "query-results/"}
    assert 30 == lifecycle(tailored)["everything"]["ExpirationInDays"]
    assert "Prefix" not in lifecycle(tailored)["everything"]


def test_unfinished_uploads_are_given_up(shipped: Templates) -> None:
    assert 1 == lifecycle(shipped)["unfinished-uploads"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]


def test_partitions_come_from_the_transform_and_from_nothing_a_client_sent(shipped: Templates) -> None:
    """A flood of made-up sites makes no new partition: `place` is a registered site's or that of the rejects."""
    keys = re.findall(r"!\{([^}]*)\}", firehose(shipped)["Prefix"])

    assert ["partitionKeyFromLambda:place", "partitionKeyFromLambda:date"] == keys
    assert firehose(shipped)["DynamicPartitioningConfiguration"]["Enabled"]


def test_no_prefix_has_the_year_of_the_week(shipped: Templates) -> None:
    patterns = re.findall(r"!\{timestamp:([^}]*)\}", firehose(shipped)["Prefix"] + firehose(shipped)["ErrorOutputPrefix"])

    assert ["yyyy/MM/dd"] == patterns


def test_a_row_is_found_where_the_table_looks_for_it(shipped: Templates) -> None:
    """Firehose's prefix, filled in, is the table's location template, filled in."""
    bucket = f"s3://${{{lake_bucket(shipped).id}}}/"
    for table, place in (("hits_raw", schema.hits_place("main")), ("rejects", schema.REJECTS_PLACE)):
        written = firehose(shipped)["Prefix"].replace("!{partitionKeyFromLambda:place}", place)
        written = written.replace("!{partitionKeyFromLambda:date}", "2026-11-22")
        template = as_text(shipped.table(table)["Parameters"]["storage.location.template"])
        assert bucket + written == template.replace("${site}", "main").replace("${date}", "2026-11-22")


def test_firehose_converts_with_the_columns_of_hits_and_rejects_together(shipped: Templates) -> None:
    conversion = firehose(shipped)["DataFormatConversionConfiguration"]
    landing = next(
        resource for resource in shipped.of("AWS::Glue::Table") if {"Ref": resource.id} == conversion["SchemaConfiguration"]["TableName"]
    )

    assert columns(schema.LANDING) == glue_columns(landing.properties["TableInput"])
    assert conversion["Enabled"]
    assert {"OpenXJsonSerDe": {}} == conversion["InputFormatConfiguration"]["Deserializer"]
    assert {"ParquetSerDe": {}} == conversion["OutputFormatConfiguration"]["Serializer"]


def test_each_table_shows_its_own_columns(shipped: Templates) -> None:
    assert columns(schema.HITS) == glue_columns(shipped.table("hits_raw"))
    assert columns(schema.REJECTS) == glue_columns(shipped.table("rejects"))


def test_every_column_explains_itself_within_glue_s_limit(shipped: Templates) -> None:
    for name in ("hits_raw", "rejects"):
        assert all(0 < len(column["Comment"]) <= 255 for column in shipped.table(name)["StorageDescriptor"]["Columns"])


def test_partitions_are_projected_over_the_registered_sites_and_the_days_until_now(shipped: Templates, tailored: Templates) -> None:
    hits = shipped.table("hits_raw")
    assert [("site", "string"), ("date", "date")] == [(key["Name"], key["Type"]) for key in hits["PartitionKeys"]]
    assert ("enum", "main") == (hits["Parameters"]["projection.site.type"], hits["Parameters"]["projection.site.values"])
    assert "true" == hits["Parameters"]["projection.enabled"]
    assert "yyyy-MM-dd" == hits["Parameters"]["projection.date.format"]
    assert hits["Parameters"]["projection.date.range"].endswith(",NOW")
    assert 1000 == len(tailored.table("hits_raw")["Parameters"]["projection.site.values"].split(","))
    assert [("date", "date")] == [(key["Name"], key["Type"]) for key in shipped.table("rejects")["PartitionKeys"]]


def test_partitions_are_projected_and_not_crawled(shipped: Templates) -> None:
    assert [] == shipped.of("AWS::Glue::Crawler")


def test_a_batch_is_small_enough_for_the_answer_to_stay_under_lambda_s_limit(shipped: Templates) -> None:
    (processor,) = firehose(shipped)["ProcessingConfiguration"]["Processors"]
    parameters = {parameter["ParameterName"]: parameter["ParameterValue"] for parameter in processor["Parameters"]}

    assert ("1", "60", "3") == (parameters["BufferSizeInMBs"], parameters["BufferIntervalInSeconds"], parameters["NumberOfRetries"])


def test_buffering_follows_the_settings(shipped: Templates, tailored: Templates) -> None:
    assert {"IntervalInSeconds": Lake().buffer_seconds, "SizeInMBs": Lake().buffer_mb} == firehose(shipped)["BufferingHints"]
    assert {"IntervalInSeconds": 60, "SizeInMBs": 64} == firehose(tailored)["BufferingHints"]


def test_a_salt_cannot_be_restored(shipped: Templates, tailored: Templates) -> None:
    for templates in (shipped, tailored):
        (salts,) = templates.in_stack("lake", "AWS::DynamoDB::Table")
        assert "PointInTimeRecoverySpecification" not in salts.properties
        assert "StreamSpecification" not in salts.properties
        assert "Delete" == salts.whole["DeletionPolicy"]
        assert [] == [resource.type for resource in templates.all() if resource.type.startswith("AWS::Backup::")]


def test_a_salt_expires_even_when_nobody_deletes_it(shipped: Templates) -> None:
    salts = shipped.only("AWS::DynamoDB::Table").properties

    assert {"AttributeName": "expires_at", "Enabled": True} == salts["TimeToLiveSpecification"]
    assert [{"AttributeName": "day", "KeyType": "HASH"}] == salts["KeySchema"]
    assert salts["SSESpecification"]["SSEEnabled"]


def test_a_query_has_a_limit_and_its_results_are_encrypted_and_expire(shipped: Templates) -> None:
    workgroup = shipped.only("AWS::Athena::WorkGroup").properties["WorkGroupConfiguration"]
    results = workgroup["ResultConfiguration"]

    assert 0 < workgroup["BytesScannedCutoffPerQuery"] <= 1024**4
    assert workgroup["EnforceWorkGroupConfiguration"]
    assert "SSE_S3" == results["EncryptionConfiguration"]["EncryptionOption"]
    assert as_text(results["OutputLocation"]).endswith("}/" + lifecycle(shipped)["query-results"]["Prefix"])
    assert lifecycle(shipped)["query-results"]["ExpirationInDays"] <= 7


def test_two_deployments_in_one_account_share_no_name(shipped: Templates, tailored: Templates) -> None:
    names = [
        {
            shipped_or_tailored.only("AWS::Athena::WorkGroup").properties["Name"],
            shipped_or_tailored.only("AWS::Glue::Database").properties["DatabaseInput"]["Name"],
            *shipped_or_tailored.by_stack,
        }
        for shipped_or_tailored in (shipped, tailored)
    ]

    assert set() == names[0] & names[1]
    assert Configuration().name in names[0]


def columns(declared: tuple[schema.Column, ...]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in declared]


def glue_columns(table: dict[str, Any]) -> list[tuple[str, str]]:
    return [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
