"""A real Chromium for the tests of this folder; without one they are skipped, and one line at the end of the run says so.

`chromium` is the browser, `open_page` opens a page in a context of its own and notes whatever goes wrong in it.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

NOT_RUN = "browser tests not run: no Chromium found (set CHROMIUM=...)"

_is_skipped = pytest.StashKey[bool]()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPage:
    """A page, the requests it has made so far, and what its console complains of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def chromium_path() -> str:
    """The browser to use: what CHROMIUM names, when it is there; else nothing."""
    path = os.environ.get("CHROMIUM", "")
    return path if os.access(path, os.X_OK) else ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs a browser when there is none."""
    meant = [item for item in items if item.get_closest_marker("browser")]
    config.stash[_is_skipped] = bool(meant) and not chromium_path()
    for item in meant if config.stash[_is_skipped] else []:
        item.add_marker(pytest.mark.skip(reason=NOT_RUN))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name the tests that were not run, so that a green run does not hide them."""
    if config.stash.get(_is_skipped, False):
        terminalreporter.write_line(NOT_RUN, yellow=True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, started once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., OpenPage]]:
    """Open a page: `open_page(url, script="…", **options)`; `script` runs before the page's own, options are the context's."""
    contexts = []

    def open_(url: str, *, script: str = "", **options: Any) -> OpenPage:
        context = chromium.new_context(**options)
        contexts.append(context)
        if script:
            context.add_init_script(script)
        opened = OpenPage(page=context.new_page())
        opened.page.on("request", lambda request: opened.requests.append(f"{request.method} {request.url}"))
        opened.page.on("console", lambda message: opened.problems.append(message.text) if message.type in {"error", "warning"} else None)
        opened.page.on("pageerror", lambda error: opened.problems.append(str(error)))
        opened.page.goto(url)
        return opened

    yield open_
    for context in contexts:
        context.close()
