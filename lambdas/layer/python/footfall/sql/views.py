"""The views over the lake, declared once: name, purpose and columns here, the SELECT in `views/<name>.sql`.

The SQL is in what Athena (Trino) and DuckDB both understand, so no engine sees a translation. Where the two differ silently it is
written so that they cannot: no division of integers, `date_diff` only in milliseconds (DuckDB counts boundaries, Trino whole units),
`min_by` only over values that are not null (DuckDB skips nulls, Trino does not), no approximate counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from footfall.hits.schema import DECIMAL, FLAG, HITS, INTEGER, TEXT, TIME, Column

DATE: Final = "date"
"""Glue's type of the partition key `date`; no column of a Parquet file has it."""

SITE: Final = Column(name="site", type=TEXT, meaning="Key of a registered site.")
DAY: Final = Column(name="date", type=DATE, meaning="UTC day on which the edge answered.")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view: `columns` are what its SELECT returns, in that order and with those Glue types."""

    name: str
    purpose: str
    columns: tuple[Column, ...]

    @property
    def sql(self) -> str:
        """The SELECT that defines the view."""
        return read_sql("views", self.name).replace("$columns", _names(self.columns))


@cache
def read_sql(folder: str, name: str) -> str:
    """Read a file of this package, for example `read_sql("queries", "pages")`; without the newline at its end."""
    return files("footfall.sql").joinpath(folder, f"{name}.sql").read_text("utf-8").rstrip()


def _names(columns: tuple[Column, ...]) -> str:
    return ",\n  ".join(f'"{column.name}"' for column in columns)


def _of(type_: str) -> Callable[[str, str], Column]:
    return lambda name, meaning: Column(name=name, type=type_, meaning=meaning)


_text, _count, _number, _flag, _time = (_of(type_) for type_ in (TEXT, INTEGER, DECIMAL, FLAG, TIME))

_HIT_COLUMNS: Final = (*HITS, SITE, DAY)
_START_DAY: Final = Column(name="date", type=DATE, meaning="UTC day on which the session began.")

_CAMPAIGN: Final = (
    _text("campaign_source", "utm_source, mtm_source, pk_source."),
    _text("campaign_medium", "utm_medium, mtm_medium, pk_medium."),
    _text("campaign_name", "utm_campaign, mtm_campaign, pk_campaign."),
)
_CONTENT: Final = _text("campaign_content", "utm_content, mtm_content, pk_content.")

_SESSION_COLUMNS: Final = (
    SITE,
    _START_DAY,
    _text("session_id", "Event id of the session's first hit."),
    _text("visitor_id", "As in hits; hits without one belong to no session."),
    _text("user_id", "The site's own id of a signed-in user, when any hit of the session has one."),
    _time("started_at", "Time of the first hit, UTC."),
    _time("ended_at", "Time of the last hit, UTC."),
    _number("duration_s", "Seconds from the first hit to the last."),
    _count("hits", "Hits of any action, e-mail opens excepted."),
    _count("page_views", "Page views, plain pixels included."),
    _count("events", "Events."),
    _count("site_searches", "Site searches."),
    _count("goals", "Goal conversions."),
    _count("orders", "Orders; one that was reported before on the site is not counted again."),
    _number("revenue", "Revenue of goals and of the orders counted; 0 when there is none."),
    _flag("is_bounce", "One hit and no more, pings, consent and content impressions left aside."),
    _text("entry_url", "URL of the first page view."),
    _text("exit_url", "URL of the last page view."),
    _text("entry_page", "Host and path of the first page view."),
    _text("exit_page", "Host and path of the last page view."),
    _text("source_class", "As in hits, of the first hit that a campaign brought, else of the first hit."),
    _text("source_name", "Of the same hit as source_class."),
    _text("source_keyword", "Of the same hit as source_class."),
    _text("referrer_host", "Of the same hit as source_class."),
    *_CAMPAIGN,
    _text("campaign_term", "utm_term, mtm_keyword, pk_kwd."),
    _CONTENT,
    _text("country", "Of the first hit."),
    _text("language", "Of the first hit."),
    _text("browser", "Of the first hit."),
    _text("os", "Of the first hit."),
    _text("device_type", "Of the first hit."),
)

_CAMPAIGN_COLUMNS: Final = (
    SITE,
    _START_DAY,
    _text("campaign_source", "utm_source; for an advertising click without one, the network whose click id the page URL carried."),
    *_CAMPAIGN[1:],
    _count("visitors", "Different visitor ids."),
    _count("sessions", "Sessions that the campaign brought."),
    _count("bounces", "Those of one hit and no more."),
    _count("page_views", "Page views of those sessions."),
    _count("goals", "Goal conversions of those sessions."),
    _count("orders", "Orders of those sessions."),
    _number("revenue", "Revenue of those sessions."),
    _count("anonymous_hits", "Hits with this campaign and without a visitor id (policy leaves none): they are in no session."),
)

_OPEN_COLUMNS: Final = (
    SITE,
    DAY,
    _text("event_id", "As in hits."),
    _time("event_time", "When the picture was fetched, UTC."),
    _text("mailing", "Parameter mailing, else mailing_id or newsletter, else campaign id, else campaign name; null when none is told."),
    _text(
        "recipient",
        "Parameter recipient, else recipient_id, subscriber(_id), contact(_id), else uid, user_id or userid; "
        "else, for a direct open, the visitor id; null when stripped or not told.",
    ),
    _text("recipient_origin", "parameter, user_id, visitor_id (the same for one UTC day at most, unless the client sends one), or none."),
    _text("open_class", "direct (the reader's own client), proxy (fetched when read), prefetch (fetched by a machine, read or not)."),
    _count("open_number", "1 for a recipient's first open of the mailing; prefetches have numbers of their own; null without key."),
    _flag("is_repeat", "Whether the recipient opened the mailing before; null when that cannot be known."),
    *_CAMPAIGN,
    _CONTENT,
    _text("agent_name", "Name of the mail proxy."),
    _text("browser", "Browser or mail client, for direct opens."),
    _text("os", "Operating system, for direct opens."),
    _text("device_type", "Device type, for direct opens."),
    _text("country", "Country; for a proxy or a prefetch that of the machine."),
)

VIEWS: Final = (
    View(
        name="hits",
        purpose="Every hit once: of the copies that delivery, or an import of the same lines, left, the one with the most exact time.",
        columns=_HIT_COLUMNS,
    ),
    View(
        name="hits_human",
        purpose="Hits of people: browsers and apps, and proxies that fetch a picture when a mail is read. No bots, prefetches, scanners.",
        columns=_HIT_COLUMNS,
    ),
    View(
        name="sessions",
        purpose="Visits of people: a visitor's hits on one site, until 30 minutes without one, or until the tracker forces a new visit.",
        columns=_SESSION_COLUMNS,
    ),
    View(
        name="campaigns",
        purpose="What each campaign brought on each day: sessions, goals, orders, revenue.",
        columns=_CAMPAIGN_COLUMNS,
    ),
    View(
        name="email_opens",
        purpose="Opens of e-mails by people and their mail services, each marked as the recipient's first or a repeat.",
        columns=_OPEN_COLUMNS,
    ),
)
"""In the order in which one can be made of those before it."""
