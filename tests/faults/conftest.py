"""`make faults` ends with the account: what was broken on purpose, what had been acknowledged, what was lost."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest


class Account(NamedTuple):
    """One test's figures: hits acknowledged before and after the fault, those not in the lake, rows beyond one for a hit."""

    broken: str
    acknowledged: int
    lost: int
    repeated: int


_accounts = pytest.StashKey[list[Account]]()


@pytest.fixture
def account(request: pytest.FixtureRequest) -> Iterator[Callable[[Any], None]]:
    """Register a pipeline; when the test is over, what it acknowledged is compared with what lies in its lake."""
    pipelines: list[Any] = []
    yield pipelines.append
    for pipeline in pipelines:
        rows = pipeline.event_ids()
        lost, repeated = len(pipeline.acknowledged - rows.keys()), rows.total() - len(rows)
        name = request.node.name.removeprefix("test_").replace("_", " ")
        request.config.stash.setdefault(_accounts, []).append(Account(name, len(pipeline.acknowledged), lost, repeated))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the account of a run of the faults alone."""
    accounts = config.stash.get(_accounts, [])
    if not accounts or list(config.args) != ["tests/faults"]:
        return
    terminalreporter.write_line(f"{'broken on purpose':<100}{'acknowledged':>13}{'lost':>6}{'repeated':>10}")
    for entry in sorted(accounts):
        terminalreporter.write_line(f"{entry.broken[:98]:<100}{entry.acknowledged:>13}{entry.lost:>6}{entry.repeated:>10}")
    acknowledged, lost = sum(entry.acknowledged for entry in accounts), sum(entry.lost for entry in accounts)
    terminalreporter.write_line(
        f"{len(accounts)} faults: {acknowledged} hits acknowledged, {lost} lost; repeats are one row in the view hits"
    )
