"""Undo what a message of the tracking queue travelled in: the plugin's triple-encoded SNS form, SNS, EventBridge, or nothing."""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from footfall.errors import RejectedError

_LAYERS: Final = 8
"""Steps down to `content`: the plugin's own form takes six, a text that is JSON being one and what it holds another."""
MOST_LEVELS: Final = 64
"""How deep what a message holds is looked into."""
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
    mended = text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        mended = _without_lone_surrogates(text)
    try:
        return orjson.loads(mended)
    except orjson.JSONDecodeError:
        pass
    raise RejectedError(f"not JSON: {shape_of(text)}")  # outside: the error of the parser carries the whole text


def _without_lone_surrogates(text: str | bytes) -> str:
    r"""Put U+FFFD for half of a surrogate pair, as a decoder does for bytes that are no text.

    JavaScript cuts emoji in two (`title.slice(0, 20)`) and writes the half as `\ud83d`, which no JSON parser but its own reads: it must
    not cost a hit, nor its neighbours.

    >>> _without_lone_surrogates(r'"a\ud83d b\ud83d\ude00 c\\ud83d"')
    '"a\\ufffd b\\ud83d\\ude00 c\\\\ud83d"'
    """
    decoded = text if isinstance(text, str) else text.decode("utf-8", "replace")
    return _SURROGATE.sub("\ufffd", _ESCAPE.sub(_whole_or_replaced, decoded))


_ESCAPE: Final = re.compile(
    r"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""An escape of JSON: a whole pair of surrogates, half of one, or any other."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _whole_or_replaced(escape: re.Match[str]) -> str:
    return r"\ufffd" if escape[2] else escape[0]


def requests_of(content: Mapping[str, Any]) -> list[tuple[int, Any]]:
    """Number the requests of a message; PHP writes a list with gaps as an object, `{"0": …, "2": …}`.

    Raises:
        RejectedError: they are neither; the text tells the shape and never the content.
    """
    requests = content.get("requests")
    if isinstance(requests, list):
        return list(enumerate(requests))
    if isinstance(requests, dict) and all(_POSITION.fullmatch(position) for position in requests):
        return [(int(position), request) for position, request in requests.items()]
    raise RejectedError(f"content.requests is {shape_of(requests)}, not a list")


_POSITION: Final = re.compile("[0-9]{1,9}")


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

    Raises:
        TypeError: it is nested more than 250 levels deep, which is no tracker's.
    """
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return "1" if value else ""
    return orjson.dumps(value).decode()


def shallow(value: Any, levels: int = MOST_LEVELS) -> Any:
    """Copy a JSON value without what lies deeper than so many levels: a parser reads 1,000 of them, and no writer takes so many."""
    if isinstance(value, dict):
        return {name: shallow(each, levels - 1) for name, each in value.items()} if levels else None
    if isinstance(value, list):
        return [shallow(each, levels - 1) for each in value] if levels else None
    return value


def server_in(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """`env.server` of a message, empty where it has none."""
    environment = content.get("env")
    server = environment.get("server") if isinstance(environment, dict) else None
    return {name: value if isinstance(value, str) else shallow(value) for name, value in server.items()} if isinstance(server, dict) else {}


def way_here(server: Mapping[str, Any]) -> dict[str, Any]:
    """How a request came, by `env.server`: the fields of a queued hit."""
    return {
        "method": text_of(server.get("REQUEST_METHOD")) or "GET",
        "scheme": text_of(server.get("REQUEST_SCHEME")) or "https",
        "host": text_of(server.get("HTTP_HOST")),
        "path": text_of(server.get("SCRIPT_NAME")) or "/matomo.php",
        "referer": text_of(server.get("HTTP_REFERER")),
    }
