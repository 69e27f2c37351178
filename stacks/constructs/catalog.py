"""The Glue tables over the lake and the Athena workgroup that queries them; no crawler: partitions are projected."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import RemovalPolicy
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_s3 as s3
from constructs import Construct

from footfall.hits import schema
from stacks.constructs.lake_bucket import RESULTS_PREFIX

FIRST_DATE = "2025-01-01"
"""No Footfall is older, so no row is; every projected date costs a query that does not name one."""
SCAN_LIMIT_BYTES = 100 * 1024**3
"""What one query may read: a forgotten WHERE ends here and not on the bill."""

_DATE = glue.Column(name="date", type=glue.Schema.DATE, comment="UTC day on which the edge answered")
_SITE = glue.Column(name="site", type=glue.Schema.STRING, comment="Key of a registered site")


class Catalog(Construct):
    """`hits_raw` and `rejects`, each over its own prefix; `landing` holds the columns of both, for Firehose's conversion alone."""

    def __init__(self, scope: Construct, id_: str, *, name: str, bucket: s3.IBucket, sites: Sequence[str]) -> None:
        super().__init__(scope, id_)
        self._bucket = bucket
        self.database = glue.Database(self, "Database", database_name=name.replace("-", "_"), removal_policy=RemovalPolicy.DESTROY)
        dates = glue.PartitionProjectionConfiguration.date(min=FIRST_DATE, max="NOW", format="yyyy-MM-dd")
        self.hits_raw = self._table(
            "hits_raw",
            "Every hit as delivered, at least once; the view hits keeps one row per event id",
            schema.HITS,
            prefix=schema.HITS_PREFIX,
            projection={"site": glue.PartitionProjectionConfiguration.enum(values=list(sites)), "date": dates},
            partition_keys=[_SITE, _DATE],
        )
        self.rejects = self._table(
            "rejects",
            "Requests that could not be understood, masked",
            schema.REJECTS,
            prefix=schema.REJECTS_PREFIX,
            projection={"date": dates},
            partition_keys=[_DATE],
        )
        self.landing = self._table("landing", "Firehose's schema; holds no rows, query hits or rejects", schema.LANDING, prefix="landing")
        self.workgroup = athena.CfnWorkGroup(  # no L2 in aws-cdk-lib
            self,
            "Workgroup",
            name=name,
            description="Queries over Footfall's lake",
            recursive_delete_option=True,
            work_group_configuration=_workgroup(bucket),
        )

    def _table(
        self,
        name: str,
        description: str,
        columns: Sequence[schema.Column],
        *,
        prefix: str,
        projection: dict[str, glue.PartitionProjectionConfiguration] | None = None,
        partition_keys: list[glue.Column] | None = None,
    ) -> glue.S3Table:
        template = "".join(f"{key}=${{{key}}}/" for key in projection or {})
        location: dict[str, Any] = {"storage.location.template": f"s3://{self._bucket.bucket_name}/{prefix}/{template}"} if template else {}
        return glue.S3Table(
            self,
            name,
            table_name=name,
            description=description,
            database=self.database,
            storage=glue.S3TableStorage.from_bucket(self._bucket),
            s3_prefix=f"{prefix}/",
            data_format=glue.DataFormat.PARQUET,
            columns=[_column(column) for column in columns],
            partition_keys=partition_keys,
            partition_projection=projection,
            parameters=location or None,
            has_encrypted_data=False,  # means client-side encryption to Athena
        )


def _column(column: schema.Column) -> glue.Column:
    return glue.Column(name=column.name, type=glue.Schema.custom(column.type, "<" not in column.type), comment=column.meaning)


def _workgroup(bucket: s3.IBucket) -> athena.CfnWorkGroup.WorkGroupConfigurationProperty:
    return athena.CfnWorkGroup.WorkGroupConfigurationProperty(
        enforce_work_group_configuration=True,
        bytes_scanned_cutoff_per_query=SCAN_LIMIT_BYTES,
        publish_cloud_watch_metrics_enabled=True,
        result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
            output_location=f"s3://{bucket.bucket_name}/{RESULTS_PREFIX}",
            encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(encryption_option="SSE_S3"),
        ),
    )
