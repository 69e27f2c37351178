"""One answered pixel request at the local edge: who asked, what was answered, and the values of its log line."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from local import edge_log
from local.edge_answer import DISTRIBUTION, DOMAIN, EDGE_LOCATION, Answer
from local.edge_request import MALFORMED, Header, Refusal, Request

DEMO_PREFIX: Final = "x-footfall-demo-"
"""Request headers that steer the edge in a demonstration: `address`, `country` and `line` (an `edge_log.Damage`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who asks, as CloudFront sees it; `damage` is what a demonstration wants done to the log line."""

    address: str
    port: int
    country: str = ""
    damage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One answered pixel request: all that a log line tells."""

    request_id: str
    request: Request
    client: Client
    answer: Answer
    sent_bytes: int
    started_s: float
    finished_s: float


def steer(request: Request, client: Client) -> tuple[Request | Refusal, Client]:
    """Take the demonstration's headers out of a request, and be the client they describe."""
    steering = {name.lower(): value for name, value in request.headers if _is_steering((name, value))}
    headers = tuple(header for header in request.headers if not _is_steering(header))
    address = steering.get(f"{DEMO_PREFIX}address", client.address)
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return MALFORMED, client
    return replace(request, headers=headers), _steered(client, address, steering)


def _is_steering(header: Header) -> bool:
    return header[0].lower().startswith(DEMO_PREFIX)


def _steered(client: Client, address: str, steering: Mapping[str, str]) -> Client:
    country, damage = steering.get(f"{DEMO_PREFIX}country", client.country), steering.get(f"{DEMO_PREFIX}line", "")
    return replace(client, address=address, country=country, damage=damage)


def line_values(exchange: Exchange) -> dict[str, str]:
    """Make the values of every log field that can be known here, unescaped."""
    request, answer, client = exchange.request, exchange.answer, exchange.client
    took = f"{max(0.0, exchange.finished_s - exchange.started_s):.3f}"
    headers = edge_log.overfill(request.headers) if client.damage == "truncate-headers" else request.headers
    return {
        "timestamp": f"{exchange.finished_s:.3f}",
        "c-ip": client.address,
        "c-port": str(client.port),
        "c-ip-version": "IPv6" if ":" in client.address else "IPv4",
        "c-country": client.country,
        "time-to-first-byte": took,
        "time-taken": took,
        "sc-status": str(answer.status),
        "sc-bytes": str(exchange.sent_bytes),
        "sc-content-type": answer.headers.get("content-type", ""),
        "sc-content-len": str(len(answer.body)) if answer.body else "",
        "cs-method": request.method,
        "cs-protocol": "https",
        "cs-protocol-version": request.version,
        "cs-host": request.header("host"),
        "cs-uri-stem": request.target,
        "cs-uri-query": request.query,
        "cs-bytes": str(request.head_bytes + (request.body_bytes or 0)),
        "cs-user-agent": request.header("user-agent"),
        "cs-referer": request.header("referer"),
        "cs-cookie": request.header("cookie"),
        "cs-accept": request.header("accept"),
        "cs-accept-encoding": request.header("accept-encoding"),
        "x-forwarded-for": request.header("x-forwarded-for"),
        "x-edge-location": EDGE_LOCATION,
        "x-edge-request-id": exchange.request_id,
        "x-edge-result-type": answer.result,
        "x-edge-response-result-type": answer.result,
        "x-edge-detailed-result-type": answer.result,
        "x-host-header": DOMAIN,
        "ssl-protocol": "TLSv1.3",
        "ssl-cipher": "TLS_AES_128_GCM_SHA256",
        "cache-behavior-path-pattern": request.path,
        "primary-distribution-id": DISTRIBUTION,
        "primary-distribution-dns-name": DOMAIN,
        **edge_log.header_values(headers),
    }
