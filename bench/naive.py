"""From a log line to a row as one would first write it: the reference that the handler must equal, and be faster than.

It shares with the product only what is declared (parameters, reasons, schema version, agent rules, host tables), not how it is done.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bench.naive_request import RefusedError, Row, day_of, keyed_hash, read_line, time_of
from bench.naive_row import hit_row, reject_row
from bench.naive_visit import read_visit
from footfall import reasons
from footfall.configuration import PIXEL_PATHS, Configuration
from footfall.hits.judge import SaltsOf
from footfall.hits.schema import SCHEMA_VERSION
from footfall.version import VERSION

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class SuppressedError(Exception):
    """A request that is on purpose not written; the arguments are the reason's code and the site's key or ""."""


class Naive:
    """The same answers as `footfall.hits.transform.Transformer`, one record at a time; it cuts nothing to the response limit."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.provenance = {
            "schema_version": SCHEMA_VERSION,
            "sampling_rate": configuration.edge.sampling_rate,
            "code_version": VERSION,
        }

    def transform(
        self, records: Sequence[Mapping[str, Any]], salts_of: SaltsOf, *, now_ms: int
    ) -> tuple[list[dict[str, Any]], tuple[Counter[str], Counter[str], Counter[tuple[str, str]], Counter[tuple[str, str]]]]:
        """Answer each record; count hits by site, rejects by reason, suppressed by (reason, site)."""
        hits: Counter[str] = Counter()
        rejects: Counter[str] = Counter()
        suppressed: Counter[tuple[str, str]] = Counter()
        answers = []
        for record in records:
            try:
                row, place, day = self._judge(record, salts_of, now_ms)
            except SuppressedError as reason:
                suppressed[reason.args] += 1
                answers.append({"recordId": record["recordId"], "result": "Dropped"})
                continue
            if "reason" in row:
                rejects[row["reason"]] += 1
            else:
                hits[place.rpartition("=")[2]] += 1
            data = base64.b64encode(json.dumps(row).encode()).decode()
            keys = {"partitionKeys": {"place": place, "date": day}}
            answers.append({"recordId": record["recordId"], "result": "Ok", "data": data, "metadata": keys})
        return answers, (hits, rejects, suppressed, Counter())

    def _judge(self, record: Mapping[str, Any], salts_of: SaltsOf, now_ms: int) -> tuple[Row, str, str]:
        edge = self.configuration.edge
        try:
            line = base64.b64decode(record["data"], validate=True).decode().rstrip("\r\n")
        except ValueError:
            return self._shape(record, record["data"], "not_utf8", salts_of)
        try:
            request = read_line(line, edge.log_fields, now_ms=now_ms, escaping=edge.query_escaping)
        except RefusedError as refused:
            return self._shape(record, line, refused.args[0], salts_of)
        day = day_of(request["received_ms"])
        row, place = self._judge_request(request, salts_of({day}).get(day))
        return row, place, day

    def _shape(self, record: Mapping[str, Any], line: str, reason: str, salts_of: SaltsOf) -> tuple[Row, str, str]:
        """The row of a line that cannot be trusted."""
        day = day_of(record["approximateArrivalTimestamp"])
        salt, time = salts_of({day}).get(day), time_of(record["approximateArrivalTimestamp"])
        row = {
            "event_id": "line-" + record["kinesisRecordMetadata"]["sequenceNumber"],
            "event_time": time,
            "received_at": time,
            **self.provenance,
            "line_bytes": len(line.encode()),
            "line_columns": len(line.split("\t")),
            "reason": reason,
            "stage": reasons.REASONS[reason].stage.value,
        }
        return row | ({"line_hash": keyed_hash(salt, line, 32)} if salt else {}), "rejects", day

    def _judge_request(self, request: Row, salt: bytes | None) -> tuple[Row, str]:
        method, status = request["cs-method"], int(request["sc-status"])
        path = request["cs-uri-stem"].split("?")[0]
        if method in ("OPTIONS", "HEAD"):
            raise SuppressedError("preflight" if method == "OPTIONS" else "head", "")
        row = {
            "event_id": request["x-edge-request-id"],
            "event_time": time_of(request["received_ms"]),
            "received_at": time_of(request["received_ms"]),
            "method": method,
            "host": request["cs-host"].lower(),
            "path": path,
            **self.provenance,
        }
        if request.get("x-edge-location", "-") != "-":
            row["edge_location"] = request["x-edge-location"][:40]
        if 300 <= status < 400:
            raise SuppressedError("redirect", "")
        if method == "POST" and status == 501:
            return reject_row(row, "body_not_collected", status, [], None), "rejects"
        if status >= 400:
            return reject_row(row, "edge_error", status, [], None), "rejects"
        if path not in PIXEL_PATHS:
            return reject_row(row, "unknown_path", status, [], None), "rejects"
        return self._judge_content(request, row, salt)

    def _judge_content(self, request: Row, row: Row, salt: bytes | None) -> tuple[Row, str]:
        values, pairs = dict(request["pairs"]), request["pairs"]
        row["dialect"] = dialect = dialect_of(row["path"], values)
        visit = read_visit(request, values, dialect, self.configuration)
        site, reason = self._site_of(values, dialect, row["host"], visit.page_host)
        strip = self._judge_signals(request["headers"], site)
        status = int(request["sc-status"])
        if reason:
            return reject_row(
                row, reason, status, pairs, values["site" if dialect == "pixel" else "idsite"] if reason == "unknown_site" else None
            ), "rejects"
        if dialect != "pixel" and values.get("rec") != "1":
            return reject_row(row, "not_recording", status, pairs, None), "rejects"
        written = hit_row(row, request, visit, site=site, salt=salt, strip=strip, configuration=self.configuration)
        return written, f"hits/site={site}"

    def _site_of(self, values: Mapping[str, str], dialect: str, host: str, page_host: str | None) -> tuple[str, str | None]:
        """The site's key, or "" and the reason why there is none."""
        sites = self.configuration.sites
        named = values.get("site" if dialect == "pixel" else "idsite")
        if named:
            for site in sites.registered:
                if named == site.key or named in site.ids:
                    return site.key, None
            return "", "unknown_site"
        for candidate in (host, page_host):
            for site in sites.registered:
                if candidate in site.hosts:
                    return site.key, None
        return sites.default, None if sites.default else "no_site"

    def _judge_signals(self, headers: Row, site: str) -> bool:
        """Whether identity is stripped; raises SuppressedError when policy drops the request."""
        privacy = self.configuration.privacy
        policies = []
        for name, policy in (("gpc", privacy.gpc), ("dnt", privacy.dnt)):
            if headers[name] is None and privacy.unknown_signal == "on":
                policies.append((policy, "unknown_signal"))
            elif headers[name]:
                policies.append((policy, name))
        for policy, reason in policies:
            if policy == "drop":
                raise SuppressedError(reason, site)
        return any(policy == "strip" for policy, _ in policies)


def dialect_of(path: str, values: Mapping[str, str]) -> str:
    """Who speaks: by the site's id when it is a UUID, by the path, by Matomo's two required parameters; else it is a plain pixel."""
    if re.fullmatch(UUID, values.get("idsite", ""), re.IGNORECASE):
        return "piwik_pro"
    if path in ("/matomo.php", "/piwik.php"):
        return "matomo"
    if path == "/ppms.php":
        return "piwik_pro"
    return "matomo" if values.get("idsite") and "rec" in values else "pixel"
