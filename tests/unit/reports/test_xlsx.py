"""report.xlsx, read back by another library: real numbers and dates, and no formula whatever a name says."""

from __future__ import annotations

import errno
import gc
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from support.hostile import ATTACKS, poisoned
from support.report_world import world
from support.results import EXAMPLES
from xlsxwriter.exceptions import FileCreateError

from shadowai.reports import xlsx
from shadowai.reports.languages import language
from shadowai.reports.look import Look
from shadowai.reports.sheets import SHEETS
from shadowai.reports.xlsx import write_workbook

if TYPE_CHECKING:
    from shadowai.result import Result


def read(result: Result, folder: Path, look: Look | None = None) -> Any:  # openpyxl has no types
    path = folder / "report.xlsx"
    write_workbook(result, path, look or Look())
    return openpyxl.load_workbook(path)


def moment(told: str) -> datetime:
    """Read a time as a spreadsheet has it: without a zone."""
    return datetime.fromisoformat(told.removesuffix("Z")).replace(microsecond=0)


def rows(sheet: Any) -> list[dict[str, Any]]:  # see above
    heads, *body = sheet.iter_rows(values_only=True)
    return [dict(zip(heads, row, strict=True)) for row in body]


def test_a_sheet_for_each_list_with_its_heading_kept_in_sight(tmp_path: Path) -> None:
    book = read(world(), tmp_path)
    assert book.sheetnames == [
        "Summary", "Departments", "Use by department", "Services", "People", "Looks like AI", "Blind spots", "Sources",
        "Changes", "Policy",
    ]  # fmt: skip
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref.startswith("A1:")
        assert sheet.print_title_rows == "$1:$1"
        widths = [sheet.column_dimensions[column].width for column in ("A", "B")]
        assert all(width and width > 8 for width in widths)


@pytest.mark.parametrize("code", ["en", "de", "fr"])
def test_headings_have_the_room_they_need(code: str, tmp_path: Path) -> None:
    # LibreOffice gives a line of text one line's height, whatever is wrapped in it.
    for sheet in read(world(), tmp_path, Look(language(code))).worksheets[1:]:
        columns = sheet.column_dimensions.values()  # of neighbours that are alike there is one
        widths = {at: one.width for one in columns for at in range(one.min, one.max + 1)}
        for at, cell in enumerate(sheet[1], 1):
            assert max(map(len, cell.value.split())) < widths[at]
            assert len(cell.value) / widths[at] * 15 <= (sheet.row_dimensions[1].height or 15)


def test_a_printed_summary_is_one_sheet_wide(tmp_path: Path) -> None:
    summary = read(world(), tmp_path).worksheets[0]
    assert summary.sheet_properties.pageSetUpPr.fitToPage
    assert summary.page_setup.fitToWidth in (None, 1)  # one unless it says otherwise
    assert summary.page_setup.fitToHeight == 0


def test_bytes_are_written_with_the_units_of_the_language(tmp_path: Path) -> None:
    sheet = read(world(), tmp_path, Look(language("fr")))["Services"]
    forms = {cell.number_format for row in sheet.iter_rows(min_row=2) for cell in row}
    assert '[>=999500000]#,##0.0,,," Go";[>=999500]#,##0.0,," Mo";#,##0.0," ko"' in forms


def test_numbers_and_times_are_real(tmp_path: Path) -> None:
    result = world()
    book = read(result, tmp_path)
    use = rows(book["Use by department"])
    assert len(use) == sum(len(one.services) for one in result.departments)
    claude = next(one for one in use if one["Service id"] == "claude")
    assert (claude["People"], claude["Sessions"], claude["Data sent"]) == (12, 160, 203_000_000)
    told = next(one.last_seen for place in result.departments for one in place.services if one.id == "claude")
    assert told
    assert claude["Last seen (UTC)"] == moment(told)
    assert claude["Use proven"] == "yes"
    silent = next(one for one in use if one["Service id"] == "elevenlabs")
    assert silent["Data sent"] is None
    (rule, *_) = rows(book["Policy"])
    assert (rule["From"], rule["Until"]) == (moment("2026-01-01"), moment("2026-12-31"))
    hidden = {one["Department"]: one["Traffic that could hide AI use"] for one in rows(book["Departments"])}
    assert hidden["Customer Service"] == pytest.approx(0.124)
    assert hidden["Unknown department"] is None
    summary = {name: value for name, value, *_ in book["Summary"].iter_rows(min_row=4, values_only=True)}
    assert summary["People"] == result.totals.people
    assert summary["First record (UTC)"] == moment("2026-11-02T06:00:11")


def test_few_people_are_one_row(tmp_path: Path) -> None:
    people = rows(read(world(), tmp_path)["People"])
    assert [one["Person"] for one in people if one["Department"] == "Legal"] == ["3 people"]
    legal = next(one for one in world().departments if one.name == "Legal")
    (row,) = [one for one in people if one["Department"] == "Legal"]
    assert row["Sessions"] == sum(one.sessions for one in legal.persons)
    assert (row["Services"], row["Score (of 100)"], row["Last seen (UTC)"]) == (None, None, None)
    assert len([one for one in people if one["Department"] == "Research"]) == 30


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_cell_is_a_formula_or_a_link(tmp_path: Path, attack: str) -> None:
    book = read(poisoned(world(), attack), tmp_path)
    for sheet in book.worksheets:
        assert not sheet.hyperlinks if hasattr(sheet, "hyperlinks") else True
        for row in sheet.iter_rows():
            assert {cell.data_type for cell in row} <= {"n", "s", "d", "inlineStr"}
            assert all(cell.hyperlink is None for cell in row)
    with zipfile.ZipFile(tmp_path / "report.xlsx") as archive:
        sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/")]
        assert not [sheet for sheet in sheets if b"<f>" in sheet or b"<hyperlink" in sheet]
        assert not [name for name in archive.namelist() if "external" in name.lower()]


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_every_result_has_a_workbook(tmp_path: Path, name: str) -> None:
    book = read(EXAMPLES[name](), tmp_path)
    assert "Summary" in book.sheetnames
    assert all(sheet.max_row > 1 for sheet in book.worksheets)


@pytest.mark.parametrize("code", ["de", "fr"])
def test_headings_are_in_the_language_and_fit_their_places(tmp_path: Path, code: str) -> None:
    book = read(world(), tmp_path, Look(language(code)))
    assert "Policy" not in book.sheetnames
    assert len(book.sheetnames) == 10
    english = {column.heading for sheet in SHEETS for column in sheet.columns}
    heads = {cell.value for sheet in book.worksheets[1:] for cell in sheet[1]}
    assert len(heads & english) < 12  # `Service`, `Status` and such are the same words


def test_a_sheet_holds_no_more_rows_than_excel_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_ROWS", 3)
    assert read(world(), tmp_path)["People"].max_row == 4


def test_odd_times_and_long_texts_are_texts(tmp_path: Path) -> None:
    service = EXAMPLES["one"]().departments[0].services[0]
    odd = service.model_copy(
        update={"first_seen": "soon", "last_seen": "0001-01-01T00:00:00+14:00", "name": "x" * 40_000}
    )
    base = EXAMPLES["one"]().departments[0].model_copy(update={"services": (odd,)})
    (row,) = rows(read(EXAMPLES["one"]().model_copy(update={"departments": (base,)}), tmp_path)["Use by department"])
    assert row["First seen (UTC)"] == "soon"
    assert row["Last seen (UTC)"] == "0001-01-01T00:00:00+14:00"
    assert len(row["Service"]) == 32_767


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    write_workbook(world(), tmp_path / "a.xlsx")
    write_workbook(world(), tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"report\.xlsx") as caught:
        write_workbook(world(), tmp_path / "nowhere" / "report.xlsx")
    assert caught.value.errno == errno.ENOENT


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_leaves_no_drafts_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(OSError, match="No space left on device"):
        write_workbook(world(), Path("/dev/full"))
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_what_goes_wrong_inside_is_an_error_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = xlsx.Workbook.close

    def close(book: xlsx.Workbook) -> None:
        really(book)
        raise FileCreateError(28, "No space left on device")

    monkeypatch.setattr(xlsx.Workbook, "close", close)
    with pytest.raises(OSError, match="No space left"):
        write_workbook(EXAMPLES["empty"](), tmp_path / "report.xlsx")
    assert list(tmp_path.iterdir()) == []
