"""Write a Hit as a row of the lake: the measured hot path; every column is declared in `schema`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from footfall.dialects import matomo
from footfall.dialects.parameters import BY_DIALECT, DIMENSION_PREFIX, Use
from footfall.hits import agents, schema, sources
from footfall.hits.convert import FLAGS, shown, to_decimal, to_integer
from footfall.hits.hit import Hit, Request
from footfall.hits.memo import Memo
from footfall.version import VERSION

Row = dict[str, Any]
Convert = Callable[[str], Any]


class RowWriter:
    """Writes rows under one configuration; `removed` are the URL parameters that are never written."""

    def __init__(self, *, sampling_rate: int, user_agent_policy: str, removed: frozenset[str], limit: int = 20_000) -> None:
        self.provenance = {"schema_version": schema.SCHEMA_VERSION, "sampling_rate": sampling_rate, "code_version": VERSION}
        self._keeps_user_agent = user_agent_policy == "keep"
        self._drops_agent = user_agent_policy == "drop"
        self._removed = removed
        self._clean: Memo[str, str] = Memo(lambda url: sources.clean_url(url, removed), limit=limit)
        self._seconds: Memo[int, str] = Memo(_second_text, limit=limit)
        self._rules = {dialect: self._converters(dialect) for dialect in BY_DIALECT}

    def forget(self) -> None:
        """Forget the URLs seen: called when the salts rotate."""
        self._clean.clear()

    def _converters(self, dialect: str) -> dict[str, tuple[str, Convert | None] | None]:
        """By parameter: None = read elsewhere or not written; else the column and how to convert (None: as it is)."""
        by_use: dict[Use, Convert | None] = {
            Use.TEXT: None,
            Use.URL: self._clean.__getitem__,
            Use.INTEGER: to_integer,
            Use.DECIMAL: to_decimal,
            Use.FLAG: FLAGS.get,
        }
        rules: dict[str, tuple[str, Convert | None] | None] = dict.fromkeys(self._removed)
        for name, parameter in BY_DIALECT[dialect].items():
            if parameter.column is not None:
                rules[name] = (parameter.column, by_use[parameter.use])
            elif parameter.use is not Use.KEPT:
                rules[name] = None
        return rules

    def time(self, moment_ms: int) -> str:
        """Unix milliseconds as `YYYY-MM-DD HH:MM:SS.mmm`, UTC."""
        return f"{self._seconds[moment_ms // 1000]}.{moment_ms % 1000:03d}"

    def hit_row(self, hit: Hit) -> Row:
        """The row of a hit; columns without a value are left out."""
        row = self.request_columns(hit.request, hit.dialect)
        if hit.event_ms != hit.request.received_ms:
            row["event_time"] = self.time(hit.event_ms)
        if hit.damaged:
            row["damaged"] = list(hit.damaged)
        self._add_visit(row, hit)
        self._add_parameters(row, hit)
        if hit.dialect != "pixel":
            _add_tracker_columns(row, hit)
        return {name: value for name, value in row.items() if value is not None}

    def request_columns(self, request: Request, dialect: str | None) -> Row:
        """The columns that hits and rejects share."""
        time = self.time(request.received_ms)
        return {
            "event_id": request.request_id,
            "event_time": time,
            "received_at": time,
            "dialect": dialect,
            "method": request.method,
            "host": request.host,
            "path": request.path,
            "edge_location": request.edge_location,
            **self.provenance,
        }

    def _add_visit(self, row: Row, hit: Hit) -> None:
        """Who, with what, from where: everything that no parameter names."""
        agent, classification, page, source = hit.agent, hit.classification, hit.page, hit.source
        row["action"] = hit.action
        row["authenticated"] = hit.authenticated
        row["stripped"] = hit.is_stripped
        row["is_email_open"] = hit.is_email_open
        row["gpc"] = hit.request.headers.gpc
        row["dnt"] = hit.request.headers.dnt
        row["visitor_id"] = hit.identity.visitor_id
        row["visitor_id_origin"] = hit.identity.origin
        row["visitor_id_missing"] = hit.identity.missing
        row["user_id"] = hit.identity.user_id
        row["ip"] = hit.identity.address
        row["country"] = hit.country
        if not self._drops_agent:
            row["browser"] = agent.browser
            row["browser_version"] = agent.browser_version
            row["os"] = agent.os
            row["os_version"] = agent.os_version
            row["device"] = agent.device
            row["device_type"] = agent.device_type
        if self._keeps_user_agent and not hit.is_stripped:
            row["user_agent"] = hit.parameters.get("ua") or hit.request.user_agent or None
        row["language"] = hit.request.headers.language or None
        row["agent_class"] = classification.agent_class
        row["bot_kind"] = classification.bot_kind
        row["agent_name"] = classification.agent_name
        row["rules_version"] = agents.RULES_VERSION
        if classification.evidence:
            row["evidence"] = list(classification.evidence)
        if hit.is_email_open:
            row["open_class"] = classification.open_class or "direct"
        row["url"] = page.url
        row["url_host"] = page.host
        row["url_path"] = page.path
        row["campaign_source"] = page.campaign_source
        row["campaign_medium"] = page.campaign_medium
        row["campaign_name"] = page.campaign_name
        row["campaign_term"] = page.campaign_term
        row["campaign_content"] = page.campaign_content
        row["campaign_id"] = page.campaign_id
        row["click_id_name"] = page.click_id_name
        row["click_id"] = None if hit.is_stripped else page.click_id
        row["referrer"] = source.referrer
        row["referrer_host"] = source.referrer_host
        row["source_class"] = source.source_class
        row["source_name"] = source.source_name
        row["source_keyword"] = source.source_keyword

    def _add_parameters(self, row: Row, hit: Hit) -> None:
        """Every parameter to its column, or to `parameters` when it has none or its value does not fit."""
        rules = self._rules[hit.dialect]
        rest: list[tuple[str, str]] = []
        dimensions: dict[str, str] = {}
        has_dimensions = hit.dialect != "pixel"
        values = hit.parameters
        for name, value in values.items():
            rule = rules.get(name, _UNKNOWN)
            if rule is None:
                continue
            if rule is _UNKNOWN:
                if has_dimensions and name.startswith(DIMENSION_PREFIX) and _is_dimension(name):
                    dimensions[name[9:]] = value
                else:
                    rest.append((name, value))
                continue
            column, convert = rule
            converted = value if convert is None else convert(value)
            if converted is None:
                rest.append((name, value))
            elif value:
                row[column] = converted
        if hit.pairs is not None:
            rest = self._with_repeats(hit, rest)
        if rest:
            row["parameters"] = [{"name": name, "value": self._shown(value, is_masked=hit.is_stripped)} for name, value in rest]
        if dimensions:
            row["dimensions"] = dimensions

    def _shown(self, value: str, *, is_masked: bool) -> str:
        return shown(self._clean[value] if "=" in value or "%3" in value else value, is_masked=is_masked)

    def _with_repeats(self, hit: Hit, rest: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """All that is not in a column, in the order sent: what has no column, and the earlier values of what has one."""
        without_column = {name for name, _ in rest}
        rules = self._rules[hit.dialect]
        pairs = hit.pairs or []
        last = {name: position for position, (name, _) in enumerate(pairs)}
        return [
            (name, value)
            for position, (name, value) in enumerate(pairs)
            if name in hit.parameters and (name in without_column or (position != last[name] and rules.get(name, _UNKNOWN) is not None))
        ]


_UNKNOWN: Final[tuple[str, Convert | None]] = ("", None)


def _second_text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _is_dimension(name: str) -> bool:
    number = name[9:]
    return number.isascii() and number.isdigit() and 1 <= len(number) <= 3  # noqa: PLR2004 - dimension1 to dimension999


def _add_tracker_columns(row: Row, hit: Hit) -> None:
    """Columns that several parameters make, or that count only with an accepted token."""
    values: Mapping[str, str] = hit.parameters
    if "h" in values:
        row["local_time"] = matomo.local_time_of(values)
    goal = values.get("idgoal", "")
    if goal not in ("", "0", "-1"):
        row["goal_id"] = goal
    if values.get("lang"):
        row["language"] = values["lang"].lower()[:20]
    if hit.authenticated:
        row["region"] = values.get("region") or None
        row["city"] = values.get("city") or None
        row["latitude"] = to_decimal(values.get("lat", ""))
        row["longitude"] = to_decimal(values.get("long") or values.get("lon") or "")
