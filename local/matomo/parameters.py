"""Read a hit's parameters as PHP does: the last of a name wins, and an array counts as nothing said."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

_ARRAY: Final = re.compile(r"^([^\[]+)\[")
_INTEGER: Final = re.compile(r"-?[0-9]+")


def read_query(query: str) -> dict[str, str]:
    """Read a query as parse_str: `a[]=1` makes of `a` an array, which is left out; what is not UTF-8 is ISO-8859-1 (t60_odd_bad_utf8_uid).

    >>> read_query("cip=192.0.2.1&cip[]=192.0.2.2&uid=caf%E9")
    {'uid': 'café'}
    """
    parameters: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        name = _decode(name)
        if array := _ARRAY.match(name):
            parameters.pop(array[1], None)
        elif name:
            parameters[name] = _decode(value)
    return parameters


def read_object(element: Mapping[str, object]) -> dict[str, str]:
    """Read a hit given as a JSON object: scalars become what PHP prints for them."""
    return {name: _scalar(value) for name, value in element.items() if isinstance(value, (str, int, float))}


def integer(parameters: Mapping[str, str], name: str, default: int) -> int:
    """Read an integer as Common::getRequestVar: anything else is the default."""
    text = parameters.get(name, "")
    return int(text) if _INTEGER.fullmatch(text) else default


def _decode(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    raw = unquote_to_bytes(text.replace("+", " ").encode("utf-8", "surrogateescape"))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _scalar(value: str | float) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return str(value)
