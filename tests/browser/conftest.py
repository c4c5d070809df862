"""One headless Chromium for all browser tests, and the example reports on disk."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from selenium import webdriver

from shadowai.reports import write
from shadowai.result import Result

_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


@pytest.fixture(scope="session")
def browser(require: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = require("chromium")
    for option in (*_OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=require("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def site(examples: Mapping[str, Callable[[], Result]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with one report for each example."""
    root = tmp_path_factory.mktemp("site")
    for name, build in examples.items():
        (root / name).mkdir()
        write(build(), root / name)
    return root
