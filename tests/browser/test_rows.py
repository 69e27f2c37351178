"""A real browser opens the demo page and its rows are found in the Parquet, through the same handlers as on AWS."""

import threading

import pytest

from footfall.configuration import Configuration
from local.account import Lake
from local.pipeline import run_pipeline
from local.read_back import export

pytestmark = pytest.mark.browser


def rows_after(tmp_path, visit, expected_requests):
    """The hits in the lake, after `visit(url)` and once all its requests are delivered."""
    pause = threading.Event()
    with run_pipeline(Configuration(), tmp_path) as pipeline:
        visit(pipeline.edge.url)
        for _ in range(500):
            if len(pipeline.trace.hops) >= expected_requests:
                break
            pause.wait(0.02)
        assert pipeline.wait_until_settled()
        export(pipeline.aws, tmp_path / "stores")
        lake = Lake(tmp_path / "stores" / "s3" / pipeline.resources.bucket)
    columns, rows = lake.query(
        "SELECT action, dialect, browser, url_path, title, event_category, ip, stripped FROM hits ORDER BY event_time"
    )
    lake.close()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def test_opening_the_page_and_clicking_makes_typed_rows(tmp_path, open_page):
    def visit(url):
        page = open_page(url).page
        with page.expect_request(lambda request: "e_c=" in request.url):
            page.get_by_role("button").first.click()

    rows = {row["action"]: row for row in rows_after(tmp_path, visit, expected_requests=3)}

    assert {"pixel", "page_view", "event"} == rows.keys()
    assert ("matomo", "/") == (rows["page_view"]["dialect"], rows["page_view"]["url_path"])
    assert {"127.0.0.0"} == {row["ip"] for row in rows.values()}
    assert all("Chrom" in row["browser"] for row in rows.values())


def test_a_browser_that_says_global_privacy_control_leaves_no_row(tmp_path, open_page):
    def visit(url):
        open_page(
            url,
            extra_http_headers={"Sec-GPC": "1"},
            script="Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true});",
        )

    assert [] == rows_after(tmp_path, visit, expected_requests=1)
