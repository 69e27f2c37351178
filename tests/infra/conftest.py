"""Synthesise once per session: importing CDK and each synthesis cost seconds."""

import json
from collections.abc import Callable

import pytest

from footfall.configuration import Alarms, Configuration, Destination, Edge, Lake, Queue, Site, Sites, Stream
from stacks.artifacts import LAMBDA, ROOT, Artifacts, build_layer, write_configuration
from stacks.node import use_packaged_node
from tests.infra.templates import Templates

Synthesise = Callable[[Configuration], Templates]


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Synthesise:
    use_packaged_node()
    from stacks.deployment import compose

    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    layer = build_layer(LAMBDA)

    def synthesise(configuration: Configuration) -> Templates:
        folder = tmp_path_factory.mktemp("synth")
        artifacts = Artifacts(
            layer=layer,
            configuration=write_configuration(configuration, build=folder / "build"),
        )
        compose(configuration, artifacts, flags=flags, outdir=folder / "out").synth()
        return Templates(folder / "out")

    return synthesise


@pytest.fixture(scope="session")
def shipped(synthesise: Synthesise) -> Templates:
    """What footfall.toml deploys as it is."""
    return synthesise(Configuration.load(ROOT / "footfall.toml"))


@pytest.fixture(scope="session")
def routed(synthesise: Synthesise) -> Templates:
    """The shortest footfall.toml with a tracking queue: one site, one destination."""
    return synthesise(
        Configuration(
            sites=Sites(registered=(Site(key="main", ids=("1",), deliver=(("matomo", "1"),)),)),
            destinations=(MATOMO,),
        )
    )


MATOMO = Destination(name="matomo", url="https://matomo.example.org/matomo.php", token_secret="footfall/matomo")


@pytest.fixture(scope="session")
def tailored(synthesise: Synthesise) -> Templates:
    """A deployment with every setting of the infrastructure changed, and as many sites as there can be."""
    deliver = (("matomo", "7"), ("second", "8"))
    sites = tuple(Site(key=f"a-site-with-a-rather-long-name-{number:04}", ids=(str(number),), deliver=deliver) for number in range(1000))
    return synthesise(
        Configuration(
            name="a-stage",
            sites=Sites(default="", registered=sites),
            edge=Edge(
                sampling_rate=25,
                log_fields=(*Edge().log_fields, "asn"),
                certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
                domain_names=("pixel.example.org", "pixel.example.net"),
                web_acl_arn="arn:aws:wafv2:us-east-1:123456789012:global/webacl/pixel/12345678-1234-1234-1234-123456789012",
                price_class="all",
            ),
            stream=Stream(shards=3, retention_hours=48),
            lake=Lake(buffer_seconds=60, buffer_mb=64, keep_days=30, removal="destroy"),
            queue=Queue(kind="fifo", retention_days=4, every_minutes=5),
            destinations=(MATOMO, Destination(name="second", url="https://e.example.org/matomo.php", token_secret="another/token")),
            alarms=Alarms(
                topic_arn="arn:aws:sns:eu-central-1:123456789012:alarms",
                page_topic_arn="arn:aws:sns:eu-central-1:123456789012:pages",
                reject_percent=35,
                watched_sites=100,
                silent_hours={site.key: 2 for site in sites[-100:]},
            ),
        )
    )
