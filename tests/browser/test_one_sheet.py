"""The executive sheet is one sheet, whatever is on it and on whatever paper."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

SITES = ["world", "small", "empty", "one", "quiet", "unknown", "forty", "sixty", "long", "large"]


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("name", SITES)
def test_it_is_one_sheet(page: Page, site: Path, name: str, paper: str) -> None:
    page.goto((site / name / "executive.html").as_uri())
    pdf = page.pdf(format=paper, prefer_css_page_size=False, print_background=True)
    assert len(re.findall(rb"/Type */Page\b", pdf)) == 1
