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


_drain_accounts = pytest.StashKey[list[tuple[str, Any]]]()


@pytest.fixture
def drain_account(request: pytest.FixtureRequest) -> Callable[[Any], None]:
    """Register what became of the hits that one test put into the tracking queue."""
    name = request.node.name.removeprefix("test_").replace("_", " ")
    accounts = request.config.stash.setdefault(_drain_accounts, [])
    return lambda account: accounts.append((name, account))


def _print_drain(terminalreporter: Any, accounts: list[tuple[str, Any]]) -> None:
    titles = f"{'enqueued':>9}{'stored':>8}{'letters':>8}{'lost':>5}{'doubled':>8}{'resent':>7}"
    terminalreporter.write_line(f"{'the drain, broken on purpose (hits for each destination)':<88}{titles}")
    for name, account in sorted(accounts, key=lambda each: each[0]):
        numbers = f"{account.enqueued:>9}{account.stored:>8}{account.dead_letters:>8}{len(account.lost):>5}{len(account.doubled):>8}"
        terminalreporter.write_line(f"{name[:86]:<88}{numbers}{account.resent:>7}")
    kills = sum(account.killed.total() for _, account in accounts)
    points = {point for _, account in accounts for point in account.killed}
    terminalreporter.write_line(
        f"killed {kills} times at {len(points)} points; letters: dead letters; resent: stored twice because the policy is resend, and counted"
    )


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the account of a run of the faults alone."""
    accounts = config.stash.get(_accounts, [])
    drained = config.stash.get(_drain_accounts, [])
    if drained and list(config.args) == ["tests/faults"]:
        _print_drain(terminalreporter, drained)
    if not accounts or list(config.args) != ["tests/faults"]:
        return
    terminalreporter.write_line(f"{'broken on purpose':<100}{'acknowledged':>13}{'lost':>6}{'repeated':>10}")
    for entry in sorted(accounts):
        terminalreporter.write_line(f"{entry.broken[:98]:<100}{entry.acknowledged:>13}{entry.lost:>6}{entry.repeated:>10}")
    acknowledged, lost = sum(entry.acknowledged for entry in accounts), sum(entry.lost for entry in accounts)
    terminalreporter.write_line(
        f"{len(accounts)} faults: {acknowledged} hits acknowledged, {lost} lost; repeats are one row in the view hits"
    )
