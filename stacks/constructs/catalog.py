"""The Glue tables and views over the lake and the Athena workgroup that queries them; no crawler: partitions are projected."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_s3 as s3
from constructs import Construct

from footfall.hits import schema
from footfall.sql.dialects import EXPANDED_TEXT, presto_view
from footfall.sql.queries import Query, queries
from footfall.sql.tables import HITS_RAW, REJECTED, Table
from footfall.sql.views import VIEWS, View
from stacks.constructs.lake_bucket import RESULTS_PREFIX

FIRST_DATE = "2025-01-01"
"""No Footfall is older, so no row is; every projected date costs a query that does not name one."""
SCAN_LIMIT_BYTES = 100 * 1024**3
"""What one query may read: a forgotten WHERE ends here and not on the bill."""


class Catalog(Construct):
    """Tables, each over its own prefix; views and named queries of the one SQL source; `landing`, the schema of Firehose's conversion."""

    def __init__(self, scope: Construct, id_: str, *, name: str, bucket: s3.IBucket, sites: Sequence[str]) -> None:
        super().__init__(scope, id_)
        self._bucket = bucket
        self._database_name = name.replace("-", "_")
        self.database = glue.Database(self, "Database", database_name=self._database_name, removal_policy=RemovalPolicy.DESTROY)
        dates = glue.PartitionProjectionConfiguration.date(min=FIRST_DATE, max="NOW", format="yyyy-MM-dd")
        registered = glue.PartitionProjectionConfiguration.enum(values=list(sites))
        self.hits_raw = self._projected(HITS_RAW, {"site": registered, "date": dates})
        self.rejects = self._projected(REJECTED, {"date": dates})
        self.landing = self._table("landing", "Firehose's schema; holds no rows, query hits or rejects", schema.LANDING, prefix="landing")
        for view in VIEWS:
            self._view(view)
        self.workgroup = athena.CfnWorkGroup(  # no L2 in aws-cdk-lib
            self,
            "Workgroup",
            name=name,
            description="Queries over Footfall's lake",
            recursive_delete_option=True,
            work_group_configuration=_workgroup(bucket),
        )
        for query in queries():
            self._named_query(query)

    def _projected(self, table: Table, projection: dict[str, glue.PartitionProjectionConfiguration]) -> glue.S3Table:
        template = "".join(f"{key.name}=${{{key.name}}}/" for key in table.keys)
        return self._table(
            table.name,
            table.purpose,
            table.columns,
            prefix=table.prefix,
            projection=projection,
            partition_keys=[_column(key) for key in table.keys],
            parameters={"storage.location.template": f"s3://{self._bucket.bucket_name}/{table.prefix}/{template}"},
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
        parameters: dict[str, str] | None = None,
    ) -> glue.S3Table:
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
            parameters=parameters,
            has_encrypted_data=False,  # means client-side encryption to Athena
        )

    def _view(self, view: View) -> glue.CfnTable:
        """A view as Athena's own CREATE VIEW leaves it in Glue; the L2 of Glue has no views."""
        columns = [glue.CfnTable.ColumnProperty(name=each.name, type=each.type, comment=each.meaning) for each in view.columns]
        table = glue.CfnTable.TableInputProperty(
            name=view.name,
            description=view.purpose,
            table_type="VIRTUAL_VIEW",
            parameters={"presto_view": "true", "comment": "Presto View"},
            view_original_text=presto_view(view, database=self._database_name),
            view_expanded_text=EXPANDED_TEXT,
            partition_keys=[],
            storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                columns=columns, location="", serde_info=glue.CfnTable.SerdeInfoProperty()
            ),
        )
        return glue.CfnTable(
            self,
            f"view_{view.name}",
            catalog_id=Stack.of(self).account,
            database_name=self.database.database_name,
            table_input=table,
        )

    def _named_query(self, query: Query) -> athena.CfnNamedQuery:
        """A documented query, as people find it under saved queries in Athena's console; aws-cdk-lib has no L2."""
        return athena.CfnNamedQuery(
            self,
            f"query_{query.name}",
            name=query.name,
            description=query.question,
            database=self.database.database_name,
            work_group=self.workgroup.ref,
            query_string=query.sql,
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
