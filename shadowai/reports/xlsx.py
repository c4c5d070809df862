"""report.xlsx: a sheet for each list of the document, with real numbers and dates (ECMA-376, written by XlsxWriter).

Every text is written as a text, whatever it begins with, so that no cell is a formula or a link. The time stored in the
file is the period's end, so that two runs give the same bytes.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, islice
from textwrap import wrap
from typing import TYPE_CHECKING

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxFileError

from shadowai.reports import text, words
from shadowai.reports.board import answers, board_steps
from shadowai.reports.index_page import lead
from shadowai.reports.language import later, say, speaking, translated
from shadowai.reports.look import PLAIN, Look
from shadowai.reports.naming import unknown_named
from shadowai.reports.phrases import worded_all, worded_rule
from shadowai.reports.sheets import SHEETS, Column, Kind, Sheet
from shadowai.reports.tidying import tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from shadowai.reports.sheet_rows import Cell, Row
    from shadowai.result import Result

MAX_ROWS = 1_048_575  # of a sheet, below its heading (Excel specifications and limits)
MAX_CELL = 32_767  # characters of a cell (the same)
_WORKBOOK = {
    "constant_memory": True,  # a sheet of 50,000 people is not held
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_NO_TIME = datetime(1980, 1, 1, tzinfo=UTC)  # stored where no record had a time; a file in ZIP can hold none earlier
_NUMBERS: Mapping[Kind, str] = {
    "count": "#,##0",
    "bytes": '[>=999500000]#,##0.0,,,"{gb}";[>=999500]#,##0.0,,"{mb}";#,##0.0,"{kb}"',  # a format has three cases
    "points": "0.0",
    "percent": "0.0%",
    "day": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm",
}
_WORDS: Mapping[str, str] = {
    **{status.value: message for status, message in words.STATUS.items()},
    **words.RISK,
    **{kind: heading for kind, (heading, _) in words.BLIND.items()},
    "requests": later("requests"),
    "records": later("records"),
    "connections": later("connections"),
    "capture": later("Packet capture"),
    "dns": later("DNS log"),
    "proxy": later("Proxy log"),
    "firewall": later("Firewall log"),
    "sensor": later("Sensor log"),
    "normal": later("Normal"),
    "new": later("New"),
    "grown": later("More"),
    "shrunk": later("Less"),
    "stopped": later("Stopped"),
    "use": later("Use"),
    "signatures": later("Our signatures"),
    "coverage": later("What is recorded"),
}
_SAID: Mapping[Kind, Callable[[str], str]] = {"said": worded_all, "rule": worded_rule}
_WIDTHS: Mapping[Kind, int] = {"day": 12, "time": 17}
_NARROW = 11  # characters of a column that is given no width
_LINE = 15  # points, the height of a line
_SUMMARY = (48, 22)  # characters of the summary's columns


class _Book:
    """A workbook that is being written, and its cell formats."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.lead = book.add_format({"text_wrap": True, "valign": "top"})
        units = {
            "kb": say("{number} kB", number=""),
            "mb": say("{number} MB", number=""),
            "gb": say("{number} GB", number=""),
        }
        forms = {kind: form.format(**units) for kind, form in _NUMBERS.items()}
        self.numbers = {kind: book.add_format({"num_format": form}) for kind, form in forms.items()}


def write_workbook(result: Result, path: Path, look: Look = PLAIN) -> None:
    """Write the document as a workbook; headings are in the language of the look. OSError where the disk refuses."""
    # XlsxWriter opens its file last, and leaves its drafts behind where it cannot, so it is given memory and a folder.
    whole = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="shadowai-") as drafts:
        try:
            with Workbook(whole, {**_WORKBOOK, "tmpdir": drafts}) as workbook, speaking(look.language):
                _write(unknown_named(result), workbook)
        except XlsxFileError as error:
            raise OSError(0, str(error)) from error
    whole.seek(0)
    with path.open("wb") as file:
        shutil.copyfileobj(whole, file)


def _write(result: Result, workbook: Workbook) -> None:
    workbook.use_zip64()  # a large organisation's may pass 4 GB, which the format cannot hold without
    made = _moment(result.period.end) or _NO_TIME.replace(tzinfo=None)
    workbook.set_properties({"title": say("AI use report"), "created": made})
    book = _Book(workbook)
    _summary(result, book)
    for sheet in SHEETS:
        _sheet(sheet, result, book)


def _summary(result: Result, book: _Book) -> None:
    page = book.book.add_worksheet(say("Summary"))
    page.hide_gridlines(2)
    page.fit_to_pages(1, 0)
    for at, width in enumerate(_SUMMARY):
        page.set_column(at, at, width)
    page.write_string(0, 0, say("AI use report"), book.title)
    page.set_row(1, 60)
    page.merge_range(1, 0, 1, 5, "", book.lead)
    neat = tidy(result)
    page.write_string(1, 0, text.clean(lead(neat)), book.lead)
    for at, told in enumerate(answers(neat, board_steps(neat)), 2):
        page.set_row(at, 32)
        page.merge_range(at, 0, at, 5, "", book.lead)
        page.write_string(at, 0, text.clean(f"{told.name}: {told.text}"), book.lead)
    for at, (name, cell, kind) in enumerate(_facts(result), 6):
        page.write_string(at, 0, name)
        _cell(page, (at, 1), Column("", "", kind), cell, book)


def _facts(result: Result) -> Iterable[tuple[str, Cell, Kind]]:
    totals = result.totals
    yield say("First record (UTC)"), result.period.start, "time"
    yield say("Last record (UTC)"), result.period.end, "time"
    yield say("People"), totals.people, "count"
    yield say("People with unsanctioned services"), totals.people_unsanctioned, "count"
    yield say("People who only looked services up"), totals.people_dns_only, "count"
    yield say("Services"), totals.services, "count"
    yield say("Unsanctioned services"), totals.services_unsanctioned, "count"
    yield say("Sessions"), totals.sessions, "count"
    yield say("Unsanctioned sessions"), totals.sessions_unsanctioned, "count"
    yield say("Blocked requests"), totals.blocked, "count"
    yield say("Data sent"), totals.bytes_up, "bytes"
    yield say("Data sent to unsanctioned"), totals.bytes_up_unsanctioned, "bytes"
    yield say("Made by"), result.generator, "text"
    yield say("Version of the signatures"), result.signatures.version, "text"


def _sheet(sheet: Sheet, result: Result, book: _Book) -> None:
    """Write one table; one without rows is left out."""
    rows = iter(sheet.rows(result))
    first = next(rows, None)
    if first is None:
        return
    page = book.book.add_worksheet(translated(sheet.title)[:31])
    headings = [translated(column.heading) for column in sheet.columns]
    widths = list(map(_width, sheet.columns, headings))
    page.set_row(0, _LINE * max(map(_lines, headings, widths)))
    for at, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        page.set_column(at, at, width)
        page.write_string(0, at, heading, book.heading)
    last = _rows(page, sheet, chain((first,), rows), book)
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, last, len(sheet.columns) - 1)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)


def _width(column: Column, heading: str) -> int:
    """Give the width of a column in letters: no word of its heading is broken."""
    return column.width or _WIDTHS.get(column.kind) or max(_NARROW, *(len(word) + 2 for word in heading.split()))


def _lines(heading: str, width: int) -> int:
    """Count the lines of a heading in its column: not every program makes room for them by itself (LibreOffice)."""
    return len(wrap(heading, width - 2))  # bold letters are broader


def _rows(page: Worksheet, sheet: Sheet, rows: Iterable[Row], book: _Book) -> int:
    """Write the rows below the heading, as many as a sheet can hold, and give the number of the last."""
    at = 0
    for at, row in enumerate(islice(rows, MAX_ROWS), 1):
        for place, (column, cell) in enumerate(zip(sheet.columns, row, strict=True)):
            _cell(page, (at, place), column, cell, book)
    return at


def _cell(page: Worksheet, place: tuple[int, int], column: Column, cell: Cell, book: _Book) -> None:
    """Write one cell by the kind of its column; nothing where it is unknown."""
    form = book.numbers.get(column.kind)
    if cell is None:
        return
    if isinstance(cell, bool):
        page.write_string(*place, say("yes") if cell else say("no"))
    elif isinstance(cell, str) and column.kind == "word":
        page.write_string(*place, translated(_WORDS[cell]) if cell in _WORDS else text.clean(cell)[:MAX_CELL])
    elif isinstance(cell, str):
        _text(page, place, column, cell, form)
    else:
        page.write_number(*place, cell / 100 if column.kind == "percent" else cell, form)


def _text(page: Worksheet, place: tuple[int, int], column: Column, cell: str, form: Format | None) -> None:
    """Write a text, or the time that it says; Excel counts days from 1900 and knows no zones."""
    if column.kind in _SAID:
        cell = _SAID[column.kind](cell)
    moment = _moment(cell) if column.kind == "time" else text.parse_day(cell) if column.kind == "day" else None
    if moment is not None and moment.year > 1900:  # noqa: PLR2004  # the first year of its calendar is not sound
        page.write_datetime(*place, moment, form)
    else:
        page.write_string(*place, text.clean(cell)[:MAX_CELL])


def _moment(told: str | None) -> datetime | None:
    """Read an RFC 3339 time as one in UTC without a zone, to the second; None where it is none."""
    with suppress(ValueError, OverflowError):
        return datetime.fromisoformat(told or "").astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return None
