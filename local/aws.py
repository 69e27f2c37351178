"""Serve the AWS APIs that moto does right (Kinesis, S3, DynamoDB, SQS) on this machine, an account of its own for each instance."""

import itertools
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from footfall.configuration import Configuration

REGION: Final = "eu-central-1"
MAX_RECEIVES: Final = 1000
"""As in the queue stack: only what crashes its reader again and again is received so often."""

_ACCOUNTS: Final = itertools.count(100_000_000_001)
_CLIENT_CONFIG: Final = Config(
    connect_timeout=2, read_timeout=30, retries={"total_max_attempts": 3, "mode": "standard"}, s3={"addressing_style": "path"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the stacks create, by name: `salt_table` has one string key, `day`.

    What the tracking queue needs is "" where no site is routed: the URLs of the queues, the delivery table with one string key,
    `key`, and the bucket of batches that could not be enqueued.
    """

    region: str
    account: str
    stream: str
    bucket: str
    salt_table: str
    output_url: str = ""
    input_url: str = ""
    dead_letters_url: str = ""
    crashed_url: str = ""
    delivery_table: str = ""
    failures: str = ""

    @property
    def stream_arn(self) -> str:
        """ARN of the Kinesis stream."""
        return f"arn:aws:kinesis:{self.region}:{self.account}:stream/{self.stream}"


class LocalAws:
    """The APIs of one AWS account on a free port of 127.0.0.1, in memory; use as a context manager, or `close` it.

    moto keeps one state per account and process. Each instance is an account of its own, so what one test leaves
    behind no other can see. `around` wraps the application that answers every call: to listen in.
    """

    def __init__(self, *, region: str = REGION, around: Callable[[WSGIApplication], WSGIApplication] = lambda aws: aws) -> None:
        self.region = region
        self.account = str(next(_ACCOUNTS))
        self._session = boto3.session.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=region)  # noqa: S106 - moto looks at no signature
        self._clients: dict[str, Any] = {}
        self._server = _serve(around(for_account(self.account, DomainDispatcherApplication(create_backend_app))))
        self._thread = threading.Thread(target=self._server.serve_forever, name="local-aws", kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """URL of all services."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def environment(self) -> dict[str, str]:
        """The variables that lead an AWS SDK here and nowhere else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """Make the boto3 client of a service, once; it can be used from any thread."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, endpoint_url=self.endpoint, config=_CLIENT_CONFIG)
        return self._clients[service]

    def create(self, configuration: Configuration) -> Resources:
        """Create what the stacks would: the stream with its shards and retention, the lake's bucket, the salt table, the queues."""
        name = configuration.name
        resources = Resources(
            region=self.region,
            account=self.account,
            stream=f"{name}-hits",
            bucket=f"{name}-lake-{self.account}",
            salt_table=f"{name}-salts",
            **(self._create_queue(configuration) if configuration.has_queue else {}),
        )
        self._create_stream(resources.stream, configuration.stream.shards, configuration.stream.retention_hours)
        self._create_bucket(resources.bucket)
        self._create_table(resources.salt_table, key="day")
        return resources

    def close(self) -> None:
        """Stop serving."""
        for client in self._clients.values():
            client.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _create_queue(self, configuration: Configuration) -> dict[str, str]:
        """The tracking queue of the settings' kind, the queues beside it, the delivery table; as in the stack, the input is the output."""
        name, is_fifo = configuration.name, configuration.queue.kind == "fifo"
        ending, fifo = (".fifo", {"FifoQueue": "true"}) if is_fifo else ("", {})
        crashed = self._create_sqs_queue(f"{name}-crashed{ending}", fifo)
        arn = self.client("sqs").get_queue_attributes(QueueUrl=crashed, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})}
        tracking = self._create_sqs_queue(f"{name}-tracking{ending}", fifo | redrive)
        resources = {
            "output_url": tracking,
            "input_url": tracking,
            "crashed_url": crashed,
            "dead_letters_url": self._create_sqs_queue(f"{name}-dead-letters", {}),
            "delivery_table": f"{name}-deliveries",
            "failures": f"{name}-failures-{self.account}",
        }
        self._create_table(resources["delivery_table"], key="key")
        self._create_bucket(resources["failures"])
        return resources

    def _create_sqs_queue(self, name: str, attributes: Mapping[str, str]) -> str:
        return str(self.client("sqs").create_queue(QueueName=name, Attributes=dict(attributes))["QueueUrl"])

    def _create_bucket(self, name: str) -> None:
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": self.region})

    def _create_table(self, name: str, *, key: str) -> None:
        self.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def _create_stream(self, name: str, shards: int, retention_hours: int) -> None:
        kinesis = self.client("kinesis")
        mode: dict[str, Any] = {"ShardCount": shards} if shards else {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
        kinesis.create_stream(StreamName=name, **mode)
        if retention_hours > 24:  # noqa: PLR2004 - hours: what a new stream has
            kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=retention_hours)


def _serve(application: WSGIApplication) -> BaseWSGIServer:
    return make_server("127.0.0.1", 0, application, threaded=True, request_handler=_QuietHandler)


def for_account(account: str, moto: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]) -> WSGIApplication:
    """Mark each request with the account, and serialise them: moto's Kinesis gives two concurrent records one sequence number.

    That would lose an acknowledged record ("this function is not safe for concurrency", moto/kinesis/models.py). SQS is left
    out because a long poll waits inside the request.
    """
    one_at_a_time = threading.Lock()

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        if "AmazonSQS" in environ.get("HTTP_X_AMZ_TARGET", ""):
            return moto(environ, start_response)
        with one_at_a_time:
            return moto(environ, start_response)

    return application


class _QuietHandler(MotoRequestHandler):
    """Serves without a line in the log for each request."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""
