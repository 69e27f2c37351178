"""Change hits on their way from one tracking queue to the other: an example to copy and edit; Footfall does not deploy it.

Give it `queue.output` as its event source, with ReportBatchItemFailures, and `queue.input` as QUEUE_URL. Its role needs
sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes on the first and sqs:SendMessage on the second.

Change what you like in `content`: parameters of `content.requests` and, in the compatible layout, `content.env.server`. Leave
`footfall`, beside `content`, as it is: it holds the ids by which a hit that comes twice is known. Its `hits` stand for the
requests one by one, so who removes a request removes the entry at the same place.
"""

import json
import logging
import os
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

logger = logging.getLogger(__name__)
sqs = boto3.client("sqs")


def enrich(request: dict[str, Any]) -> None:
    """Change the parameters of one hit in place; here, a custom dimension tells the section of the site."""
    section = urlsplit(request.get("url") or "").path.split("/")[1:2]
    if section and section[0]:
        request["dimension1"] = section[0]


def edit(body: str) -> str:
    """Change every hit of a message. What cannot be read goes on as it is: process_queue knows what to do with it."""
    try:
        message = json.loads(body)
        for request in message["content"]["requests"]:
            enrich(request)
    except (ValueError, KeyError, TypeError, AttributeError):
        logger.warning("message passed on unread")
        return body
    return json.dumps(message, separators=(",", ":"))  # in ASCII, so it holds no character that SQS refuses


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Send every message of an SQS event on; what could not be sent comes again, and with a FIFO queue all that is behind it."""
    del context
    records = event["Records"]
    failed: list[str] = []
    for record in records:
        group = record["attributes"].get("MessageGroupId")
        if not (failed and group) and is_sent(record):
            continue
        failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def is_sent(record: dict[str, Any]) -> bool:
    """Send one message on; in a FIFO queue it keeps its group, which is its visitor shard, and what it is known by."""
    fifo = {name: record["attributes"][name] for name in ("MessageGroupId", "MessageDeduplicationId") if name in record["attributes"]}
    try:
        sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=edit(record["body"]), **fifo)
    except (BotoCoreError, ClientError) as error:
        logger.warning("message not sent: %s", type(error).__name__)
        return False
    return True
