"""Builders with defaults: a log line, a request, a configuration, a Firehose record; a test names only what it is about."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from footfall.configuration import Configuration
from footfall.hits.hit import Headers, Request
from footfall.hits.log_fields import DEFAULT, in_canonical_order
from footfall.queueing.message import QueuedHit

NOW_MS = 1_795_000_000_000  # 2026-11-18 11:06:40 UTC
ADDRESS = "203.0.113.7"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
FIELDS = in_canonical_order(DEFAULT)
SALTS = {"2026-11-18": b"s" * 32}

_COLUMNS = {
    "timestamp": "1795000000.397",
    "c-ip": ADDRESS,
    "sc-status": "200",
    "cs-method": "GET",
    "cs-host": "d111111abcdef8.cloudfront.net",
    "cs-uri-stem": "/1x1.png",
    "x-edge-location": "FRA56-P4",
    "x-edge-request-id": "DHj-0123456789abcdef==",
    "cs-user-agent": quote(FIREFOX, safe="();,/:*"),
    "cs-referer": "-",
    "cs-uri-query": "-",
    "x-edge-result-type": "FunctionGeneratedResponse",
    "c-country": "DE",
    "cs-headers": "host:d111111abcdef8.cloudfront.net%0Aaccept-language:de-DE,de;q=0.8%0A",
    "cs-header-names": "host%0Aaccept-language%0A",
    "cs-headers-count": "2",
}


def a_log_line(fields: Sequence[str] = FIELDS, **columns: str) -> str:
    """A log line as CloudFront writes it; name columns with _ for -, for example cs_uri_query="a=1"."""
    values = _COLUMNS | {name.replace("_", "-"): value for name, value in columns.items()}
    return "\t".join(values.get(name, "-") for name in fields) + "\n"


def a_request(**changes: Any) -> Request:
    """A GET of the plain pixel by a browser."""
    return Request(
        **{
            "request_id": "DHj-0123456789abcdef==",
            "received_ms": NOW_MS,
            "address": ADDRESS,
            "method": "GET",
            "host": "d111111abcdef8.cloudfront.net",
            "path": "/1x1.png",
            "status": 200,
            "result_type": "FunctionGeneratedResponse",
            "query": "",
            "user_agent": FIREFOX,
            "referer": "",
            "edge_location": "FRA56-P4",
            "country": "DE",
            "headers": Headers(language="de-de"),
        }
        | changes
    )


def a_configuration(**sections: Mapping[str, Any]) -> Configuration:
    """The configuration of a footfall.toml with these sections."""
    return Configuration.from_document(sections)


def a_record(line: str | bytes, record_id: str = "record-1") -> dict[str, Any]:
    """A record of a Firehose transformation event."""
    raw = line if isinstance(line, bytes) else line.encode()
    return {"recordId": record_id, "approximateArrivalTimestamp": NOW_MS, "data": base64.b64encode(raw).decode()}


def an_event(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A Firehose transformation event."""
    return {
        "invocationId": "invocation-1",
        "deliveryStreamArn": "arn:aws:firehose:eu-central-1:123456789012:deliverystream/hits",
        "region": "eu-central-1",
        "records": list(records),
    }


def a_queued_hit(event_id: str = "DHj-0123456789abcdef==", **changes: Any) -> QueuedHit:
    """A page view as `enqueue_hits` puts it into the tracking queue."""
    parameters = {"idsite": "1", "rec": "1", "url": "https://www.example.org/"}
    return QueuedHit(
        **{
            "event_id": event_id,
            "received_ms": NOW_MS,
            "event_ms": NOW_MS,
            "time_s": NOW_MS // 1000,
            "parameters": parameters,
            "site": "main",
            "address": "203.0.113.0",
            "user_agent": FIREFOX,
            "language": "de-de",
            "visitor_id": "0123456789abcdef",
            "host": "d111111abcdef8.cloudfront.net",
        }
        | changes
    )


def a_kinesis_record(line: str | bytes, sequence_number: str) -> dict[str, Any]:
    """A record of a Kinesis event (Lambda developer guide, "Using Lambda to process records from Kinesis")."""
    raw = line if isinstance(line, bytes) else line.encode()
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "1",
            "sequenceNumber": sequence_number,
            "data": base64.b64encode(raw).decode(),
            "approximateArrivalTimestamp": NOW_MS / 1000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{sequence_number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/enqueue",
        "awsRegion": "eu-central-1",
        "eventSourceARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/hits",
    }
