"""The tracking queue, and the two queues that show what did not get through it."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from footfall.configuration import Queue
from footfall.functions import PROCESS_QUEUE
from stacks.constructs.function import FootfallFunction

MAX_MESSAGE_BYTES = 1_048_576
MAX_RECEIVES = 1000
"""A message is received again and again while its destination is down; only one that ends its reader each time gets this far."""
VISIBILITY = Duration.seconds(int(PROCESS_QUEUE.timeout.total_seconds()) + 60)
"""A run that its timeout ended gives its messages back a minute later; while it lasts it extends this by itself."""
LONGEST_RETENTION = Duration.days(14)


class TrackingQueue(Construct):
    """`output`, which enqueue_hits writes, and `input`, which process_queue reads: one queue, unless the settings name others.

    `crashed` holds messages that ended their reader a thousand times; it should stay empty. `dead_letters` holds hits, one each,
    that process_queue gave up: whole messages never go there by themselves. All outlive the stack, and a change of `queue.kind`,
    which makes another queue: what waits in the old one is not deleted with it.
    """

    def __init__(self, scope: Construct, id_: str, *, settings: Queue) -> None:
        super().__init__(scope, id_)
        self._is_fifo = settings.kind == "fifo"
        self.dead_letters = self._queue("DeadLetters", retention=LONGEST_RETENTION, is_fifo=False)
        self.crashed: sqs.Queue | None = None
        self.output = self._existing("Output", settings.output_url) if settings.output_url else self._own(settings)
        self.input = self._existing("Input", settings.input_url) if settings.input_url else self.output

    def drained_by(self, function: FootfallFunction) -> None:
        """Let a function read and delete what waits, and write dead letters."""
        reads = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes")
        self.input.grant(function.function, *reads)
        self.dead_letters.grant(function.function, "sqs:SendMessage")

    def _own(self, settings: Queue) -> sqs.IQueue:
        self.crashed = self._queue("Crashed", retention=LONGEST_RETENTION, is_fifo=self._is_fifo)
        return self._queue(
            "Queue",
            retention=Duration.days(settings.retention_days),
            is_fifo=self._is_fifo,
            visibility=VISIBILITY,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.crashed, max_receive_count=MAX_RECEIVES),
        )

    def _queue(
        self,
        id_: str,
        *,
        retention: Duration,
        is_fifo: bool,
        visibility: Duration | None = None,
        dead_letter_queue: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        return sqs.Queue(
            self,
            id_,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=retention,
            visibility_timeout=visibility,
            max_message_size_bytes=MAX_MESSAGE_BYTES,
            dead_letter_queue=dead_letter_queue,
            removal_policy=RemovalPolicy.RETAIN,
            fifo=is_fifo or None,
            deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP if is_fifo else None,
            fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID if is_fifo else None,
        )

    def _existing(self, id_: str, url: str) -> sqs.IQueue:
        """A queue that is there already; the stack grants on it and changes nothing about it."""
        return sqs.Queue.from_queue_attributes(
            self, id_, queue_arn=arn_of(url, partition=Stack.of(self).partition), queue_url=url, fifo=url.endswith(".fifo")
        )


def arn_of(url: str, *, partition: str) -> str:
    """The ARN of a queue by its URL.

    >>> arn_of("https://sqs.eu-central-1.amazonaws.com/123456789012/hits", partition="aws")
    'arn:aws:sqs:eu-central-1:123456789012:hits'
    """
    host, account, name = url.removeprefix("https://").split("/")
    return f"arn:{partition}:sqs:{host.split('.')[1]}:{account}:{name}"
