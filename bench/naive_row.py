"""Rows, plainly: which parameters count, where each goes, who visited, and what must not be written."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bench.naive_parameters import convert, custom_time_ms, parameters
from bench.naive_request import Pairs, Row, keyed_hash, mask, network_of, parse_address, time_of
from bench.naive_visit import Visit, read_source
from footfall import reasons
from footfall.configuration import PIXEL_PATHS, Configuration
from footfall.dialects.parameters import BY_DIALECT, Use
from footfall.hits.scrub import OWN_COLUMNS


def hit_row(row: Row, request: Row, visit: Visit, *, site: str, salt: bytes | None, strip: bool, configuration: Configuration) -> Row:
    """The row of a hit, on top of the columns that all rows have."""
    privacy, headers = configuration.privacy, request["headers"]
    sent, has_grammar = dict(request["pairs"]), visit.dialect != "pixel"
    authenticated = is_accepted(sent.get("token_auth", ""), configuration)
    table = BY_DIALECT[visit.dialect]
    values = {name: value for name, value in sent.items() if name not in table or authenticated or not table[name].is_auth_only}
    row |= visit.columns | read_source(visit, values.get("urlref", "") if has_grammar else "", site, configuration)
    row |= {"authenticated": authenticated, "stripped": strip, "gpc": headers["gpc"], "dnt": headers["dnt"]}
    row |= {"language": headers["language"] or None, "damaged": request["damaged"] + ["headers_cut"] * headers["is_cut"] or None}
    row["country"] = None if request.get("c-country", "-") == "-" else request["c-country"][:40]
    row["action"] = action_of(values, visit)
    overrides = values if authenticated and has_grammar else {}
    if strip:
        row |= {"visitor_id": None, "visitor_id_origin": "none", "visitor_id_missing": "signal", "click_id": None}
    else:
        row |= who(values, overrides, request, visit, site, salt, configuration)
        row["user_agent"] = (visit.user_agent or None) if privacy.user_agent == "keep" else None
    row |= parameters(request["pairs"], values, visit.dialect, configuration, is_masked=strip)
    if has_grammar:
        row |= tracker_columns(values, overrides, request["received_ms"], row)
    written = {name: value for name, value in row.items() if value is not None}
    return scrub(written, request, forced_address(overrides), configuration)


def forced_address(overrides: Mapping[str, str]) -> Any:
    """The address that an authenticated tracker gives, or None."""
    return parse_address(overrides["cip"]) if "cip" in overrides else None


def is_accepted(token: str, configuration: Configuration) -> bool:
    """Whether the keyed hash of the token is among the accepted ones."""
    for entry in configuration.privacy.accepted_tokens:
        key, digest = entry.split(":")
        if token and hmac.compare_digest(hmac.new(bytes.fromhex(key), token.encode(), hashlib.sha256).hexdigest(), digest):
            return True
    return False


def who(
    values: Mapping[str, str],
    overrides: Mapping[str, str],
    request: Row,
    visit: Visit,
    site: str,
    salt: bytes | None,
    configuration: Configuration,
) -> Row:
    """Address, visitor id and user id, by policy."""
    privacy = configuration.privacy
    address = forced_address(overrides) or request["address"]
    ids = [values.get("cid", ""), values.get("_id", "")[:16]] if visit.dialect != "pixel" else []
    client = next((text.lower() for text in ids if re.fullmatch("[0-9a-fA-F]{16}", text)), None)
    row: Row = {"visitor_id": client, "visitor_id_origin": "client"}
    if not client and salt:
        row = {"visitor_id": keyed_hash(salt, f"{site}\n{address}\n{visit.user_agent}"), "visitor_id_origin": "daily"}
    elif not client:
        row = {"visitor_id_origin": "none", "visitor_id_missing": "salt"}
    if privacy.ip == "truncate":
        row["ip"] = network_of(address)
    elif privacy.ip == "keep":
        row["ip"] = str(address)
    elif privacy.ip == "hash" and salt:
        row["ip"] = keyed_hash(salt, str(address))
    if visit.dialect == "piwik_pro" and "1" in (values.get("uia"), values.get("rmip")):
        row["ip"] = None
    if visit.dialect != "pixel" and (privacy.user_id == "keep" or (privacy.user_id == "authenticated" and overrides)):
        row["user_id"] = values.get("uid") or None
    return row


def action_of(values: Mapping[str, str], visit: Visit) -> str:
    """What the request reports, in the order in which Matomo's request processors decide."""
    given = {name for name, value in values.items() if value}
    goal = values.get("idgoal", "")
    e_commerce = {
        "order": "order",
        "cart-update": "cart",
        "add-to-cart": "cart",
        "remove-from-cart": "cart",
        "product-detail-view": "product_view",
    }
    decisions = (
        (visit.dialect == "pixel" and visit.is_email_open, "email_open"),
        (visit.dialect == "pixel", "pixel"),
        (visit.dialect == "piwik_pro" and values.get("e_t") in e_commerce, e_commerce.get(values.get("e_t", ""), "")),
        (values.get("ping", "") not in ("", "0"), "ping"),
        (goal == "0", "order" if "ec_id" in given else "cart"),
        (goal not in ("", "-1"), "goal"),
        ("e_c" in given, "event"),
        ("search" in given, "site_search"),
        ("link" in given, "outlink"),
        ("download" in given, "download"),
        ("c_i" in given, "content_interaction"),
        ("c_n" in given, "content_impression"),
        (values.get("ca") == "1", "custom"),
        ("_pks" in given or "_pkn" in given, "product_view"),
    )
    return next((action for applies, action in decisions if applies), "page_view")


def tracker_columns(values: Mapping[str, str], overrides: Mapping[str, str], received_ms: int, row: Row) -> Row:
    """Columns that several parameters make, or that only a token allows."""
    columns: Row = {}
    clock = [values.get(name, "") for name in "hms"]
    if all(re.fullmatch("[0-9]{1,2}", part) for part in clock) and int(clock[0]) < 24 and int(clock[1]) < 60 and int(clock[2]) < 60:
        columns["local_time"] = ":".join(part.zfill(2) for part in clock)
    if values.get("idgoal", "") not in ("", "0", "-1"):
        columns["goal_id"] = values["idgoal"]
    if values.get("lang"):
        columns["language"] = values["lang"].lower()[:20]
    for name, column in (("country", "country"), ("region", "region"), ("city", "city")):
        if overrides.get(name):
            columns[column] = overrides[name]
    columns["latitude"] = convert(Use.DECIMAL, overrides.get("lat", ""), frozenset())
    columns["longitude"] = convert(Use.DECIMAL, overrides.get("long") or overrides.get("lon") or "", frozenset())
    moment_ms = custom_time_ms(overrides, received_ms)
    if moment_ms is not None:
        columns["event_time"] = time_of(moment_ms)
    return columns


def reject_row(row: Row, reason: str, status: int, pairs: Pairs, named: str | None) -> Row:
    """Reason, names and shapes; a path that is none of ours is a value too."""
    row |= {"reason": reason, "stage": reasons.REASONS[reason].stage.value, "status": status}
    if reason in ("unknown_path", "edge_error", "body_not_collected"):
        row["path"] = row["path"] if row["path"] in PIXEL_PATHS else mask(row["path"])
    if named is not None:
        row["named_site"] = mask(named)
    names = [name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.\-\[\]]{0,39}", name) else mask(name) for name, _ in pairs]
    if pairs:
        row["parameter_names"] = names[:200]
        row["masked_values"] = [{"name": name, "value": mask(value)} for name, (_, value) in zip(names, pairs, strict=True)][:20]
    return row


def scrub(row: Row, request: Row, forced_address: Any, configuration: Configuration) -> Row:
    """Take the visitor's own address and every token out of what the client wrote, in the forms in which it may have written them."""
    forbidden = [value for name, value in request["pairs"] if name == "token_auth" and value]
    if configuration.privacy.ip != "keep":
        address = request["address"]
        forbidden += [request["c-ip"], str(address), address.exploded]
        if forced_address is not None:
            forbidden += [dict(request["pairs"])["cip"], str(forced_address)]
    forms = {
        form.lower() for text in dict.fromkeys(forbidden) for form in (text, quote(text, safe=""), quote(quote(text, safe=""), safe=""))
    }
    return {name: value if name in OWN_COLUMNS else _without(value, forms) for name, value in row.items()}


def _without(value: Any, forms: set[str]) -> Any:
    if isinstance(value, str):
        lower = value.lower()
        if not any(form in lower for form in forms):
            return value
        pattern = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        return re.sub(pattern, "removed", value, flags=re.IGNORECASE)
    if isinstance(value, list):
        return [_without(item, forms) for item in value]
    if isinstance(value, dict):
        return {_without(name, forms): _without(item, forms) for name, item in value.items()}
    return value
