"""The `[alarms]` section of footfall.toml: where alarms go, and which sites have one."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from footfall.toml_reader import TableReader

MAX_WATCHED_SITES: Final = 100
"""Each costs $0.10 a month, and a stack holds at most 500 resources."""

MAX_SILENT_HOURS: Final = 168
"""CloudWatch looks back seven days at most (PutMetricAlarm: Period times EvaluationPeriods is at most 604,800 seconds)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """Where alarms go: ARNs of SNS topics, or nowhere but the console; the share of rejects, and the silence, that raise one.

    What cannot wait until morning goes to `page_topic_arn`, or to `topic_arn` too when that is "". `watched_sites` of the registered
    sites have an alarm after a day of silence, the first ones; `silent_hours` names sites with hours of their own.
    """

    topic_arn: str = ""
    page_topic_arn: str = ""
    reject_percent: int = 20
    watched_sites: int = 20
    silent_hours: Mapping[str, int] = field(default_factory=dict)


def read_alarms(reader: TableReader, sites: Collection[str]) -> Alarms:
    """Check the section `[alarms]`; `sites` are the keys of the registered sites."""
    topic = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")
    alarms = Alarms(
        topic_arn=reader.text("topic_arn", "", pattern=topic, allowed="the ARN of an SNS topic"),
        page_topic_arn=reader.text("page_topic_arn", "", pattern=topic, allowed="the ARN of an SNS topic"),
        reject_percent=reader.integer("reject_percent", 20, 1, 100),
        watched_sites=reader.integer("watched_sites", 20, 0, MAX_WATCHED_SITES),
        silent_hours=_read_silent_hours(reader.section("silent_hours"), sites),
    )
    reader.refuse_the_rest()
    return alarms


def _read_silent_hours(reader: TableReader, sites: Collection[str]) -> dict[str, int]:
    if len(reader.table) > MAX_WATCHED_SITES:
        reader.problem("", f"{len(reader.table)} sites", f"at most {MAX_WATCHED_SITES} sites")
    hours = {site: reader.integer(site, 24, 1, MAX_SILENT_HOURS) for site in list(reader.table)}
    for site in hours.keys() - set(sites):
        reader.problem(site, hours[site], "the key of a registered site")
    return hours
