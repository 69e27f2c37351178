import pytest

from footfall import reasons
from footfall.configuration import PIXEL_PATHS
from footfall.hits.accept import Acceptor
from footfall.hits.hit import Headers, Hit, Reject, Suppressed
from footfall.privacy import token_entry
from tests.builders import ADDRESS, NOW_MS, SALTS, a_configuration, a_request

TOKEN = "0123456789abcdef0123456789abcdef"
TRACKED = {"path": "/matomo.php"}


def accept(request, salts=SALTS, **sections):
    acceptor = Acceptor(a_configuration(**sections))
    acceptor.use_salts(salts)
    return acceptor.accept(request)


# --- one request, one owner


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"method": "OPTIONS", "status": 204}, Suppressed(reasons.PREFLIGHT, None)),
        ({"method": "HEAD"}, Suppressed(reasons.HEAD, None)),
        ({"status": 301, "result_type": "Redirect"}, Suppressed(reasons.REDIRECT, None)),
        ({"method": "POST", "status": 307}, Suppressed(reasons.REDIRECT, None)),
    ],
)
def test_a_request_that_shows_nothing_to_anyone_is_suppressed_and_counted(changes, expected):
    assert expected == accept(a_request(**changes))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"method": "POST", "status": 501}, reasons.BODY_NOT_COLLECTED),
        ({"method": "PUT", "status": 405}, reasons.EDGE_ERROR),
        ({"status": 403}, reasons.EDGE_ERROR),
        ({"path": "/index.html"}, reasons.UNKNOWN_PATH),
    ],
)
def test_a_request_the_edge_did_not_answer_with_a_pixel_is_a_reject_with_a_reason(changes, reason):
    assert reason == accept(a_request(**changes)).reason


def test_a_post_that_reached_the_collector_belongs_to_the_collector():
    acceptor = Acceptor(a_configuration(), has_collector=True)

    assert Suppressed(reasons.COLLECTOR_OWNS, None) == acceptor.accept(a_request(method="POST", result_type="Miss"))
    assert isinstance(acceptor.accept(a_request(method="POST", result_type="FunctionGeneratedResponse")), Hit)


@pytest.mark.parametrize("path", PIXEL_PATHS)
def test_every_pixel_path_makes_hits(path):
    assert isinstance(accept(a_request(path=path, query="idsite=1&rec=1")), Hit)


# --- site


def sites(**more):
    return {
        "default": "main",
        "main": {"ids": ["1"]},
        "shop": {"ids": ["2", "bb338e1a-12f8-5353-ac63-9fd8b1f928a1"], "hosts": ["shop.example.org"]},
    } | more


@pytest.mark.parametrize(
    ("changes", "site"),
    [
        ({"query": "userid=aws_user&thirdpartyname=example.hightrafficwebsite.com"}, "main"),
        ({"query": "idsite=2&rec=1"}, "shop"),
        ({"query": "idsite=bb338e1a-12f8-5353-ac63-9fd8b1f928a1&rec=1"}, "shop"),
        ({"query": "site=shop"}, "shop"),
        ({"host": "shop.example.org"}, "shop"),
        ({"referer": "https://shop.example.org/cart"}, "shop"),
        ({"query": "idsite=1&rec=1", "host": "shop.example.org"}, "main"),
    ],
    ids=["default", "id", "uuid", "key", "host", "referrer", "parameter before host"],
)
def test_the_site_is_named_by_the_parameter_then_the_host_then_the_referrer_then_the_default(changes, site):
    assert site == accept(a_request(**changes), sites=sites()).site


@pytest.mark.parametrize("query", ["idsite=9999&rec=1", "site=elsewhere", "idsite=1e1&rec=1", "idsite=%F0%9F%98%80&rec=1"])
def test_only_a_site_that_is_named_and_not_registered_is_a_reject(query):
    assert reasons.UNKNOWN_SITE == accept(a_request(query=query)).reason


def test_without_a_default_a_request_that_names_no_site_is_a_reject():
    assert reasons.NO_SITE == accept(a_request(), sites=sites(default="")).reason


def test_a_tracker_path_without_rec_is_not_recorded_as_matomo_does_not():
    assert reasons.NOT_RECORDING == accept(a_request(path="/matomo.php", query="idsite=1")).reason


# --- signals


@pytest.mark.parametrize(
    ("headers", "privacy", "outcome"),
    [
        (Headers(gpc=True), {}, reasons.GPC),
        (Headers(gpc=True), {"gpc": "strip"}, "stripped"),
        (Headers(gpc=True), {"gpc": "keep"}, "kept"),
        (Headers(dnt=True), {}, "stripped"),
        (Headers(dnt=True), {"dnt": "drop"}, reasons.DNT),
        (Headers(dnt=True), {"dnt": "keep"}, "kept"),
        (Headers(gpc=None), {}, reasons.UNKNOWN_SIGNAL),
        (Headers(gpc=None), {"unknown_signal": "off"}, "kept"),
        (Headers(gpc=None), {"gpc": "strip"}, "stripped"),
        (Headers(gpc=True, dnt=True), {"gpc": "strip", "dnt": "drop"}, reasons.DNT),
        (Headers(), {}, "kept"),
    ],
)
def test_signals_follow_policy_and_an_unknown_one_counts_as_on_unless_told(headers, privacy, outcome):
    judged = accept(a_request(headers=headers), privacy=privacy)

    if isinstance(judged, Suppressed):
        assert Suppressed(outcome, "main") == judged
    else:
        assert (outcome == "stripped") is judged.is_stripped


def test_a_stripped_hit_has_no_identity():
    query = f"idsite=1&rec=1&_id=af344a398df83874&uid=jane&url=https://example.org/%3Fgclid%3Dx&cip={ADDRESS}"

    hit = accept(a_request(**TRACKED, query=query, headers=Headers(dnt=True)))

    assert (None, "none", "signal", None, None) == hit.identity


# --- tokens and auth-only parameters

AUTH_ONLY = "cip=198.51.100.9&cdt=1794990000&country=fr&region=IDF&city=Paris&lat=48.8&long=2.3"


def tokens():
    return {"accepted_tokens": [token_entry(TOKEN, b"k" * 16)]}


def test_auth_only_parameters_count_with_an_accepted_token():
    hit = accept(a_request(**TRACKED, query=f"idsite=1&rec=1&{AUTH_ONLY}&token_auth={TOKEN}"), privacy=tokens())

    assert (True, "198.51.100.0", 1794990000_000, "fr") == (hit.authenticated, hit.identity.address, hit.event_ms, hit.country)


@pytest.mark.parametrize("token", ["", "&token_auth=wrong", "&token_auth="])
def test_without_an_accepted_token_auth_only_parameters_do_not_count(token):
    hit = accept(a_request(**TRACKED, query=f"idsite=1&rec=1&{AUTH_ONLY}{token}"), privacy=tokens())

    assert (False, "203.0.113.0", NOW_MS, "DE") == (hit.authenticated, hit.identity.address, hit.event_ms, hit.country)
    assert not {"cip", "cdt", "country", "region", "city", "lat", "long", "token_auth"} & hit.parameters.keys()


@pytest.mark.parametrize("cdt", ["1795000001", "0", "garbage", "2999-01-01", "9" * 20])
def test_a_custom_time_in_the_future_or_unreadable_is_not_believed_even_with_a_token(cdt):
    hit = accept(a_request(**TRACKED, query=f"idsite=1&rec=1&cdt={cdt}&token_auth={TOKEN}"), privacy=tokens())

    assert hit.event_ms == NOW_MS


@pytest.mark.parametrize(
    ("policy", "token", "user_id"),
    [("keep", "", "jane"), ("authenticated", "", None), ("authenticated", TOKEN, "jane"), ("drop", TOKEN, None)],
)
def test_the_user_id_follows_policy(policy, token, user_id):
    hit = accept(a_request(**TRACKED, query=f"idsite=1&rec=1&uid=jane&token_auth={token}"), privacy=tokens() | {"user_id": policy})

    assert user_id == hit.identity.user_id


# --- address and visitor


@pytest.mark.parametrize(("policy", "address"), [("truncate", "203.0.113.0"), ("keep", "203.0.113.7"), ("drop", None)])
def test_the_address_follows_policy(policy, address):
    assert address == accept(a_request(), privacy={"ip": policy}).identity.address


def test_a_hashed_address_needs_the_salt_of_its_day():
    hashed = accept(a_request(), privacy={"ip": "hash"}).identity.address

    assert len(hashed) == 16
    assert hashed != accept(a_request(), salts={"2026-11-18": b"t" * 32}, privacy={"ip": "hash"}).identity.address
    assert accept(a_request(), salts={}, privacy={"ip": "hash"}).identity.address is None


def test_the_daily_visitor_id_is_the_same_for_one_visitor_on_one_day_and_site_only():
    def visitor(**changes):
        return accept(a_request(**changes), sites=sites()).identity.visitor_id

    assert visitor() == visitor(query="a=1")
    others = {visitor(), visitor(address="203.0.113.8"), visitor(user_agent="other"), visitor(query="site=shop")}
    assert len(others) == 4


def test_a_mapped_address_is_the_same_visitor_as_its_ipv4_address():
    assert accept(a_request()).identity.visitor_id == accept(a_request(address="::ffff:203.0.113.7")).identity.visitor_id


def test_another_salt_makes_another_visitor_id_and_no_salt_makes_none_and_says_so():
    assert accept(a_request()).identity.visitor_id != accept(a_request(), salts={"2026-11-18": b"t" * 32}).identity.visitor_id
    without = accept(a_request(), salts={"2026-11-17": b"t" * 32})
    assert (None, "none", "salt") == (without.identity.visitor_id, without.identity.origin, without.identity.missing)


@pytest.mark.parametrize(
    ("query", "visitor_id"),
    [
        ("_id=AF344A398DF83874", "af344a398df83874"),
        ("_id=af344a398df83874extra", "af344a398df83874"),
        ("cid=1111111111111111&_id=af344a398df83874", "1111111111111111"),
        ("cid=short&_id=af344a398df83874", "af344a398df83874"),
    ],
)
def test_a_client_supplied_visitor_id_is_used(query, visitor_id):
    hit = accept(a_request(**TRACKED, query=f"idsite=1&rec=1&{query}"))

    assert (visitor_id, "client") == (hit.identity.visitor_id, hit.identity.origin)


def test_piwik_pros_own_wish_for_no_address_is_honoured():
    hit = accept(a_request(path="/ppms.php", query="idsite=bb338e1a-12f8-5353-ac63-9fd8b1f928a1&rec=1&rmip=1"), sites=sites())

    assert hit.identity.address is None


def test_memos_are_emptied_when_the_salts_rotate():
    acceptor = Acceptor(a_configuration())
    acceptor.use_salts(SALTS)
    acceptor.accept(a_request())

    assert (False, True) == (acceptor.use_salts(dict(SALTS)), acceptor.use_salts({"2026-11-19": b"n" * 32}))
    assert not acceptor._addresses
    assert not acceptor._agents


# --- e-mail


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({"query": "utm_medium=email&utm_campaign=spring"}, "email_open"),
        ({"query": "utm_medium=banner"}, "pixel"),
        ({"user_agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"}, "email_open"),
        ({"referer": "https://example.org/?utm_medium=email"}, "pixel"),
    ],
    ids=["medium", "another medium", "Gmail's proxy", "a click from an e-mail is no open"],
)
def test_an_email_open_is_a_pixel_with_an_email_medium_or_from_a_mail_proxy(changes, action):
    hit = accept(a_request(**changes))

    assert (action, action == "email_open") == (hit.action, hit.is_email_open)


def test_a_prefetched_pixel_is_marked_and_not_deleted():
    hit = accept(a_request(headers=Headers(purpose="prefetch;prerender")))

    assert hit.classification.agent_class == "prefetch"


def test_an_address_that_is_none_makes_the_whole_line_untrusted():
    judged = accept(a_request(address="999.1.1.1", line="the line"))

    assert Reject(reasons.BAD_COLUMNS, None, "the line") == judged
