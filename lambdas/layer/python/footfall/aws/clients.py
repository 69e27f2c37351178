"""Make boto3 clients with explicit timeouts and retries, and translate their errors into ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from footfall.errors import UnavailableError


def make_client(service: str, *, timeout_s: float = 5.0) -> Any:
    """Make a client for one AWS service; the endpoint and credentials come from the environment, as AWS does it.

    boto3 is imported here and not at the top: it takes 160 to 270 ms (bench transform), and a batch whose salts are known
    needs none of it.
    """
    import boto3  # noqa: PLC0415 - see above
    from botocore.config import Config  # noqa: PLC0415 - see above

    return boto3.client(
        service, config=Config(connect_timeout=timeout_s, read_timeout=timeout_s, retries={"mode": "standard", "max_attempts": 3})
    )


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise UnavailableError(what) for anything botocore raises inside.

    The message names the operation and AWS's own code, for example "send messages: AccessDenied", and never the content.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see make_client

    try:
        yield
    except ClientError as refused:
        raise UnavailableError(f"{what}: {refused.response.get('Error', {}).get('Code', 'ClientError')}") from refused
    except BotoCoreError as failed:
        raise UnavailableError(f"{what}: {type(failed).__name__}") from failed
