"""Read a message of the tracking queue, whoever wrote it and whatever it travelled through; tokens and cookies go no further."""

from collections.abc import Callable

from footfall.queueing.envelope import requests_of, unwrap
from footfall.queueing.foreign import read_foreign
from footfall.queueing.message import Message
from footfall.queueing.own import matches, read_own
from footfall.queueing.policy import Policy
from footfall.queueing.trust import Trust, may_hold_tokens


def read_message(
    body: str | bytes, *, sent_ms: int, is_accepted: Callable[[str], bool], trusts_all: bool = False, policy: Policy | None = None
) -> Message:
    """Read the plain form, the AwsSqsTracking plugin's triple-encoded SNS form, SNS (raw or not) and EventBridge.

    A hit of another writer gets an id made of the message's content, so that the same message gives the same ids. `is_accepted` says
    whether a token that a request carried counts; `trusts_all` (`queue.trust`) that all count as if they had one. `sent_ms` (Unix
    milliseconds) is when the message was sent; it stands in where the message tells no time. `policy` is what hits of other writers
    go through; those of Footfall went through it before they were written, and of what was edited since their address does again.

    Raises:
        RejectedError: it is none of these; the text tells the shape and never the content.
    """
    document = unwrap(body)
    content, trust = document["content"], Trust(is_accepted, trusts_all)
    requests, own = requests_of(content), document.get("footfall")
    if isinstance(own, dict) and matches(own, requests, content):
        message = read_own(requests, content, own, trust, may_hold_tokens=may_hold_tokens(body))
        return message if policy is None else message._replace(hits=tuple(map(policy.limit_address, message.hits)))
    return read_foreign(requests, content, sent_ms=sent_ms, trust=trust, policy=policy)  # also where an editor let the two no longer match
