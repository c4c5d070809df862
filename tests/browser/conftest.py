"""One headless Chromium for all browser tests, and the example reports on disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright
from support.report_world import large, world

from shadowai.reports.files import write
from shadowai.reports.languages import language
from shadowai.reports.look import Look
from shadowai.reports.order import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from playwright.sync_api import Browser, Page

    from shadowai.result import Result

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")  # until it ends no other event loop can run in this process, such as pyshark's
def browser(require: Callable[[str], str]) -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None) or require("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Give a tab; each test sets its window and goes to its page."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def site(examples: Mapping[str, Callable[[], Result]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with one report for each example."""
    root = tmp_path_factory.mktemp("site")
    builders = {**examples, "world": world, "large": lambda: large(2, 200, 300)}
    for name, build in builders.items():
        (root / name).mkdir()
        write(build(), root / name)
    (root / "german").mkdir()
    write(world(), root / "german", Order(look=Look(language("de"))))
    return root


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder for screenshots: SHADOWAI_SCREENSHOTS keeps them."""
    asked = os.environ.get("SHADOWAI_SCREENSHOTS")
    if not asked:
        return tmp_path_factory.mktemp("pictures")
    folder = Path(asked)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
