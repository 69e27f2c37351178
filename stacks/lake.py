"""The lake stack: all that holds something, and what fills it; it changes rarely and is destroyed last."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from footfall.configuration import Configuration
from footfall.functions import CONFIGURATION_PATH, TRANSFORM_HITS, TransformHitsSettings
from stacks.artifacts import Artifacts
from stacks.constructs.catalog import Catalog
from stacks.constructs.delivery import Delivery
from stacks.constructs.function import FootfallFunction, FunctionLayers
from stacks.constructs.hits_stream import HitsStream
from stacks.constructs.lake_bucket import LakeBucket
from stacks.constructs.salt_table import SaltTable


class LakeStack(Stack):
    """Stream → Firehose with `transform_hits` → Parquet in S3, with its tables; and the salts."""

    def __init__(self, scope: Construct, id_: str, *, configuration: Configuration, artifacts: Artifacts) -> None:
        super().__init__(scope, id_, description="Footfall: stream, lake, tables and salts")
        self.hits = HitsStream(self, "Hits", settings=configuration.stream)
        self.lake = LakeBucket(self, "Lake", settings=configuration.lake)
        self.salts = SaltTable(self, "Salts")
        self.catalog = Catalog(
            self,
            "Catalog",
            name=configuration.name,
            bucket=self.lake.bucket,
            sites=[site.key for site in configuration.sites.registered],
        )
        self.transform = FootfallFunction(
            self,
            "TransformHits",
            function=TRANSFORM_HITS,
            settings=TransformHitsSettings(configuration_path=CONFIGURATION_PATH, salt_table=self.salts.table.table_name),
            layers=FunctionLayers(self, "Layers", layer=artifacts.layer, configuration=artifacts.configuration),
            lambdas=artifacts.lambdas,
        )
        self.salts.made_by(self.transform)
        self.delivery = Delivery(
            self,
            "Delivery",
            stream=self.hits.stream,
            transform=self.transform,
            landing=self.catalog.landing,
            bucket=self.lake.bucket,
            settings=configuration.lake,
        )
        CfnOutput(self, "Bucket", value=self.lake.bucket.bucket_name, description="Parquet: hits/site=…/date=…, rejects/date=…")
        CfnOutput(self, "Database", value=self.catalog.database.database_name, description="Glue database of hits_raw and rejects")
        CfnOutput(self, "Workgroup", value=configuration.name, description="Athena workgroup to query with")
        CfnOutput(self, "Lost", value=self.lake.lost.queue_url, description="Queue that lists objects under the error prefix")
