"""Put answers into the commented footfall.toml, line by line, so that its explanations are written once and stay."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from footfall.configuration import Configuration
from footfall.errors import ConfigurationError

Values = Mapping[str, Any]
"""Answers by full key: `privacy.ip`, `edge.domain_names`, and `site`, `ids`, `hosts` for the one site."""

_HEADER: Final = re.compile(r"""\[(?P<name>[^\[\]]+)\](?P<rest>.*)""")
_LINE: Final = re.compile(r"""(?P<key>[a-z_]+)(?P<sign> *= *)(?P<value>"[^"]*"|\[[^\]]*\]|[^#\s]+)(?P<gap>\s*)(?P<comment>#.*)?""")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def commented_text() -> str:
    """The repository's own footfall.toml: the file of the checkout, or the copy that the installed package was built with."""
    return files("footfall.cli").joinpath("footfall.toml").read_text("utf-8")


def explanations(text: str) -> dict[str, str]:
    r"""Read what the file says about each key, in the comment beside it.

    >>> explanations('[lake]\nkeep_days = 0    # 0 = for ever')
    {'lake.keep_days': '0 = for ever'}
    """
    found, section = {}, ""
    for line in text.splitlines():
        header, pair = _HEADER.match(line), _LINE.fullmatch(line)
        section = f"{header['name']}." if header else section
        if pair and pair["comment"]:
            found[section + pair["key"]] = pair["comment"].lstrip("# ")
    return found


def with_values(text: str, values: Values, *, source: str = "footfall.toml") -> str:
    """Write the values into the text and keep every comment.

    Raises:
        ConfigurationError: a value is not allowed, or the text, having been edited, has no single line for a key.
    """
    keyed = _keyed(text, values, source)
    lines, done = [], set()
    section = ""
    for line in text.splitlines():
        header, pair = _HEADER.match(line), _LINE.fullmatch(line)
        if header:
            section = f"{header['name']}."
            lines.append(_site_header(line, header, keyed))
        elif pair and section + pair["key"] in keyed:
            done.add(section + pair["key"])
            lines.append(_with_value(pair, keyed[section + pair["key"]]))
        else:
            lines.append(line)
    missing = [f"{key}: the text has no line `{key.rpartition('.')[2]} = …` of its own to write to" for key in keyed if key not in done]
    if missing:
        raise ConfigurationError(source, missing)
    written = "\n".join(lines) + "\n"
    check_text(written, source=source)
    return written


def check_text(text: str, *, source: str = "footfall.toml") -> Configuration:
    """Read a footfall.toml from its text.

    Raises:
        ConfigurationError: as `Configuration.load`.
    """
    return Configuration.from_document(_parse(text, source), source=source)


def _parse(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as not_toml:
        raise ConfigurationError(source, [f"not TOML: {not_toml}"]) from not_toml


def _keyed(text: str, values: Values, source: str) -> dict[str, Any]:
    """The values by the keys of the text, where the site still has its old key."""
    own = {"site", "ids", "hosts"}
    keyed = {key: value for key, value in values.items() if key not in own}
    if own.isdisjoint(values):
        return keyed
    tables = [key for key, value in _parse(text, source).get("sites", {}).items() if isinstance(value, dict)]
    if len(tables) != 1:
        raise ConfigurationError(source, [f"sites: the text registers {len(tables)} sites and init writes one; edit [sites] by hand"])
    if values.get("site") == "default":
        raise ConfigurationError(source, ["sites.default = 'default': allowed is any other site key; this name is taken by the key itself"])
    keyed |= {f"sites.{tables[0]}.{key}": values[key] for key in ("ids", "hosts") if key in values}
    return keyed | ({"sites.default": values["site"]} if "site" in values else {})


def _site_header(line: str, header: re.Match[str], keyed: Mapping[str, Any]) -> str:
    """The header of the site's table, under its new key; the comment beside it names the partition, so that changes too."""
    table, _, old = header["name"].partition(".")
    new = keyed.get("sites.default", old)
    if table != "sites" or not old or new == old:
        return line
    start = f"[sites.{new if _BARE.fullmatch(new) else json.dumps(new)}]"
    rest = header["rest"].replace(f"site={old}/", f"site={new}/")
    return _aligned(start, line.find("#"), rest.lstrip())


def _with_value(pair: re.Match[str], value: Any) -> str:
    shown = json.dumps(list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value, ensure_ascii=False)
    return _aligned(f"{pair['key']}{pair['sign']}{shown}", pair.start("comment"), pair["comment"] or "")


def _aligned(start: str, column: int, comment: str) -> str:
    """A line whose comment begins where it did, or two spaces behind a longer value."""
    return f"{start}{' ' * max(2, column - len(start))}{comment}" if comment else start
