"""Write a Hit as a row of the lake: the measured hot path; every column is declared in `schema`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from footfall.dialects import matomo
from footfall.hits import schema
from footfall.hits.agents import RULES_VERSION, Agent, Classification
from footfall.hits.convert import to_decimal
from footfall.hits.hit import Hit, Request
from footfall.hits.memo import Memo
from footfall.hits.parameter_columns import ParameterColumns
from footfall.hits.sources import Page, Source
from footfall.version import VERSION

Row = dict[str, Any]

_NO_CAMPAIGN: Final = (None,) * len(Page._fields[3:])


class RowWriter:
    """Writes rows under one configuration; `removed` are the URL parameters that are never written.

    Nearly all agents come again, so they are remembered as the columns they make, without the empty ones: 1 us instead of 3.
    """

    def __init__(self, *, sampling_rate: int, user_agent_policy: str, removed: frozenset[str], limit: int = 20_000) -> None:
        self.provenance = {"schema_version": schema.SCHEMA_VERSION, "sampling_rate": sampling_rate, "code_version": VERSION}
        self.keeps_user_agent = user_agent_policy == "keep"
        self.drops_agent = user_agent_policy == "drop"
        self.parameters = ParameterColumns(removed, limit=limit)
        self._seconds: Memo[int, str] = Memo(_second_text, limit=limit)
        self._agents: Memo[Agent, Row] = Memo(lambda agent: without_empty(agent._asdict()), limit=limit)
        self._classifications: Memo[Classification, Row] = Memo(_classification_columns, limit=limit)

    def forget(self) -> None:
        """Forget what clients sent: called when the salts rotate."""
        self.parameters.forget()
        self._agents.clear()
        self._classifications.clear()

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
        _add_visitor(row, hit)
        self.parameters.add(row, hit)
        if hit.dialect != "pixel":
            _add_tracker_columns(row, hit)
        return row

    def request_columns(self, request: Request, dialect: str | None) -> Row:
        """The columns that hits and rejects share."""
        time = self.time(request.received_ms)
        row = {
            "event_id": request.request_id,
            "event_time": time,
            "received_at": time,
            "method": request.method,
            "host": request.host,
            "path": request.path,
            **self.provenance,
        }
        if dialect is not None:
            row["dialect"] = dialect
        if request.edge_location is not None:
            row["edge_location"] = request.edge_location
        return row

    def _add_visit(self, row: Row, hit: Hit) -> None:
        """What was reported, with what, from where."""
        row["action"] = hit.action
        row["authenticated"] = hit.authenticated
        row["stripped"] = hit.is_stripped
        row["is_email_open"] = hit.is_email_open
        if hit.is_email_open:
            row["open_class"] = hit.classification.open_class or "direct"
        if not self.drops_agent:
            row |= self._agents[hit.agent]
        if self.keeps_user_agent and hit.user_agent and not hit.is_stripped:
            row["user_agent"] = hit.user_agent
        row |= self._classifications[hit.classification]
        _add_page(row, hit.page)
        if hit.is_stripped:
            row.pop("click_id", None)
        _add_source(row, hit.source)


def without_empty(columns: Row) -> Row:
    """Leave out the columns that have no value."""
    return {name: value for name, value in columns.items() if value is not None}


def _second_text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _classification_columns(classification: Classification) -> Row:
    columns = classification._asdict() | {"rules_version": RULES_VERSION, "evidence": list(classification.evidence) or None}
    del columns["open_class"]  # a column of e-mail opens only
    return without_empty(columns)


def _add_page(row: Row, page: Page) -> None:
    """The page, and its campaign when it has one."""
    if page.url is not None:
        row["url"] = page.url
    if page.host is not None:
        row["url_host"] = page.host
    if page.path is not None:
        row["url_path"] = page.path
    if page[3:] != _NO_CAMPAIGN:
        row |= without_empty(dict(zip(Page._fields[3:], page[3:], strict=True)))


def _add_source(row: Row, source: Source) -> None:
    """Where the visit came from."""
    row["source_class"] = source.source_class
    if source.source_name is not None:
        row["source_name"] = source.source_name
    if source.source_keyword is not None:
        row["source_keyword"] = source.source_keyword
    if source.referrer is not None:
        row["referrer"] = source.referrer
    if source.referrer_host is not None:
        row["referrer_host"] = source.referrer_host


def _add_visitor(row: Row, hit: Hit) -> None:
    """Who visited, as far as policy allows."""
    visitor_id, row["visitor_id_origin"], missing, user_id, address = hit.identity
    headers = hit.request.headers
    if visitor_id is not None:
        row["visitor_id"] = visitor_id
    if missing is not None:
        row["visitor_id_missing"] = missing
    if user_id is not None:
        row["user_id"] = user_id
    if address is not None:
        row["ip"] = address
    if hit.country is not None:
        row["country"] = hit.country
    if headers.gpc is not None:
        row["gpc"] = headers.gpc
    if headers.dnt is not None:
        row["dnt"] = headers.dnt
    if headers.language:
        row["language"] = headers.language


def _add_tracker_columns(row: Row, hit: Hit) -> None:
    """Columns that several parameters make, or that count only with an accepted token."""
    values = hit.parameters
    local_time = matomo.local_time_of(values) if "h" in values else None
    if local_time is not None:
        row["local_time"] = local_time
    goal = values.get("idgoal", "")
    if goal not in ("", "0", "-1"):
        row["goal_id"] = goal
    if values.get("lang"):
        row["language"] = values["lang"].lower()[:20]
    if hit.authenticated:
        row |= overrides_of(values)


def overrides_of(values: Mapping[str, str]) -> Row:
    """The columns that an accepted token lets a tracker set."""
    return without_empty(
        {
            "region": values.get("region") or None,
            "city": values.get("city") or None,
            "latitude": to_decimal(values.get("lat", "")),
            "longitude": to_decimal(values.get("long") or values.get("lon") or ""),
        }
    )
