"""Tell which of CloudFront's log formats a file has."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from footfall.configuration import Edge
from footfall.errors import RejectedError
from footfall.importing.formats import (
    FIELDS_LINE,
    FIREHOSE,
    JSON,
    REAL_TIME,
    STANDARD,
    FirehoseErrorParser,
    JsonParser,
    Parser,
    RealTimeParser,
    StandardParser,
    fields_of,
    is_comment,
    read_object,
)
from footfall.importing.standard import LEGACY_FIELDS

_TIMESTAMP: Final = re.compile(r"[0-9]{9,10}(\.[0-9]+)?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FEWEST_LEGACY_FIELDS: Final = 15  # up to x-edge-request-id, without which there is no event id


def make_parser(name: str, edge: Edge) -> Parser:
    """The parser of a format that a person named."""
    parsers: dict[str, Callable[[Edge], Parser]] = {
        REAL_TIME: RealTimeParser,
        STANDARD: StandardParser,
        JSON: JsonParser,
        FIREHOSE: FirehoseErrorParser,
    }
    return parsers[name](edge)


def detect(sample: Sequence[bytes], edge: Edge) -> Parser:
    """Find the parser of a file by its first lines; the first that is recognised decides.

    Raises:
        RejectedError: no line is of a format known here; says what the first one looks like.
    """
    content = [line for line in sample if not is_comment(line) or line.startswith(FIELDS_LINE)]
    for line in content:
        parser = _recognise(line, edge)
        if parser is not None:
            return parser
    if content:
        raise RejectedError(_describe(content[0], edge))
    return StandardParser(edge)  # nothing but comments: any format will do


def _recognise(line: bytes, edge: Edge) -> Parser | None:
    if line.startswith(FIELDS_LINE):
        return StandardParser(edge, fields_of(line))
    if line.startswith(b"{"):
        keys = read_object(line) or {}
        if "rawData" in keys:
            return FirehoseErrorParser(edge)
        return JsonParser(edge) if "x-edge-request-id" in keys else None
    columns = line.decode("utf-8", "replace").split("\t")
    if len(columns) == len(edge.log_fields) and _TIMESTAMP.fullmatch(columns[0]):
        return RealTimeParser(edge)
    if _DATE.fullmatch(columns[0]) and _FEWEST_LEGACY_FIELDS <= len(columns) <= len(LEGACY_FIELDS):
        return StandardParser(edge, LEGACY_FIELDS[: len(columns)])
    return None


def _describe(line: bytes, edge: Edge) -> str:
    if line.startswith(b"PAR1"):
        return "Parquet: standard logs in Parquet are not read; deliver them as W3C or JSON"
    columns = line.decode("utf-8", "replace").split("\t")
    if _TIMESTAMP.fullmatch(columns[0]) and len(columns) > 1:
        return f"real-time lines of {len(columns)} columns, and the field list has {len(edge.log_fields)}: name the fields with --fields"
    return "no line looks like a CloudFront log: real-time, standard (W3C) or JSON"
