import re
from pathlib import Path

import pytest

from footfall.reasons import REASONS, Kind
from local.documents import PAGES

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("path", PAGES)
def test_generated_documentation_is_current(path):
    """Run `python -m local.documents` when this fails."""
    assert PAGES[path]() == (REPOSITORY / path).read_text("utf-8")


@pytest.mark.parametrize("page", sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]), ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))

    broken = [target for target in targets if "://" not in target and not (page.parent / target).exists()]

    assert not broken


def test_every_loss_says_what_to_do():
    assert all(reason.remedy for reason in REASONS.values() if reason.kind is not Kind.SUPPRESSED)


def test_reason_codes_are_their_keys_and_written_in_one_way():
    assert all(code == reason.code and re.fullmatch(r"[a-z0-9_]+", code) for code, reason in REASONS.items())
