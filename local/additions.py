"""The seams of the local pipeline, where whoever runs it may look on or keep what must outlive it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from wsgiref.types import WSGIApplication

from local.aws import LocalAws, Resources
from local.firehose_buffer import Record
from local.firehose_transform import Invoke
from local.trace import Trace

PutLine = Callable[[bytes], None]
"""Puts one log line into the stream."""


def _unchanged(part: Any) -> Any:
    return part


def _nobody(_records: Sequence[Record]) -> None:
    """Nobody wants to know."""


def _s3(aws: LocalAws, _resources: Resources) -> Any:
    return aws.client("s3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Additions:
    """What a caller adds at the seams of the pipeline: to watch it, or to keep on disk what must outlive it; nothing by default.

    `queued` is told of the records that are in the tracking queue, or need not be. `open_store` is called when the resources exist and
    before anything uses them; it returns what Firehose calls `put_object` on.
    """

    make_trace: Callable[[], Trace] = Trace
    around_aws: Callable[[WSGIApplication], WSGIApplication] = _unchanged
    open_store: Callable[[LocalAws, Resources], Any] = _s3
    around_invoke: Callable[[Invoke], Invoke] = _unchanged
    around_put_line: Callable[[PutLine], PutLine] = _unchanged
    queued: Callable[[Sequence[Record]], None] = _nobody


NO_ADDITIONS: Final = Additions()
