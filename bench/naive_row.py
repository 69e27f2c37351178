"""Rows, plainly: which parameters count, where each goes, who visited, and what must not be written."""

import hashlib
import hmac
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bench.naive_request import Pairs, Row, keyed_hash, mask, network_of, parse_address, read_address, time_of
from bench.naive_visit import Visit, read_source, removed_parameters
from footfall import reasons
from footfall.configuration import PIXEL_PATHS, Configuration
from footfall.dialects.parameters import BY_DIALECT, Use
from footfall.hits import sources
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
    return parse_address(overrides.get("cip", ""))


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
    address = forced_address(overrides) or read_address(request["c-ip"])
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
    address = parse_address(value)
    return network_of(address) if address else value


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
        address = read_address(request["c-ip"])
        forbidden += [request["c-ip"], str(address), address.exploded]
        if forced_address is not None:
            forbidden += [dict(request["pairs"])["cip"], str(forced_address)]
    forms = {form.lower() for text in forbidden for form in (text, quote(text, safe=""), quote(quote(text, safe=""), safe=""))}
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
