"""Matomo as a destination: its bulk Tracking API, spoken to with one super user's or write token."""

from collections.abc import Sequence
from typing import Final, Protocol

import orjson

from footfall import configuration
from footfall.destinations.delivery import Access, Answer, Deliverable, Meaning, Prepared, Verdict
from footfall.destinations.matomo_answer import read_answer, read_failure
from footfall.destinations.matomo_hit import HitWriter
from footfall.errors import UnavailableError
from footfall.privacy import NO_ADDRESS
from footfall.transport import Transport

MOST_SITES_ASKED: Final = 8
"""A probe without `invalid_indices` asks each site by itself, and each refusal counts towards Matomo's lock-out of 20 an hour."""


class Secret(Protocol):
    """A secret by name: its value is fetched when it is first needed."""

    def value(self) -> str:
        """The value; raises UnavailableError."""

    def refresh(self) -> bool:
        """Fetch it again; whether it is another now. Raises UnavailableError."""


class Matomo:
    """One Matomo; `ip_policy` and `trusts_all` are the deployment's, since messages of other writers pass here too."""

    resends_uncertain: bool

    def __init__(
        self, settings: configuration.Destination, *, ip_policy: str, trusts_all: bool, transport: Transport, token: Secret
    ) -> None:
        self.name = settings.name
        self.hits_per_bulk = settings.hits_per_bulk
        self.timeout_s = float(settings.timeout_s)
        self.resends_uncertain = settings.uncertain == "resend"
        self._is_transactional = settings.transactional
        self._writer = HitWriter(settings, ip_policy=ip_policy, trusts_all=trusts_all)
        self._transport = transport
        self._token = token
        self._url = f"{settings.url}?queuedtracking=0"  # in the URL it counts, in a hit it does not

    def prepare(self, hit: Deliverable, site: str, *, now_ms: int) -> Prepared | Verdict:
        """As `Destination.prepare`."""
        return self._writer.prepare(hit, site, now_ms)

    def send(self, bulk: Sequence[Prepared]) -> Answer:
        """As `Destination.send`."""
        return self._post([prepared.request for prepared in bulk])

    def probe(self, sites: Sequence[str]) -> Access:
        """As `Destination.probe`: hits with `rec=0` and a `cip` need the token and are not stored.

        When all is refused and the secret is another by now, the new one is tried too.
        """
        access = self._ask(sites)
        if access.refused and not access.accepted and self._has_new_token():
            return self._ask(sites)._replace(has_new_token=True)
        return access

    def _ask(self, sites: Sequence[str]) -> Access:
        answer = self._post([_probe(site) for site in sites])
        everything = frozenset(sites)
        if answer.meaning is not Meaning.ACKNOWLEDGED:
            return Access(frozenset(), frozenset(), answer)
        if answer.invalid in (0, len(sites)):
            return Access(frozenset(), everything, answer) if answer.invalid else Access(everything, frozenset(), answer)
        if answer.refused is not None:
            refused = frozenset(sites[position] for position in answer.refused)
            return Access(everything - refused, refused, answer)
        each = [self._ask([site]) for site in sites[:MOST_SITES_ASKED]]
        accepted, refused = (frozenset[str]().union(*sets) for sets in zip(*[(one.accepted, one.refused) for one in each], strict=True))
        return Access(accepted, refused, answer)

    def _has_new_token(self) -> bool:
        try:
            return self._token.refresh()
        except UnavailableError:
            return False

    def _post(self, requests: Sequence[bytes]) -> Answer:
        try:
            token = self._token.value()
        except UnavailableError as failed:
            return Answer(Meaning.UNAVAILABLE, str(failed))
        body = b'{"requests":[' + b",".join(requests) + b'],"token_auth":' + orjson.dumps(token) + b"}"
        try:
            response = self._transport.post(self._url, body, content_type="application/json", timeout_s=self.timeout_s)
        except UnavailableError as failed:
            return read_failure(failed)
        return read_answer(response, sent=len(requests), is_transactional=self._is_transactional)


def _probe(site: str) -> bytes:
    return orjson.dumps({"idsite": site, "rec": "0", "cip": NO_ADDRESS})
