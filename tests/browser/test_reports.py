"""Every page of a report in a real browser: on a phone, on a screen and on paper, with and without its script."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

WORLD = [
    "world/index.html",
    "world/executive.html",
    "world/evidence.html",
    "world/departments/customer-service.html",
    "world/departments/research.html",
    "world/departments/legal.html",
    "world/departments/unknown-department.html",
    "world/departments/operations-division.html",
]
ODD = [
    "small/index.html",
    "empty/index.html",
    "empty/executive.html",
    "empty/evidence.html",
    "one/departments/board.html",
    "quiet/departments/legal.html",
    "forty/index.html",
    "sixty/departments/research-and-development.html",
    "large/departments/department-001.html",
    "large/index.html",
    "long/index.html",
    "long/executive.html",
    "long/evidence.html",
    "long/departments/marketing.html",
    "long/departments/donau*.html",
]
GERMAN = [name.replace("world/", "german/", 1) for name in WORLD[:5]]  # its words are longer
PAGES = WORLD + ODD
PHONE, TABLET, SCREEN = 390, 768, 1280  # CSS pixels
ENLARGED = 320  # CSS pixels of a screen of 1280 at 400 % (WCAG 2.2, 1.4.10)
HEIGHT = {PHONE: 844, SCREEN: 800}
PAPER = {"A4": 680, "Letter": 702}  # CSS pixels between margins of 15 mm

# What a reader would have to scroll sideways for: everything that ends right of the window, unless it lies in a box
# that scrolls by itself, is meant for screen readers only, or is part of a drawing, which is cut at its own edge.
STICKS_OUT = """() => {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll('body *')]
    .filter(e => !e.ownerSVGElement && !e.closest('.scroll, .unseen, .skip, .defs, .cards thead'))
    .filter(e => e.getBoundingClientRect().right > width + 1)
    .map(e => e.tagName + '.' + e.className + ': ' + e.textContent.trim().slice(0, 60));
}"""
ON_PAPER = STICKS_OUT.replace(".scroll, ", "")
SIDEWAYS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
OPEN_ALL = "() => document.querySelectorAll('details').forEach(e => { e.open = true; })"
STATUS = r"\S {2,}(Prohibited|Unsanctioned|Under review|Tolerated|Sanctioned) {2,}\S"
NAMES = """table => [...table.tBodies[0].rows].filter(row => !row.hidden)
  .map(row => row.querySelector('.name').textContent)"""


def show(page: Page, site: Path, name: str, width: int, height: int = 900) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(media="screen", color_scheme="light")
    page.goto(min(site.glob(name)).as_uri())


@pytest.mark.parametrize("width", [PHONE, TABLET, SCREEN])
@pytest.mark.parametrize("name", PAGES)
def test_the_page_never_scrolls_sideways(page: Page, site: Path, name: str, width: int) -> None:
    show(page, site, name, width)
    for _ in ("folded", "unfolded"):
        assert not page.evaluate(SIDEWAYS)
        assert page.evaluate(STICKS_OUT) == []
        page.evaluate(OPEN_ALL)


@pytest.mark.parametrize("name", [*WORLD, *GERMAN, "long/index.html", "long/executive.html", "long/evidence.html"])
def test_nobody_scrolls_sideways_at_four_times_the_size(page: Page, site: Path, name: str) -> None:
    show(page, site, name, ENLARGED)
    page.evaluate(OPEN_ALL)
    assert not page.evaluate(SIDEWAYS)
    assert page.evaluate(STICKS_OUT) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_error_and_no_request(browser: Browser, site: Path, name: str) -> None:
    said: list[str] = []
    asked: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        said.append(message.text)

    def note(request: Request) -> None:
        asked.append(request.url)

    context = browser.new_context()
    tab = context.new_page()
    tab.on("console", hear)
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", note)
    show(tab, site, name, SCREEN)
    tab.evaluate(OPEN_ALL)
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [tab.url]
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, SCREEN])
@pytest.mark.parametrize("name", WORLD)
def test_axe_finds_no_violation(page: Page, site: Path, name: str, width: int, scheme: str) -> None:
    show(page, site, name, width)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.evaluate(OPEN_ALL)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", ODD)
def test_axe_finds_no_violation_on_odd_pages(page: Page, site: Path, name: str) -> None:
    show(page, site, name, SCREEN)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("paper", PAPER)
@pytest.mark.parametrize("name", [*PAGES, *GERMAN])
def test_paper_is_wide_enough(page: Page, site: Path, name: str, paper: str) -> None:
    show(page, site, name, PAPER[paper])
    page.emulate_media(media="print")
    page.evaluate(OPEN_ALL)
    assert not page.evaluate(SIDEWAYS)
    assert page.evaluate(ON_PAPER) == []


LAST = ".answers div:last-child dd"


@pytest.mark.parametrize(
    ("name", "width", "parts"),
    [
        ("world/departments/customer-service", SCREEN, (".headline", ".figures", ".answers", ".plot")),
        ("world/departments/customer-service", PHONE, (".headline", ".figures", ".answers", LAST)),
        ("world/index", SCREEN, (".headline", ".figures", LAST, ".alert")),
        ("world/index", PHONE, (".headline", ".figures", ".answers", LAST)),
        ("world/executive", SCREEN, (".headline", ".figures", ".answers", ".steps")),
        ("world/executive", PHONE, (".headline", ".figures", ".answers", LAST)),
        ("world/evidence", SCREEN, (".headline", ".answers", LAST, ".notice")),
        ("world/evidence", PHONE, (".headline", ".answers", LAST, ".notice strong")),
        ("german/departments/customer-service", SCREEN, (".headline", ".figures", ".answers", ".plot")),
        ("german/departments/customer-service", PHONE, (".headline", ".figures", ".answers", LAST)),
        ("german/departments/operations-division", PHONE, (".headline", ".figures", ".answers", LAST)),
        ("german/index", PHONE, (".headline", ".figures", ".answers", LAST)),
        ("german/executive", PHONE, (".headline", ".figures", ".answers", LAST)),
    ],
)
def test_the_first_screen_answers(page: Page, site: Path, name: str, width: int, parts: Sequence[str]) -> None:
    height = HEIGHT[width]
    show(page, site, f"{name}.html", width, height)
    places = [page.locator(part).first.bounding_box() for part in parts]
    bottoms = [place["y"] + place["height"] for place in places if place is not None]
    assert len(bottoms) == 4
    assert max(bottoms) <= height


def test_bars_are_drawn_where_they_should_be(page: Page, site: Path) -> None:
    script = """() => {
      const plot = document.querySelector('.plot svg').getBoundingClientRect();
      const bars = [...document.querySelectorAll('.plot clipPath rect')].map(e => e.getBBox());
      return bars.length > 20 && bars.every(r => r.x >= 0 && r.x + r.width <= plot.width + 1
        && r.y >= -1 && r.y + r.height <= plot.height + 1 && r.width > 2);
    }"""
    for width in (PHONE, SCREEN):
        show(page, site, "world/departments/customer-service.html", width)
        assert page.evaluate(script)


def test_large_numbers_beside_a_chart_stand_in_one_line(page: Page, site: Path) -> None:
    show(page, site, "world/index.html", PHONE)
    script = """() => {
      const labels = [...document.querySelectorAll('.axis-y span')];
      labels[0].textContent = '3,000,000';
      const plot = document.querySelector('.plot svg').getBoundingClientRect();
      const boxes = labels.map(e => e.getBoundingClientRect());
      const middles = boxes.map(r => Math.round(r.top + r.height / 2 - plot.top));
      return [boxes.every(r => r.height < 24 && r.left >= 0 && r.right < plot.left), middles];
    }"""
    assert page.evaluate(script) == [True, [0, 80, 160]]


def test_tables_sort_by_figures_and_by_words(page: Page, site: Path) -> None:
    show(page, site, "world/departments/customer-service.html", SCREEN)
    table = page.locator("table.services")
    header = table.locator("thead th").nth(4)
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") == "descending"
    assert table.evaluate(NAMES) == ["Microsoft 365 Copilot", "ChatGPT", "Grammarly", "DeepSeek", "ElevenLabs"]
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert table.evaluate(NAMES)[0] == "ElevenLabs"
    table.locator("thead th").first.get_by_role("button").click()
    assert table.evaluate(NAMES) == sorted(table.evaluate(NAMES))
    assert header.get_attribute("aria-sort") is None
    data = table.locator("thead th").nth(5).get_by_role("button")
    data.click()
    assert table.evaluate(NAMES)[-1] == "ElevenLabs"  # not measured comes last


def test_tables_filter_and_say_how_many_are_left(page: Page, site: Path) -> None:
    show(page, site, "world/departments/operations-division.html", SCREEN)
    table = page.locator("table.services")
    box = page.get_by_role("searchbox", name="Find in this table:").first
    box.fill("prohib")
    assert table.evaluate(NAMES) == ["DeepSeek"]
    assert page.get_by_role("status").first.inner_text() == "1 of 8 lines shown"
    box.fill("")
    assert len(table.evaluate(NAMES)) == 8
    assert page.get_by_role("status").first.inner_text() == ""


def test_everything_can_be_reached_by_keyboard(page: Page, site: Path) -> None:
    show(page, site, "world/departments/customer-service.html", SCREEN)
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box() is not None
    focusable = page.locator("a[href], summary, button, input").count()
    met = set()
    for _ in range(focusable + 10):
        met.add(page.evaluate("() => document.activeElement.tagName"))
        page.keyboard.press("Tab")
    assert {"A", "SUMMARY", "BUTTON", "INPUT"} <= met
    details = page.locator("table.services details").first
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    assert details.get_attribute("open") is not None


def test_the_page_works_without_its_script(browser: Browser, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((site / "world/departments/customer-service.html").as_uri())
    assert tab.locator("table.services tbody tr").count() == 5
    assert tab.locator("button, input").count() == 0
    tab.locator("table.services summary").first.click()
    assert tab.get_by_text("Takes free text and files of any kind").first.is_visible()
    context.close()


def test_the_policy_lets_nothing_else_run_or_be_fetched(page: Page, site: Path) -> None:
    show(page, site, "world/departments/customer-service.html", SCREEN)
    page.evaluate("""() => {
      const script = document.createElement('script');
      script.textContent = 'window.owned = true';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.owned = true">');
    }""")
    assert page.evaluate("() => window.owned") is None
    refused = "() => fetch('http://127.0.0.1:9/').then(() => 'sent', error => error.message)"
    assert page.evaluate(refused) == "Failed to fetch"
    assert "connect-src" not in page.content()


def test_nothing_moves_where_the_reader_asked_for_that(page: Page, site: Path) -> None:
    show(page, site, "world/departments/customer-service.html", SCREEN)
    page.emulate_media(reduced_motion="reduce")
    moves = """() => [...document.querySelectorAll('*')].filter(e => {
      const style = getComputedStyle(e);
      return style.animationName !== 'none' || style.transitionDuration !== '0s' || style.scrollBehavior === 'smooth';
    }).length"""
    assert page.evaluate(moves) == 0
    page.emulate_media(reduced_motion="no-preference")


def test_dark_and_light_are_told_apart(page: Page, site: Path) -> None:
    show(page, site, "world/index.html", SCREEN)
    ground = "() => getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) == "rgb(18, 22, 28)"
    page.emulate_media(media="print")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


@pytest.mark.parametrize("name", WORLD)
def test_pictures_are_kept_to_be_looked_at(page: Page, site: Path, pictures: Path, name: str) -> None:
    for width in (PHONE, SCREEN):
        show(page, site, name, width)
        page.screenshot(path=pictures / f"{name.replace('/', '-').removesuffix('.html')}-{width}.png", full_page=True)
    page.emulate_media(media="print")
    page.pdf(path=pictures / f"{name.replace('/', '-').removesuffix('.html')}.pdf", format="A4", print_background=True)
    assert len(list(pictures.glob(f"{name.replace('/', '-').removesuffix('.html')}*"))) == 3


def printed(page: Page, place: Path, name: str, tool: str, paper: str) -> list[str]:
    """Print a page to PDF and give the text of each sheet."""
    show(page, place, name, SCREEN)
    page.emulate_media(media="print")
    pdf = page.pdf(format=paper, print_background=False)
    run = subprocess.run([tool, "-layout", "-", "-"], input=pdf, check=True, capture_output=True, timeout=60)
    return run.stdout.decode().split("\f")[:-1]


@pytest.mark.parametrize("paper", PAPER)
def test_printed_rows_are_whole(page: Page, site: Path, require: Callable[[str], str], paper: str) -> None:
    sheets = printed(page, site, "sixty/departments/*.html", require("pdftotext"), paper)
    assert len(re.findall(STATUS, "\n".join(sheets))) >= 60
    for sheet in sheets[2:5]:
        # The head is repeated, the first line below it begins a row, and no row's reasons are left for the next sheet.
        lines = [line.strip() for line in sheet.splitlines() if line.strip()]
        head = next(at for at, line in enumerate(lines) if line.startswith("Service "))
        assert head <= 2
        assert any(re.search(STATUS, line) for line in lines[head + 1 : head + 3])
        assert not lines[-2].startswith("Why ")


def test_paper_shows_what_the_screen_folds(page: Page, site: Path, require: Callable[[str], str]) -> None:
    sheets = printed(page, site, "world/departments/operations-division.html", require("pdftotext"), "A4")
    text = " ".join(" ".join(sheets).replace(" / ", "/").split())
    for expected in (
        "Consumer accounts may be used for training",
        "5f2c9a41d07e",
        "What the words mean",
        "logistics.html",
        f"{len(sheets)}/{len(sheets)}",
    ):
        assert expected in text
