"""Listen to what the functions say to SQS: which messages are sent, and which are deleted because everything in them is safe."""

import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Protocol
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Response

_TARGET: Final = "AmazonSQS."

Call = Mapping[str, Any]


class Listener(Protocol):
    """Is told after the queue has done it, and before the caller knows; by any thread."""

    def sent(self, message_id: str, body: str) -> None:
        """A message is in a queue."""

    def deleted(self, message_id: str) -> None:
        """A message is gone for good."""


def listen(aws: WSGIApplication, listener: Listener) -> WSGIApplication:
    """Wrap the application of a LocalAws; its answers stay as they are.

    One thing is changed: nobody waits for messages. A long poll asks all of SQS's servers instead of some (SQS Developer Guide,
    "Short and long polling"); here is one, and each run of the drain would end with a second of silence.
    """
    heard, one_at_a_time = _Heard(listener), threading.Lock()
    operations: dict[str, Callable[[Call, Call], None]] = {
        "SendMessageBatch": heard.sent,
        "ReceiveMessage": heard.received,
        "DeleteMessageBatch": heard.deleted,
    }

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        hear = operations.get(environ.get("HTTP_X_AMZ_TARGET", "").removeprefix(_TARGET))
        if hear is None:
            return aws(environ, start_response)
        call = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        if "WaitTimeSeconds" in call:
            call["WaitTimeSeconds"] = 0
        body = json.dumps(call).encode()
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        with one_at_a_time:  # so that no message is received before the listener knows of it
            answer = Response.from_app(aws, environ, buffered=True)
            hear(call, json.loads(answer.get_data() or b"{}"))
        return answer(environ, start_response)

    return application


class _Heard:
    """Knows messages by their receipts."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._ids: dict[str, str] = {}

    def sent(self, call: Call, answer: Call) -> None:
        for entry, confirmed in _confirmed(call, answer):
            self._listener.sent(confirmed["MessageId"], entry["MessageBody"])

    def received(self, _call: Call, answer: Call) -> None:
        self._ids |= {message["ReceiptHandle"]: message["MessageId"] for message in answer.get("Messages", ())}

    def deleted(self, call: Call, answer: Call) -> None:
        for entry, _ in _confirmed(call, answer):
            message_id = self._ids.pop(entry["ReceiptHandle"], "")
            self._ids = {receipt: known for receipt, known in self._ids.items() if known != message_id}
            self._listener.deleted(message_id)


def _confirmed(call: Call, answer: Call) -> Iterator[tuple[Call, Call]]:
    """The entries of a batch that SQS confirmed, each with what it said."""
    said = {each["Id"]: each for each in answer.get("Successful") or ()}
    return ((entry, said[entry["Id"]]) for entry in call["Entries"] if entry["Id"] in said)
