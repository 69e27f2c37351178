"""Every tracking parameter we know by name, and where it goes; the row builder, the documentation and the tests read this table.

Sources: Matomo's Tracking HTTP API reference (docs 5.x) and `core/Tracker/Request.php`; Piwik PRO's `ppms.php` specification.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Use(Enum):
    """What becomes of a parameter."""

    TEXT = "text"  # to its column, as it is
    URL = "url"  # to its column, without secrets
    INTEGER = "integer"  # to its column when it is one, else kept under `parameters`
    DECIMAL = "decimal"
    FLAG = "flag"
    HANDLED = "handled"  # read by name: site, visitor, page, time, action …
    KEPT = "kept"  # known, without a column: kept under `parameters`
    TRANSPORT = "transport"  # says how to send, not what happened: not written
    SECRET = "secret"  # noqa: S105 - the name of a use, not a password; removed at first touch


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter: its use, its column when it has one, and whether it counts only with an accepted token."""

    name: str
    use: Use
    column: str | None = None
    is_auth_only: bool = False


def _to_columns(use: Use, **columns: str) -> list[Parameter]:
    return [Parameter(name=name, use=use, column=column) for name, column in columns.items()]


def _named(use: Use, names: str, *, is_auth_only: bool = False) -> list[Parameter]:
    return [Parameter(name=name, use=use, is_auth_only=is_auth_only) for name in names.split()]


_MATOMO: Final = (
    *_named(Use.HANDLED, "idsite rec url urlref _id cid uid ua uadata lang h m s idgoal"),
    *_named(Use.HANDLED, "cip cdt cdo country region city lat long", is_auth_only=True),
    *_named(Use.SECRET, "token_auth"),
    *_named(Use.TRANSPORT, "rand r apiv send_image queuedtracking debug"),
    *_to_columns(
        Use.TEXT,
        action_name="title",
        res="screen",
        pv_id="page_view_id",
        e_c="event_category",
        e_a="event_action",
        e_n="event_name",
        search="search_keyword",
        search_cat="search_category",
        c_n="content_name",
        c_p="content_piece",
        c_i="content_interaction",
        ec_id="order_id",
        ec_items="items",
        _pks="product_sku",
        _pkn="product_name",
        _pkc="product_category",
        _rcn="attribution_campaign",
        _rck="attribution_keyword",
        _cvar="custom_variables_visit",
        cvar="custom_variables_page",
        ma_id="media_id",
        ma_ti="media_title",
        ma_mt="media_type",
        cra="crash_message",
        cra_tp="crash_type",
        source="source_of_bot",
    ),
    *_to_columns(Use.URL, link="outlink", download="download", c_t="content_target", _ref="attribution_referrer"),
    *_to_columns(
        Use.INTEGER,
        search_count="search_count",
        pf_net="network_ms",
        pf_srv="server_ms",
        pf_tfr="transfer_ms",
        pf_dm1="dom_processing_ms",
        pf_dm2="dom_completion_ms",
        pf_onl="on_load_ms",
        gt_ms="generation_ms",
        _refts="attribution_time",
        http_status="http_status",
        bw_bytes="bandwidth_bytes",
    ),
    *_to_columns(
        Use.DECIMAL,
        e_v="event_value",
        revenue="revenue",
        ec_st="order_subtotal",
        ec_tx="order_tax",
        ec_sh="order_shipping",
        ec_dt="order_discount",
        _pkp="product_price",
    ),
    *_to_columns(Use.FLAG, new_visit="is_new_visit", cookie="cookies"),
    *_named(Use.KEPT, "fla java dir qt realp pdf wma gears ag _idts _idvc _viewts _idn _ects ca ping bots dp cs recMode"),
    *_named(Use.KEPT, "ma_re ma_pn ma_st ma_le ma_ps ma_ttp ma_w ma_h ma_fs ma_se cra_st cra_ct cra_ru cra_rl cra_rc"),
    Parameter(name="redirecturl", use=Use.TRANSPORT),
)

_PIWIK_PRO_ONLY: Final = (
    *_named(Use.HANDLED, "e_t uia rmip"),
    *_named(Use.HANDLED, "lon", is_auth_only=True),
    *_to_columns(Use.TEXT, ec_products="items"),
    *_named(
        Use.KEPT, "search_cats dda sh ts_n ts_v t_us t_ue t_rs t_re t_ss t_fs t_ds t_cs t_ce t_qs t_as t_ae t_dl t_di t_ls t_le t_dc t_ee"
    ),
)

MATOMO: Final[dict[str, Parameter]] = {parameter.name: parameter for parameter in _MATOMO}
PIWIK_PRO: Final[dict[str, Parameter]] = MATOMO | {parameter.name: parameter for parameter in _PIWIK_PRO_ONLY}
PIXEL: Final[dict[str, Parameter]] = {"token_auth": MATOMO["token_auth"]}
"""A plain pixel has no grammar: all its parameters are kept; only a token that was sent by mistake is removed."""

BY_DIALECT: Final = {"matomo": MATOMO, "piwik_pro": PIWIK_PRO, "pixel": PIXEL}

DIMENSION_PREFIX: Final = "dimension"
"""`dimension1` … `dimension999` go to the map column `dimensions` by their number."""


def is_dimension(name: str) -> bool:
    """Whether a parameter is a custom dimension, of whatever number: destinations decide which they have."""
    return name.startswith(DIMENSION_PREFIX) and name.removeprefix(DIMENSION_PREFIX).isdigit()
