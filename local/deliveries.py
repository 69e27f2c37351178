"""Account for every hit behind the tracking queue, per site: delivered, rejected, uncertain or waiting; and find what is stored twice."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from footfall import reasons
from footfall.configuration import Configuration
from local.account import Lake
from local.matomo.state import State, StoredHit

Metrics = Mapping[tuple[str, frozenset[tuple[str, str]]], float]

_ROWS: Final = "SELECT site, count(*) FROM hits WHERE NOT contains(evidence, 'purpose:prefetch') OR evidence IS NULL GROUP BY site"
"""What a browser fetched ahead is not for a destination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDeliveries:
    """One site's hits: `sent` is what lies in the lake and is for a destination, `stored` what that destination kept of it."""

    site: str
    sent: int
    delivered: int
    rejected: int
    uncertain: int
    waiting: int
    stored: int

    @property
    def missing(self) -> int:
        """Hits that nothing accounts for; below 0: hits that are counted twice."""
        return self.sent - self.delivered - self.rejected - self.uncertain - self.waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """All sites that are routed, and what a destination stored more than once."""

    sites: tuple[SiteDeliveries, ...]
    messages: int
    dead_letters: Mapping[str, int]
    stored_twice: int

    @property
    def is_good(self) -> bool:
        """Whether every hit is accounted for, and none is stored twice."""
        return not self.stored_twice and not any(site.missing for site in self.sites)


def account_for_deliveries(
    configuration: Configuration, *, lake: Lake, metrics: Metrics, queues: Path, matomo: State, messages: int
) -> Deliveries:
    """Compare the lake, the metrics, the queues read back into the folder `queues`, and the destination's own store."""
    rows = dict(lake.query(_ROWS)[1])
    waiting = Counter(site for site, _ in _waiting(queues))
    letters = list(_bodies(queues.glob("*-dead-letters.ndjson")))
    numbers = {site.key: int(number) for site in configuration.sites.registered for _, number in site.deliver}
    return Deliveries(
        sites=tuple(
            SiteDeliveries(
                site=site,
                sent=rows.get(site, 0),
                delivered=_sum(metrics, "delivered", site=site),
                rejected=_sum(metrics, "losses", site=site, stage=reasons.Stage.PROCESS) - _uncertain(metrics, site),
                uncertain=_uncertain(metrics, site),
                waiting=waiting[site],
                stored=len(matomo.hits[number]),
            )
            for site, number in numbers.items()
        ),
        messages=messages,
        dead_letters=dict(Counter(letter["reason"] for letter in letters)),
        stored_twice=_stored_twice(hit for hits in matomo.hits.values() for hit in hits),
    )


def _waiting(queues: Path) -> set[tuple[str, str]]:
    """Site and event id of what is in the tracking queue, repeats once."""
    return {(hit["site"], hit["id"]) for body in _bodies(queues.glob("*-tracking.ndjson")) for hit in body["footfall"]["hits"]}


def _bodies(files: Iterable[Path]) -> Iterator[Any]:
    for file in files:
        for line in file.read_text("utf-8").splitlines():
            yield json.loads(json.loads(line)["Body"])


def _uncertain(metrics: Metrics, site: str) -> int:
    return _sum(metrics, "losses", site=site, stage=reasons.Stage.PROCESS, reason=reasons.UNCERTAIN.code)


def _sum(metrics: Metrics, name: str, **dimensions: str) -> int:
    wanted = {(key, str(value)) for key, value in dimensions.items()}
    return int(sum(number for (metric, found), number in metrics.items() if metric == name and wanted <= found))


def _stored_twice(hits: Iterable[StoredHit]) -> int:
    """Hits beyond the first with the same page view id, of which every tracking request of the demo has its own."""
    page_views = Counter((hit.site, hit.parameters["pv_id"]) for hit in hits if "pv_id" in hit.parameters)
    return sum(number - 1 for number in page_views.values())


def lines(deliveries: Deliveries) -> Sequence[str]:
    """At most four lines for the report."""
    letters = ", ".join(f"{number} {reason}" for reason, number in sorted(deliveries.dead_letters.items())) or "none"
    doubled = deliveries.stored_twice or "none"
    return [
        f"Matomo, from {deliveries.messages} messages of the tracking queue: stored twice: {doubled}; dead letters: {letters}",
        *(
            f"  {each.site}: {each.sent} sent = {each.delivered} delivered + {each.rejected} rejected + {each.uncertain} uncertain"
            f" + {each.waiting} waiting{f'; {each.missing} UNACCOUNTED FOR' if each.missing else ''};"
            f" {each.stored} stored, {each.delivered - each.stored} not (bots, orders it had)"
            for each in deliveries.sites
        ),
    ]
