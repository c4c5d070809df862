"""A mail's HTML on a phone and on a screen: nothing sticks out, and nothing stands in the way of a screen reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from support.report_world import world

from shadowai.delivery.body import Extras, department_body, digest_body
from shadowai.delivery.mail_html import html
from shadowai.reports.languages import language
from shadowai.reports.look import Look
from shadowai.reports.tidying import tidy

if TYPE_CHECKING:
    from playwright.sync_api import Page

EXTRAS = Extras("", ("customer-service.html",), "")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_mail_fits_the_window(page: Page, width: int) -> None:
    neat, look = tidy(world()), Look(language("de"))  # longer words than English
    bodies = (digest_body(neat, look, EXTRAS), department_body(neat, neat.departments[2], look, EXTRAS))
    page.set_viewport_size({"width": width, "height": 900})
    for body in bodies:
        page.set_content(html(body))
        assert not page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth")
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
        assert found.violations_count == 0, found.generate_report()
