"""Undo what a message of the tracking queue travelled in: the plugin's triple-encoded SNS form, SNS, EventBridge, or nothing."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from footfall.errors import RejectedError

_LAYERS: Final = 8
"""Steps down to `content`: the plugin's own form takes six, a text that is JSON being one and what it holds another."""
LATEST_S: Final = 253_402_300_799
"""The end of the year 9999, in Unix seconds: as far as a datetime goes."""
_WRAPPINGS: Final = ("Message", "MessageBody", "detail")
"""SNS; the AwsSqsTracking plugin inside SNS (`Queue/Processor.php`, `getRequestSetArrayFromQueueMessage`); EventBridge."""


def unwrap(body: str | bytes) -> dict[str, Any]:
    """The object that has `content`, however deep it is wrapped.

    Raises:
        RejectedError: there is none; the text tells the shape and never the content.
    """
    value: Any = body
    for _ in range(_LAYERS):
        if isinstance(value, str | bytes):
            value = _parse(value)
            continue
        if not isinstance(value, dict):
            break
        if isinstance(value.get("content"), dict):
            return value
        wrapped = next((name for name in _WRAPPINGS if isinstance(value.get(name), str | dict)), None)
        if wrapped is None:
            break
        value = value[wrapped]
    raise RejectedError(f"no tracking message: {shape_of(value)}")


def _parse(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    raise RejectedError(f"not JSON: {shape_of(text)}")  # outside: the error of the parser carries the whole text


def shape_of(value: object) -> str:
    """The type and size of a value, for an error message.

    >>> shape_of({"a": 1}), shape_of(None)
    ('dict of 1', 'NoneType')
    """
    size = f" of {len(value)}" if isinstance(value, str | bytes | list | dict) else ""
    return f"{type(value).__name__}{size}"


def parameters_of(request: Mapping[str, Any]) -> dict[str, str]:
    """Every value as the text a form would carry; what is structured (`uadata` as PHP decodes it) is JSON again, as Matomo needs it.

    Nearly always all are texts already, which is found in 1 us; to look at each takes 6.

    >>> parameters_of({"idsite": 1, "uadata": {"mobile": False}, "h": None})
    {'idsite': '1', 'uadata': '{"mobile":false}', 'h': ''}
    """
    if _ONLY_TEXTS.issuperset(map(type, request.values())):
        return dict(request)
    return {name: text_of(value) for name, value in request.items()}


_ONLY_TEXTS: Final = frozenset({str})


def text_of(value: Any) -> str:
    """A JSON value as PHP writes it where a text is wanted; what is structured is JSON.

    >>> text_of(True), text_of(False), text_of(1.5), text_of([1])
    ('1', '', '1.5', '[1]')
    """
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return "1" if value else ""
    return orjson.dumps(value).decode()


def server_in(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """`env.server` of a message, empty where it has none."""
    environment = content.get("env")
    server = environment.get("server") if isinstance(environment, dict) else None
    return server if isinstance(server, dict) else {}


def way_here(server: Mapping[str, Any]) -> dict[str, Any]:
    """How a request came, by `env.server`: the fields of a queued hit."""
    return {
        "method": text_of(server.get("REQUEST_METHOD")) or "GET",
        "scheme": text_of(server.get("REQUEST_SCHEME")) or "https",
        "host": text_of(server.get("HTTP_HOST")),
        "path": text_of(server.get("SCRIPT_NAME")) or "/matomo.php",
        "referer": text_of(server.get("HTTP_REFERER")),
    }
