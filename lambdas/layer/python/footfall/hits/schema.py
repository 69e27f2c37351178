"""The columns of the lake, declared once: landing schema, Glue tables, local Parquet, data dictionary and row builder read this.

Firehose converts JSON to Parquet with ONE schema, the landing schema: the columns of `hits` and of `rejects` together. Each
Glue table names only its own columns over its own prefix. `site` (hits) and `date` (both) are partition keys, not columns.
"""

from dataclasses import dataclass
from typing import Final

SCHEMA_VERSION: Final = 1

TEXT: Final = "string"
INTEGER: Final = "bigint"
DECIMAL: Final = "double"
FLAG: Final = "boolean"
TIME: Final = "timestamp"
"""Written as `YYYY-MM-DD HH:MM:SS.mmm`, UTC, which the OpenX JSON SerDe reads as a timestamp."""
TEXTS: Final = "array<string>"
PAIRS: Final = "array<struct<name:string,value:string>>"
NAMED: Final = "map<string,string>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: `type` in Glue's words, `meaning` as the data dictionary prints it."""

    name: str
    type: str
    meaning: str


def _columns(type_: str, **meanings: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, type=type_, meaning=meaning) for name, meaning in meanings.items())


_BOTH: Final = (
    *_columns(
        TEXT,
        event_id="CloudFront's request id; element n of a bulk is `<request id>#n`. One hit, one event id: deduplicate by it.",
    ),
    *_columns(
        TIME,
        event_time="When it happened, UTC: the edge's time, or the time the tracker gave with an accepted token (cdt).",
        received_at="When the edge finished answering, UTC.",
    ),
    *_columns(
        TEXT,
        dialect="Who speaks: matomo, piwik_pro or pixel (a plain pixel, every parameter kept).",
        method="HTTP method.",
        host="Host name the request was sent to.",
        path="Path the request was sent to, without its query.",
        edge_location="CloudFront edge location, for example FRA56-P4.",
    ),
    *_columns(
        INTEGER,
        schema_version="Version of this schema.",
        sampling_rate="Percent of requests CloudFront logged; below 100 totals are samples.",
    ),
    *_columns(TEXT, code_version="Version of Footfall that wrote the row."),
    *_columns(
        TEXTS,
        damaged="What had to be repaired: escapes, utf8 (of the query), headers_cut.",
        cut="Columns whose value was too long and was cut.",
    ),
)

_HIT_ONLY: Final = (
    *_columns(
        TEXT,
        action="What the request reports: page_view, event, site_search, outlink, download, content_impression, content_interaction, "
        "goal, order, cart, product_view, ping, custom, consent, pixel or email_open.",
        visitor_id="16 hex digits: the client's id, or an id that lasts one UTC day; null when policy leaves none.",
        visitor_id_origin="client, daily, or none.",
        visitor_id_missing="Why there is no visitor id: signal (GPC or DNT), salt (the line is older than its salt), address.",
        user_id="The site's own id of a signed-in user (uid), by policy.",
        ip="IP address by policy: truncated (IPv4 /24, IPv6 /48), hashed, kept, or null.",
        country="Two-letter country, by CloudFront; overridden by an authenticated parameter.",
        region="Authenticated override.",
        city="Authenticated override.",
        user_agent="Full user agent, only when `privacy.user_agent` is keep.",
        browser="Browser family, for example Firefox.",
        browser_version="Major version.",
        os="Operating system family.",
        os_version="Major version.",
        device="Device family, for example iPhone.",
        device_type="desktop, smartphone, tablet, tv, console, other.",
        language="First language of Accept-Language, or the tracker's lang, for example de-de.",
        agent_class="human, bot, email_proxy, prefetch or scanner. Default views show human and email_proxy.",
        bot_kind="For bots: search, ai_training, ai_search, ai_assistant, seo, monitor, social_preview, feed, library, archive, other.",
        agent_name="Name of the bot, proxy or scanner.",
        rules_version="Version of the classification rules.",
        open_class="For e-mail opens: direct (the reader's own client), proxy (fetched when read), prefetch (fetched by a machine).",
    ),
    *_columns(TEXTS, evidence="What the classification saw, for example user_agent:GPTBot, header:sec-purpose=prefetch."),
    *_columns(DECIMAL, latitude="Authenticated override.", longitude="Authenticated override."),
    *_columns(
        FLAG,
        authenticated="The request carried an accepted token, so auth-only parameters counted.",
        gpc="Sec-GPC was 1; null when it cannot be known.",
        dnt="DNT was 1; null when it cannot be known.",
        stripped="Identity was removed because of a signal.",
        is_email_open="A pixel hit with an e-mail medium, or from a known mail proxy.",
        is_new_visit="The tracker forces a new visit (new_visit).",
        cookies="The browser keeps cookies.",
    ),
    *_columns(
        TEXT,
        url="Page URL, without secrets and session ids.",
        url_host="Host of the page.",
        url_path="Path of the page.",
        title="Page title (action_name).",
        referrer="Referrer URL, without secrets and session ids.",
        referrer_host="Host of the referrer.",
        source_class="campaign, search, social, ai_assistant, mail, website, internal or direct.",
        source_name="Name of the search engine, network or service.",
        source_keyword="Search words, where the referrer still tells them.",
        campaign_source="utm_source, mtm_source, pk_source.",
        campaign_medium="utm_medium, mtm_medium, pk_medium.",
        campaign_name="utm_campaign, mtm_campaign, pk_campaign.",
        campaign_term="utm_term, mtm_keyword, pk_kwd.",
        campaign_content="utm_content, mtm_content, pk_content.",
        campaign_id="utm_id, mtm_cid, pk_cid.",
        click_id_name="Which advertising click id the page URL carried: gclid, fbclid, msclkid …",
        click_id="Its value; null when identity was removed.",
        page_view_id="pv_id: the same for all requests of one page view.",
        local_time="The visitor's local time, HH:MM:SS.",
        screen="Screen size, for example 1920x1080.",
        outlink="URL of a clicked outlink.",
        download="URL of a download.",
        event_category="e_c.",
        event_action="e_a.",
        event_name="e_n.",
        search_keyword="Site search.",
        search_category="Site search category.",
        content_name="Content tracking.",
        content_piece="Content tracking.",
        content_target="Content tracking.",
        content_interaction="Content tracking.",
        goal_id="idgoal, other than 0: a number, or a UUID in Piwik PRO.",
        order_id="ec_id.",
        items="ec_items or ec_products, JSON as sent.",
        product_sku="Product view.",
        product_name="Product view.",
        product_category="Product view.",
        attribution_campaign="_rcn.",
        attribution_keyword="_rck.",
        attribution_referrer="_ref, without secrets.",
        custom_variables_visit="_cvar, JSON as sent.",
        custom_variables_page="cvar, JSON as sent.",
        media_id="Media Analytics.",
        media_title="Media Analytics.",
        media_type="Media Analytics.",
        crash_message="Crash Analytics.",
        crash_type="Crash Analytics.",
        source_of_bot="AI-bot tracking: source.",
    ),
    *_columns(
        DECIMAL,
        event_value="e_v.",
        revenue="Revenue of a goal, or grand total of an order.",
        order_subtotal="ec_st.",
        order_tax="ec_tx.",
        order_shipping="ec_sh.",
        order_discount="ec_dt.",
        product_price="Product view.",
    ),
    *_columns(
        INTEGER,
        search_count="Results of a site search.",
        network_ms="pf_net.",
        server_ms="pf_srv.",
        transfer_ms="pf_tfr.",
        dom_processing_ms="pf_dm1.",
        dom_completion_ms="pf_dm2.",
        on_load_ms="pf_onl.",
        generation_ms="gt_ms, the page generation time of Matomo 3.",
        attribution_time="_refts, Unix seconds.",
        http_status="AI-bot tracking: status of the page.",
        bandwidth_bytes="AI-bot tracking: size of the page.",
    ),
    *_columns(NAMED, dimensions='Custom dimensions by id, for example {"1": "gold"}.'),
    *_columns(PAIRS, parameters="Every parameter that has no column or whose value did not fit it, in order, with repeats."),
)

_REJECT_ONLY: Final = (
    *_columns(
        TEXT,
        reason="Why it is not a hit: a code of docs/reasons.",
        stage="Where that was decided: edge or transform.",
        crash="The type of the error where our own code failed on the line (reason crashed).",
        named_site="The site that was named, masked (letters a, digits 9; numbers of up to five digits stay).",
        line_hash="HMAC of the line with the day's salt: equal lines on one day have equal hashes.",
    ),
    *_columns(INTEGER, status="HTTP status the edge answered with.", line_bytes="Length of the line.", line_columns="Columns in the line."),
    *_columns(TEXTS, parameter_names="Names of the parameters, in order, without those that look like values."),
    *_columns(PAIRS, masked_values="The values, masked, of at most 20 parameters."),
)

HITS: Final = (*_BOTH, *_HIT_ONLY)
REJECTS: Final = (*_BOTH, *_REJECT_ONLY)
LANDING: Final = (*_BOTH, *_HIT_ONLY, *_REJECT_ONLY)

HITS_PREFIX: Final = "hits"
REJECTS_PREFIX: Final = "rejects"


def hits_place(site: str) -> str:
    """The prefix of a site's rows: the value of the Firehose partition key `place`.

    >>> hits_place("main")
    'hits/site=main'
    """
    return f"{HITS_PREFIX}/site={site}"


REJECTS_PLACE: Final = REJECTS_PREFIX
