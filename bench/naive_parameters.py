"""Parameters, plainly: which have a column, of which type, and what is kept of the rest."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bench.naive_request import Pairs, Row, mask, network_of, parse_address
from bench.naive_visit import removed_parameters
from footfall.configuration import Configuration
from footfall.dialects.parameters import BY_DIALECT, Use
from footfall.hits import sources


def parameters(pairs: Pairs, values: Mapping[str, str], dialect: str, configuration: Configuration, *, is_masked: bool) -> Row:
    """Typed columns, `dimensions`, and in order every pair that is in neither."""
    removed = removed_parameters(configuration)
    table = BY_DIALECT[dialect]
    row: Row = {}
    dimensions: dict[str, str] = {}
    in_column = set()
    for name, value in values.items():
        known = table.get(name)
        if known and known.column:
            converted = convert(known.use, value, removed)
            if converted is not None:
                in_column.add(name)
                row |= {known.column: converted} if converted != "" else {}
        elif dialect != "pixel" and re.fullmatch("dimension[0-9]{1,3}", name):
            dimensions[name.removeprefix("dimension")] = value
            in_column.add(name)
    kept = []
    last = {name: position for position, (name, _) in enumerate(pairs)}
    for position, (name, value) in enumerate(pairs):
        known = table.get(name)
        is_secret = name.lower().partition("[")[0] in removed and not (known and known.column)
        is_written = not is_secret and not (known and not known.column and known.use is not Use.KEPT)
        if is_written and name in values and not (name in in_column and position == last[name]):
            kept.append({"name": name, "value": shown(value, removed, is_masked=is_masked)})
    return row | ({"dimensions": dimensions} if dimensions else {}) | ({"parameters": kept} if kept else {})


def convert(use: Use, text: str, removed: frozenset[str]) -> Any:
    """The value of a typed column, or None when the text does not fit it."""
    if use is Use.TEXT:
        return text
    if use is Use.URL:
        return sources.clean_url(text, removed)
    if use is Use.FLAG:
        return {"1": True, "true": True, "0": False, "false": False}.get(text)
    if use is Use.INTEGER:
        return int(text) if re.fullmatch("-?[0-9]{1,18}", text) else None
    number = float(text) if re.fullmatch(r"-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?", text) else math.inf
    return number if math.isfinite(number) else None


def shown(value: str, removed: frozenset[str], *, is_masked: bool) -> str:
    """A kept value: without secrets, an address truncated, only its shape when identity is stripped."""
    value = sources.clean_url(value, removed)
    if is_masked:
        return mask(value)
    address = parse_address(value) if ":" in value or "." in value else None
    return network_of(address) if address else value


def custom_time_ms(overrides: Mapping[str, str], received_ms: int) -> int | None:
    """The time an authenticated tracker gives: not before 2000, not after the request."""
    given, offset = overrides.get("cdt", ""), overrides.get("cdo", "")
    if not given and not offset:
        return None
    moment_ms = received_ms
    if re.fullmatch(r"[0-9]{1,11}(\.[0-9]{1,9})?", given):
        moment_ms = int(given.split(".")[0]) * 1000
    elif given:
        try:
            moment = datetime.fromisoformat(given)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if moment.year < 2000:
            return None
        moment_ms = math.floor(moment.timestamp()) * 1000
    if offset:
        if not re.fullmatch("-?[0-9]{1,9}", offset):
            return None
        moment_ms -= abs(int(offset)) * 1000
    return moment_ms if datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1000 <= moment_ms <= received_ms else None
