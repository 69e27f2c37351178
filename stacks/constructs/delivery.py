"""From the stream to the lake: Firehose hands batches to `transform_hits` and writes its rows as partitioned Parquet."""

from aws_cdk import Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_glue as glue
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from footfall.configuration import Lake
from stacks.constructs.function import FootfallFunction
from stacks.constructs.lake_bucket import ERRORS_PREFIX

DATA_PREFIX = "!{partitionKeyFromLambda:place}/date=!{partitionKeyFromLambda:date}/"
"""`place` is hits/site=<registered> or rejects, `date` the edge's: never text of a client."""
ERROR_PREFIX = ERRORS_PREFIX + "!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"
"""yyyy: the year. YYYY would be the year of the week, wrong around New Year."""


class Delivery(Construct):
    """A Firehose delivery stream; every record ends as a row, or under the error prefix."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stream: kinesis.IStream,
        transform: FootfallFunction,
        landing: glue.S3Table,
        bucket: s3.IBucket,
        settings: Lake,
    ) -> None:
        super().__init__(scope, id_)
        log_group = logs.LogGroup(self, "Log", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY)
        self.stream = firehose.DeliveryStream(
            self,
            "Stream",
            source=firehose.KinesisStreamSource(stream),
            destination=firehose.S3Bucket(
                bucket,
                processors=[_processor(transform)],
                data_format_conversion=_parquet(landing),
                dynamic_partitioning=firehose.DynamicPartitioningProps(enabled=True, retry_duration=Duration.minutes(5)),
                data_output_prefix=DATA_PREFIX,
                error_output_prefix=ERROR_PREFIX,
                file_extension=".parquet",
                buffering_interval=Duration.seconds(settings.buffer_seconds),
                buffering_size=Size.mebibytes(settings.buffer_mb),
                logging_config=firehose.EnableLogging(log_group),
            ),
        )
        Stack.of(self).node.try_remove_child("@aws-cdk--aws-kinesisfirehose.CidrBlocks")  # a mapping for Redshift, which nothing refers to


def _processor(transform: FootfallFunction) -> firehose.LambdaFunctionProcessor:
    """Hand over at most 1 MB of log lines: the answer, base64 and wider than the lines, must stay under Lambda's 6 MB."""
    return firehose.LambdaFunctionProcessor(
        transform.function, buffer_size=Size.mebibytes(1), buffer_interval=Duration.seconds(60), retries=3
    )


def _parquet(landing: glue.S3Table) -> firehose.DataFormatConversionProps:
    table = landing.node.default_child
    assert isinstance(table, glue.CfnTable)  # noqa: S101  tells mypy what CDK promises; the L2 of Firehose takes only the L1 of Glue
    return firehose.DataFormatConversionProps(
        input_format=firehose.OpenXJsonInputFormat(),
        output_format=firehose.ParquetOutputFormat(),
        schema_configuration=firehose.SchemaConfiguration.from_cfn_table(table),
    )
