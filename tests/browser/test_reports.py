import base64
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium import webdriver

PAGES = [
    "small/index.html",
    "small/departments/engineering.html",
    "empty/index.html",
    "one/departments/board.html",
    "quiet/departments/legal.html",
    "unknown/departments/field-service.html",
    "forty/index.html",
    "sixty/departments/research-and-development.html",
    "long/index.html",
    "long/departments/marketing.html",
    "long/departments/*",
]
A4_TEXT_WIDTH = 680  # CSS pixels: 210 mm less two margins of 15 mm

# What a reader would have to scroll sideways for: everything that ends right of the window, unless it lies in a box
# that scrolls by itself or is meant for screen readers only.
STICKS_OUT = """
const width = document.documentElement.clientWidth;
return [...document.querySelectorAll('body *')]
  .filter(e => !e.closest('.scroll, .unseen, .skip, .defs, .cards thead'))
  .filter(e => e.getBoundingClientRect().right > width + 1)
  .map(e => e.tagName + '.' + e.className + ': ' + e.textContent.trim().slice(0, 60));
"""
STATUS = r"\S {2,}(Prohibited|Unsanctioned|Under review|Tolerated|Sanctioned) {2,}\S"
OPEN_ALL = "document.querySelectorAll('details').forEach(e => { e.open = true; })"


def show(browser: webdriver.Chrome, site: Path, page: str, width: int, height: int = 900) -> None:
    found = min(site.glob(page))
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    browser.get(found.as_uri())


def log(browser: webdriver.Chrome, kind: str) -> list[dict[str, str]]:
    """Give what the browser has logged since the last call."""
    entries: list[dict[str, str]] = browser.execute("getLog", {"type": kind})["value"]
    return entries


def scrolls_sideways(browser: webdriver.Chrome) -> bool:
    answer = browser.execute_script("const d = document.documentElement; return d.scrollWidth > d.clientWidth;")
    return bool(answer)


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("page", PAGES)
def test_the_page_never_scrolls_sideways(browser: webdriver.Chrome, site: Path, page: str, width: int) -> None:
    show(browser, site, page, width)
    for _ in ("folded", "unfolded"):
        assert not scrolls_sideways(browser)
        assert browser.execute_script(STICKS_OUT) == []
        browser.execute_script(OPEN_ALL)


@pytest.mark.parametrize("page", PAGES)
def test_no_error_and_no_request(browser: webdriver.Chrome, site: Path, page: str) -> None:
    browser.get("about:blank")
    for kind in ("browser", "performance"):
        log(browser, kind)
    show(browser, site, page, 1280)
    browser.execute_script(OPEN_ALL)
    assert log(browser, "browser") == []
    events = [json.loads(entry["message"])["message"] for entry in log(browser, "performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith("data:")] == [browser.current_url]


@pytest.mark.parametrize("page", PAGES)
def test_paper_is_wide_enough(browser: webdriver.Chrome, site: Path, page: str) -> None:
    show(browser, site, page, A4_TEXT_WIDTH)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.execute_script("return matchMedia('print').matches")
    browser.execute_script(OPEN_ALL)
    assert not scrolls_sideways(browser)
    assert browser.execute_script(STICKS_OUT.replace(".scroll, ", "")) == []


def test_headline_figures_and_chart_are_on_the_first_screen(browser: webdriver.Chrome, site: Path) -> None:
    show(browser, site, "small/departments/engineering.html", 1280, 800)
    bottom = "return document.querySelector('.plot').getBoundingClientRect().bottom"
    assert browser.execute_script(bottom) <= 800


def test_bars_are_drawn_where_they_should_be(browser: webdriver.Chrome, site: Path) -> None:
    show(browser, site, "small/departments/engineering.html", 1280)
    script = """
      const plot = document.querySelector('.plot svg').getBoundingClientRect();
      return [...document.querySelectorAll('.plot rect')].map(e => e.getBoundingClientRect())
        .every(r => r.left >= plot.left && r.right <= plot.right + 1 && r.top >= plot.top - 1
                    && r.bottom <= plot.bottom + 1 && r.width > 2);
    """
    assert browser.execute_script(script)


def printed(browser: webdriver.Chrome, site: Path, page: str, tool: str, folder: Path) -> list[str]:
    """Print a page to PDF and give the text of each sheet."""
    show(browser, site, page, 1280)
    answer = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})
    pdf = folder / "page.pdf"
    pdf.write_bytes(base64.b64decode(answer["data"]))
    run = subprocess.run([tool, "-layout", str(pdf), "-"], check=True, capture_output=True, timeout=60)
    return run.stdout.decode().split("\f")[:-1]


def test_printed_rows_are_whole(
    browser: webdriver.Chrome, site: Path, require: Callable[[str], str], tmp_path: Path
) -> None:
    sheets = printed(browser, site, "sixty/departments/*.html", require("pdftotext"), tmp_path)
    assert len(re.findall(STATUS, "\n".join(sheets))) >= 60
    for sheet in sheets[1:7]:
        # The head is repeated, the first line below it begins a row, and no row's reasons are left for the next sheet.
        lines = [line.strip() for line in sheet.splitlines() if line.strip()]
        head = next(at for at, line in enumerate(lines) if line.startswith("Service "))
        assert head <= 2
        assert any(re.search(STATUS, line) for line in lines[head + 1 : head + 3])
        assert not lines[-2].startswith("Why ")


def test_paper_shows_what_the_screen_folds(
    browser: webdriver.Chrome, site: Path, require: Callable[[str], str], tmp_path: Path
) -> None:
    sheets = printed(browser, site, "small/departments/engineering.html", require("pdftotext"), tmp_path)
    text = " ".join(" ".join(sheets).replace(" / ", "/").split())
    for expected in ("Consumer accounts may be used for training", "5f2c9a41d07e", "What the words mean", "4/4"):
        assert expected in text
