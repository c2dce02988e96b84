"""docs/rules.md, followed literally in an empty folder: every command works and prints what the page shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from audit import rulebook
from tests.conftest import ROOT
from tests.pagewalk import followed, timeless

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_leads_from_an_idea_to_a_finding_as_it_says(tmp_path: Path) -> None:
    assert timeless(followed(PAGE, tmp_path)) == timeless(PAGE), "make docs writes what its commands print today"
    report = (tmp_path / "build/first-rule/reports/2026-10/report.html").read_text(encoding="utf-8")
    assert "More history than a reply needs" in report


def test_the_page_names_every_key_of_a_header() -> None:
    table = PAGE.partition("## The header\n")[2].partition("###")[0]
    named = set(re.findall(r"^\| `\[?(\w+)\]?` \|", table, re.MULTILINE))
    assert named == rulebook.KEYS | {"tables"}
