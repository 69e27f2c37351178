"""The demo is the product's main job on one machine: its promises are tested by running it."""

import json
from dataclasses import fields, replace

import pytest

from footfall.configuration import Configuration
from local import deliveries, demo
from local.findings import Findings
from local.pipeline import stream_writer
from local.report import json_report, report
from local.visitors import KINDS, requests
from tests.builders import FIELDS


def run(tmp_path, **privacy):
    configuration = Configuration.load(demo.CONFIGURATION)
    if privacy:
        document = json.loads(configuration.to_json())
        document["privacy"] |= privacy
        configuration = Configuration.from_json(json.dumps(document))
    return demo.run(configuration, tmp_path, demo.Progress())


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return run(tmp_path_factory.mktemp("demo"))


def test_at_least_60_requests_of_at_least_15_kinds_are_sent_and_5_percent_are_repeated(ran):
    entries, findings = ran

    assert len(list(requests())) == len(entries) >= 60
    assert len(KINDS) >= 15
    assert findings.repeats >= 0.05 * len(entries)


def test_every_request_becomes_what_its_kind_promises(ran):
    entries, findings = ran
    promised = {kind.name: (kind.expected, kind.reason) for kind in KINDS}

    assert [promised[entry.sent.kind] for entry in entries] == [(entry.outcome, entry.reason) for entry in entries]
    assert findings.is_good


def test_the_report_fits_on_a_screen_and_says_what_was_searched(ran):
    lines = report(*ran, lists_all=False)

    block = deliveries.lines(ran[1].deliveries)
    assert len(block) <= 4
    assert len(lines) - len(block) <= 40
    assert f"IP addresses on disk: none in {ran[1].searched_files} files, decoded; planted one found" in lines
    assert f"requests unaccounted for: none of {len(ran[0])}" in lines


def test_all_and_json_name_every_request(ran):
    entries, _ = ran

    listed = "\n".join(report(*ran, lists_all=True))
    assert all(entry.sent.request_id in listed for entry in entries)
    assert len(entries) == len(json.loads(json.dumps(json_report(*ran)))["requests"])


def test_with_policy_keep_the_same_search_finds_the_addresses(tmp_path):
    """A search that finds nothing must be shown to be able to find."""
    _, findings = run(tmp_path, ip="keep")

    assert any("hits" in place for place in findings.addresses_found)
    assert not findings.is_good


def test_a_line_that_never_reaches_the_stream_is_named_with_the_hop_where_it_was_last_seen(tmp_path, monkeypatch):
    """CloudFront's real-time logs are best effort: what they lose must show, not vanish."""
    lost = []

    def losing_writer(kinesis, stream, trace):
        put_line = stream_writer(kinesis, stream, trace)

        def put(line):
            if not lost and b"thirdpartyname" in line:
                lost.append(line.decode().split("\t")[FIELDS.index("x-edge-request-id")])
                trace.see(lost[0], "throttled by the stream")
                raise RuntimeError("the stream throttles")
            put_line(line)

        return put

    monkeypatch.setattr("local.pipeline.stream_writer", losing_writer)

    entries, findings = run(tmp_path)

    (unaccounted,) = findings.unaccounted
    lines = report(entries, findings, lists_all=False)
    assert lost == [unaccounted.sent.request_id]
    assert any(unaccounted.sent.request_id in line and "throttled by the stream" in line for line in lines)


def test_the_findings_are_only_good_when_every_check_holds(ran):
    _, findings = ran
    bad = {
        "unaccounted": (1,),
        "unexpected": (1,),
        "metrics_differ": ("x",),
        "repeats_that_added_rows": 1,
        "addresses_found": ("x",),
        "is_planted_found": False,
        "deliveries": replace(findings.deliveries, stored_twice=1),
    }

    assert bad.keys() <= {field.name for field in fields(Findings)}
    assert not any(replace(findings, **{name: value}).is_good for name, value in bad.items())


def test_every_hit_of_a_routed_site_is_delivered_or_rejected_with_a_reason_and_none_is_stored_twice(ran):
    """Repeats in the stream reach the queue; the ledger keeps them from the destination."""
    _, findings = ran

    by_site = {each.site: each for each in findings.deliveries.sites}
    assert {"main", "shop"} == by_site.keys()
    assert all((0, 0, 0) == (each.missing, each.uncertain, each.waiting) for each in by_site.values())
    assert (2, 0) == (by_site["main"].rejected, by_site["shop"].rejected)  # conversions of a goal that Matomo does not have
    assert by_site["main"].delivered > by_site["main"].stored > 0  # Matomo leaves bots out itself
    assert {"refused": 2} == findings.deliveries.dead_letters
    assert not findings.deliveries.stored_twice


def test_a_hit_that_no_count_accounts_for_is_named_in_the_report_and_fails_the_demo(ran):
    entries, findings = ran
    sites = findings.deliveries.sites
    short = replace(
        findings, deliveries=replace(findings.deliveries, sites=(replace(sites[0], delivered=sites[0].delivered - 1), *sites[1:]))
    )

    assert not short.is_good
    assert any("1 UNACCOUNTED FOR" in line for line in report(entries, short, lists_all=False))


def test_what_waits_in_the_queue_is_counted_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("local.demo.deliver", lambda _pipeline: 0)

    _, findings = run(tmp_path)

    assert all(0 == each.missing and each.waiting == each.sent > 0 for each in findings.deliveries.sites)
