"""Every renderer over one fixed result document that has everything."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.cell import Cell
from rich.console import Console
from support.report_world import world

from shadowai.reports.html import pages
from shadowai.reports.languages import language
from shadowai.reports.look import Look
from shadowai.reports.markdown import summary_markdown
from shadowai.reports.tables import csv_files
from shadowai.reports.terminal import summary
from shadowai.reports.xlsx import write_workbook

Golden = Callable[[str, bytes | str], None]
PAGES = ("index", "executive", "evidence", "departments/customer-service", "departments/research-division")


def bare(html: str) -> str:
    """Leave style and script out, which are files of their own: a change of looks is no change of what a page says."""
    return re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", html, flags=re.DOTALL)


def shown(cell: Cell) -> str:
    """Show the value of a cell and how it is written, where that is not as it is."""
    form = cell.number_format.replace("General", "").partition(";")[0]
    return "" if cell.value is None else f"{cell.value} {form}".strip()


@pytest.mark.parametrize("code", ["en", "de", "fr"])
def test_pages(golden: Golden, code: str) -> None:
    made = {page.path: page.html for page in pages(world(), Look(language(code)))}
    for name in PAGES:
        golden(f"reports/world/{code}/{name.rpartition('/')[2]}.html", bare(made[f"{name}.html"]))


@pytest.mark.parametrize("code", ["en", "de", "fr"])
def test_markdown(golden: Golden, code: str) -> None:
    golden(f"reports/world/{code}/summary.md", summary_markdown(world(), Look(language(code))))


@pytest.mark.parametrize("code", ["en", "de", "fr"])
def test_workbook(golden: Golden, tmp_path: Path, code: str) -> None:
    write_workbook(world(), tmp_path / "report.xlsx", Look(language(code)))
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    lines = []
    for sheet in book.worksheets:
        lines.append(f"[{sheet.title}] freeze {sheet.freeze_panes} filter {sheet.auto_filter.ref}")
        lines.extend(" | ".join(map(shown, row)).rstrip(" |") for row in sheet.iter_rows(max_row=12))
    golden(f"reports/world/{code}/report.xlsx.txt", "\n".join(lines) + "\n")


def test_tables(golden: Golden) -> None:
    for name, content in csv_files(world()):
        golden(f"reports/world/{name.rpartition('/')[2]}", content)


def test_terminal(golden: Golden) -> None:
    out = io.StringIO()
    Console(file=out, width=80, color_system=None).print(summary(world()))
    golden("reports/world/summary.txt", out.getvalue())
