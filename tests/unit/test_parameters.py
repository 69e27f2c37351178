import pytest

from footfall.dialects.parameters import BY_DIALECT, MATOMO, PIWIK_PRO, Use
from footfall.hits.schema import HITS

# Every parameter of Matomo's Tracking HTTP API (developer documentation 5.x and core/Tracker/Request.php), and those old clients still send.
TRACKING_API = [
    "idsite",
    "rec",
    "action_name",
    "url",
    "urlref",
    "_id",
    "cid",
    "uid",
    "rand",
    "r",
    "apiv",
    "new_visit",
    "res",
    "h",
    "m",
    "s",
    "cookie",
    "fla",
    "java",
    "dir",
    "qt",
    "realp",
    "pdf",
    "wma",
    "gears",
    "ag",
    "ua",
    "uadata",
    "lang",
    "_cvar",
    "cvar",
    "_rcn",
    "_rck",
    "_ref",
    "_refts",
    "_idts",
    "_idvc",
    "_viewts",
    "_idn",
    "_ects",
    "link",
    "download",
    "search",
    "search_cat",
    "search_count",
    "pv_id",
    "pf_net",
    "pf_srv",
    "pf_tfr",
    "pf_dm1",
    "pf_dm2",
    "pf_onl",
    "gt_ms",
    "e_c",
    "e_a",
    "e_n",
    "e_v",
    "c_n",
    "c_p",
    "c_t",
    "c_i",
    "idgoal",
    "revenue",
    "ec_id",
    "ec_st",
    "ec_tx",
    "ec_sh",
    "ec_dt",
    "ec_items",
    "_pkc",
    "_pkp",
    "_pks",
    "_pkn",
    "ca",
    "ping",
    "bots",
    "dp",
    "cs",
    "send_image",
    "cip",
    "cdt",
    "cdo",
    "country",
    "region",
    "city",
    "lat",
    "long",
    "token_auth",
    "queuedtracking",
    "debug",
    "ma_id",
    "ma_ti",
    "ma_re",
    "ma_mt",
    "ma_pn",
    "ma_st",
    "ma_le",
    "ma_ps",
    "ma_ttp",
    "ma_w",
    "ma_h",
    "ma_fs",
    "ma_se",
    "cra",
    "cra_st",
    "cra_ct",
    "cra_tp",
    "cra_ru",
    "cra_rl",
    "cra_rc",
    "recMode",
    "http_status",
    "bw_bytes",
    "source",
    "redirecturl",
]


@pytest.mark.parametrize("name", TRACKING_API)
def test_every_parameter_of_the_tracking_api_is_known_by_name(name):
    assert name in MATOMO


def test_the_table_knows_no_parameter_that_the_tracking_api_does_not():
    assert set(TRACKING_API) == set(MATOMO)


def test_every_column_that_a_parameter_names_exists_with_a_fitting_type():
    types = {column.name: column.type for column in HITS}
    fitting = {Use.TEXT: "string", Use.URL: "string", Use.INTEGER: "bigint", Use.DECIMAL: "double", Use.FLAG: "boolean"}

    for parameter in PIWIK_PRO.values():
        if parameter.column is not None:
            assert fitting[parameter.use] == types[parameter.column], parameter.name


def test_what_needs_a_token_is_what_matomo_says_needs_one():
    assert {name for name, parameter in MATOMO.items() if parameter.is_auth_only} == {
        "cip",
        "cdt",
        "cdo",
        "country",
        "region",
        "city",
        "lat",
        "long",
    }


def test_every_dialect_removes_the_token():
    assert all(table["token_auth"].use is Use.SECRET for table in BY_DIALECT.values())
