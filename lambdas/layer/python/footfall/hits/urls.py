"""Take secrets and identifiers out of a URL, however deep they are escaped, and leave every other character as it was."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

DEPTH: Final = 3
"""Layers of %-escapes that are looked through: a URL in a parameter of a URL in a parameter of a URL."""

_PASSES: Final = 8
"""One per layer, and some for what a removal may bring together; only a text made for it needs more."""

_ASSIGNED: Final = re.compile(r"(?<![A-Za-z0-9_.\-%])([A-Za-z0-9_.\-%]++(?:\[[^\[\]=&#?/]{0,80}\]){0,5})=")
_LAST_NAME: Final = re.compile(r"[A-Za-z0-9_.\-]*\Z")
_LOGIN: Final = re.compile(r"(?:\A\s*[/\\]{2,}|:[/\\]{2,}|https?:[/\\]?)([^/\\?#&\s]{1,2000}@)", re.IGNORECASE)
_MAY_HIDE: Final = re.compile("%(?:25|3[Dd]|40)")
"""Escapes that may become `=` or `@`, in one layer or more; a URL without them and without both needs no second look."""
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")

_VALUE_ENDS: Final = {"path": re.compile(r"[/?#&;]"), "query": re.compile(r"[&#]"), "fragment": re.compile(r"&")}


class _Layer(NamedTuple):
    """The URL with some layers of escapes undone; character i stands for `url[offsets[i]:offsets[i + 1]]`."""

    text: str
    offsets: list[int]


def is_removed_parameter(name: str, removed: frozenset[str]) -> bool:
    """Whether a request's own parameter has a removed name: in any case, with or without `[…]` behind, as in a URL.

    >>> is_removed_parameter("SID[0]", frozenset({"sid"}))
    True
    """
    return name.lower().partition("[")[0] in removed


def clean_url(url: str, removed: frozenset[str]) -> str:
    """Remove a login and every parameter with a name in `removed`, in path, query and fragment and in URLs inside them.

    Names count in any case, with or without `[…]` behind, and with escapes. A name counts wherever it stands as a whole word
    before `=`, and takes all up to the next separator with it: in doubt too much is removed. Never raises; a URL with nothing
    to remove comes back as it was.

    >>> clean_url("https://jane:pw@example.org/?a=%7e&Sid=x&to=https%3A%2F%2Fe.org%2F%3Fsid%3Dx%26b%3D1", frozenset({"sid"}))
    'https://example.org/?a=%7e&to=https%3A%2F%2Fe.org%2F%3Fb%3D1'
    """
    if "=" not in url and "@" not in url and not ("%" in url and _MAY_HIDE.search(url)):
        return url
    names = _lower(removed)
    for _ in range(_PASSES):
        if not _is_suspect(url, names):
            return url
        url = _cut(url, names)
    bare = re.split(r"[?#]", url, maxsplit=1)[0]
    return "" if _is_suspect(bare, names) else bare


@lru_cache(maxsize=16)
def _lower(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _is_suspect(url: str, names: frozenset[str]) -> bool:
    """Say whether any layer holds a removed name or a login: the quick question, asked of every URL."""
    for _ in range(DEPTH + 1):
        for word in _ASSIGNED.findall(url):
            if _is_removed(word, names):
                return True
        if "@" in url and _LOGIN.search(url):
            return True
        if "%" not in url:
            return False
        url = unquote(url, "latin-1")
    return False


def _is_removed(word: str, names: frozenset[str]) -> bool:
    name = word.lower()
    if "%" not in name and "[" not in name:
        return name in names
    for _ in range(DEPTH):
        name = unquote(name, "latin-1").lower()
    return name in names or _LAST_NAME.findall(name.partition("[")[0])[0] in names


def _cut(url: str, names: frozenset[str]) -> str:
    """Cut what the outermost layer that holds anything holds; the caller asks again."""
    layer = _Layer(url, list(range(len(url) + 1)))
    for _ in range(DEPTH + 1):
        spans = _widened(layer.text, _merged(layer.text, _found(layer, url, names)))
        if spans:
            return _without(url, [(layer.offsets[start], layer.offsets[end]) for start, end in spans])
        layer = _unescaped(layer)
    return url


def _unescaped(layer: _Layer) -> _Layer:
    """Undo one layer of %XX, a byte a character: the names looked for are ASCII."""
    pieces: list[str] = []
    offsets: list[int] = []
    at = 0
    for escape in _ESCAPE.finditer(layer.text):
        pieces += (layer.text[at : escape.start()], chr(int(escape[1], 16)))
        offsets += layer.offsets[at : escape.start() + 1]
        at = escape.end()
    return _Layer("".join((*pieces, layer.text[at:])), offsets + layer.offsets[at:])


def _found(layer: _Layer, url: str, names: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Where in the layer's text a login, or a removed name with its value, stands."""
    for login in _LOGIN.finditer(layer.text):
        yield login.span(1)
    query, fragment = _sections(url)
    for assigned in _ASSIGNED.finditer(layer.text):
        if _is_removed(assigned[1], names):
            place = layer.offsets[assigned.start()]
            section = "path" if place < query else "query" if place < fragment else "fragment"
            end = _VALUE_ENDS[section].search(layer.text, assigned.end())
            yield assigned.start(), end.start() if end else len(layer.text)


def _sections(url: str) -> tuple[int, int]:
    """Where the query and the fragment begin."""
    fragment = url.find("#") if "#" in url else len(url)
    query = url.find("?", 0, fragment)
    return (fragment if query < 0 else query), fragment


def _merged(text: str, spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join spans that overlap or that only a `&` parts."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + (text[merged[-1][1] : merged[-1][1] + 1] == "&"):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _widened(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Take one separator along with each span, so that none is left doubled or dangling."""
    widened = []
    for start, end in spans:
        before, after = text[start - 1 : start] if start else "", text[end : end + 1]
        if before in ("&", ";"):
            widened.append((start - 1, end))
        elif before in ("?", "#") and after == "&":
            widened.append((start, end + 1))
        elif before in ("?", "#") and after in ("", "#"):
            widened.append((start - 1, end))
        else:
            widened.append((start, end))
    return widened


def _without(url: str, spans: list[tuple[int, int]]) -> str:
    pieces = []
    at = 0
    for start, end in spans:
        pieces.append(url[at:start])
        at = end
    return "".join((*pieces, url[at:]))
