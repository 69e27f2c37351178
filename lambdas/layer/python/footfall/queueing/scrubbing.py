"""What must not travel in a queued hit: names of parameters, the visitor's own address beyond the policy, tokens; and how it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from footfall.configuration import Privacy
from footfall.hits.authentication import SECRETS
from footfall.hits.scrub import holds_address, scrub_row
from footfall.hits.source_rules import PERSONAL_PARAMETERS
from footfall.queueing.message import QueuedHit


def removed_parameters(privacy: Privacy) -> frozenset[str]:
    """Names of parameters that are taken out of URLs and requests, whoever wrote them."""
    return SECRETS | PERSONAL_PARAMETERS | frozenset(privacy.url_parameters_removed)


def holds_any(queued: QueuedHit, texts: Sequence[str]) -> bool:
    """Whether one of an address's texts (`Address.texts`) stands in any text of the hit, but for its address."""
    if not texts:
        return False
    all_texts = (*queued.parameters, *queued.parameters.values(), queued.user_agent, queued.language, queued.referer, queued.host)
    return holds_address("\n".join(all_texts).encode("utf-8", "surrogatepass"), texts)


def scrub_queued(queued: QueuedHit, texts: Sequence[str]) -> QueuedHit:
    """The hit with `removed` wherever one of the texts stood; what is ours in it (`idsite`, `rec`) stays."""
    ours = {name: queued.parameters[name] for name in ("idsite", "rec") if name in queued.parameters}
    row = scrub_row(
        {
            "parameters": dict(queued.parameters),
            "agent": queued.user_agent,
            "tongue": queued.language,
            "referer": queued.referer,
            "host": queued.host,
        },
        texts,
    )
    parameters: Mapping[str, str] = row["parameters"] | ours
    return replace(queued, parameters=parameters, user_agent=row["agent"], language=row["tongue"], referer=row["referer"], host=row["host"])
