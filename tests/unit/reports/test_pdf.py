"""PDF of the pages by a real browser: tagged, dated by the records, and nothing of this machine in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.hostile import ATTACKS, poisoned
from support.report_world import world

from shadowai.errors import UsageError
from shadowai.reports import browser
from shadowai.reports.browser import find_browser, running_browser
from shadowai.reports.files import write
from shadowai.reports.html import pages
from shadowai.reports.languages import language
from shadowai.reports.look import Look
from shadowai.reports.order import Order
from shadowai.reports.pdf import dated, print_pages

if TYPE_CHECKING:
    from collections.abc import Callable

    Require = Callable[[str], str]


@pytest.fixture
def chromium(require: Require) -> str:
    return require("chromium")


def text_of(path: Path) -> str:
    return subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True, text=True).stdout


def test_a_page_becomes_a_tagged_pdf_dated_by_its_records(chromium: str, require: Require, tmp_path: Path) -> None:
    require("pdftotext")
    assert chromium
    wanted = [page for page in pages(world()) if page.path in ("executive.html", "departments/legal.html")]
    print_pages(wanted, tmp_path, world().period)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.pdf")) == [
        "departments/legal.pdf",
        "executive.pdf",
    ]
    told = text_of(tmp_path / "departments" / "legal.pdf")
    assert "AI use in Legal" in told
    assert "3 of 4 people" in " ".join(told.split())
    content = (tmp_path / "departments" / "legal.pdf").read_bytes()
    assert b"/StructTreeRoot" in content
    assert b"/CreationDate (D:20261129235958+00'00')" in content
    assert b"file:///" not in content
    print_pages(wanted, tmp_path, world().period)
    assert (tmp_path / "departments" / "legal.pdf").read_bytes() == content


@pytest.mark.parametrize(("code", "points"), [("en", (612, 792)), ("de", (595, 842))])  # Letter, A4 (ISO 216)
def test_a_pdf_is_printed_on_the_paper_of_its_readers(
    chromium: str, tmp_path: Path, code: str, points: tuple[int, int]
) -> None:
    assert chromium
    write(world(), tmp_path, Order(("pdf",), look=Look(language(code)), department="Legal"))
    (made,) = tmp_path.rglob("*.pdf")
    boxes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", made.read_bytes()))
    assert len(boxes) == 1
    assert all(abs(float(one) - wanted) < 1 for one, wanted in zip(boxes.pop(), points, strict=True))


def test_hostile_names_do_nothing_in_it(chromium: str, require: Require, tmp_path: Path) -> None:
    require("pdftotext")
    assert chromium
    attack = next(one for one in ATTACKS if one.startswith("</title>"))
    write(poisoned(world(), attack), tmp_path, Order(("pdf",), department=attack + "Legal"))
    (made,) = tmp_path.rglob("*.pdf")
    assert made.parent.name == "departments"
    assert "<svg onload=alert(1)>" in " ".join(text_of(made).split())
    assert not re.search(rb"/(JavaScript|JS|Launch|OpenAction)\b", made.read_bytes())


def test_without_a_browser_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "_MAC", ("No Such Browser",))
    with pytest.raises(UsageError, match="none is on PATH; install one"):
        find_browser()
    with pytest.raises(UsageError, match="none is on PATH"):
        Order(("html", "pdf")).checked()


def test_a_browser_of_the_mac_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(Path, "is_file", lambda path: path.name == "Chromium")
    assert find_browser() == "/Applications/Chromium.app/Contents/MacOS/Chromium"


def browser_that(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Put a program on PATH that stands in for the browser."""
    program = folder / "chromium"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(browser, "PATIENCE", 5)
    assert shutil.which("chromium") == str(program)


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo 'no display' >&2; exit 1", "has ended; it said: no display"),
        ("exec 4>&-; exit", "has ended$"),
        ("exec sleep 60", "has not answered for 5 seconds"),
        ("""printf '{"id":1,"error":{"message":"no targets"}}\\0' >&4; sleep 5""", "createTarget: no targets"),
        (r"printf 'noise\0' >&4; sleep 5", "says what is no answer"),
    ],
)
def test_a_browser_that_does_not_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, problem: str
) -> None:
    browser_that(monkeypatch, tmp_path, script)
    with pytest.raises(UsageError, match=problem), running_browser():
        pass


def test_a_program_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    browser_that(monkeypatch, tmp_path, "")
    (tmp_path / "chromium").write_bytes(b"\x7fELF nothing")
    with pytest.raises(UsageError, match="cannot be started"), running_browser():
        pass


def test_a_page_without_a_period_has_a_date_too() -> None:
    made = b"<< /CreationDate (D:20261122004119+00'00')\n/ModDate (D:20261122004119+00'00') >>"
    assert dated(made, None).count(b"(D:19800101000000+00'00')") == 2
    assert dated(made, "2026-11-09T18:30:00.5Z").count(b"(D:20261109183000+00'00')") == 2
    assert len(dated(made, "2026-11-09T18:30:00Z")) == len(made)
    assert dated(made, "soon") == dated(made, None)
