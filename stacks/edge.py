"""The edge stack: what answers the pixel, and the page that shows it."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_kinesis as kinesis
from constructs import Construct

from footfall.configuration import Configuration, Sites
from stacks.artifacts import Artifacts
from stacks.constructs.hit_log import HitLog
from stacks.constructs.pixel_distribution import PixelDistribution
from stacks.constructs.webpage import Webpage


class EdgeStack(Stack):
    """CloudFront answers the pixel paths and writes a log line for each request into the stream."""

    def __init__(self, scope: Construct, id_: str, *, configuration: Configuration, artifacts: Artifacts, stream: kinesis.IStream) -> None:
        super().__init__(scope, id_, description="Footfall: CloudFront, the pixel and its page")
        edge = configuration.edge
        self.webpage = Webpage(self, "Webpage", folder=artifacts.webpage)
        self.hit_log = HitLog(self, "HitLog", stream=stream, fields=edge.log_fields, sampling_rate=edge.sampling_rate)
        self.pixel = PixelDistribution(
            self,
            "Pixel",
            webpage=self.webpage.bucket,
            hit_log=self.hit_log,
            edge_function=artifacts.edge_function,
            settings=edge,
        )
        CfnOutput(self, "Url", value=self.pixel.url, description="A page that sends a hit when it is opened")
        CfnOutput(self, "Tag", value=image_tag(self.pixel.url, configuration.sites), description="Paste this into a page")
        CfnOutput(self, "Curl", value=sample_request(self.pixel.url), description="Send a hit by hand; it is a row a few minutes later")
        CfnOutput(self, "PageBucket", value=self.webpage.bucket.bucket_name, description="What webpage/ is deployed to")


def image_tag(url: str, sites: Sites) -> str:
    """Write the line a site owner pastes, for the default site or else the first.

    The referrer policy lets the browser send the page's path, which it keeps back from other hosts by default.
    """
    by_default = [site for site in sites.registered if site.key == sites.default]
    site = next(iter([*by_default, *sites.registered]), None)
    query = f"?site={site.key}" if site else ""
    return f'<img src="{url}/1x1.png{query}" width="1" height="1" alt="" referrerpolicy="no-referrer-when-downgrade">'


def sample_request(url: str) -> str:
    """Write the request of AWS's CloudFront pixel sample, which must work here as it does there."""
    return f"curl -G -d userid=aws_user -d thirdpartyname=example.hightrafficwebsite.com {url}/1x1.png"
