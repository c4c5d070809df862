"""The tables as CSV (RFC 4180), for spreadsheets and scripts; usage.csv has a line for each department and service."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from shadowai.reports.sheets import SHEETS, USAGE, Sheet
from shadowai.reports.text import csv_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.reports.sheet_rows import Cell
    from shadowai.result import Result

FOLDER = "tables"  # of all tables but usage.csv, which stands beside index.html
COLUMNS = tuple(column.key for column in USAGE.columns)


def usage_csv(result: Result) -> str:
    """Write every service of every department as CSV with a header; an unknown value is an empty cell.

    The keys are those of result.json. Lines end in CRLF, text is UTF-8 without a byte order mark, and a cell that a
    spreadsheet would take for a formula begins with an apostrophe.
    """
    return sheet_csv(USAGE, result)


def csv_files(result: Result) -> Iterator[tuple[str, str]]:
    """Write every table in the form of usage.csv: pairs of a path inside the report and its content."""
    for sheet in SHEETS:
        yield "usage.csv" if sheet is USAGE else f"{FOLDER}/{sheet.key}.csv", sheet_csv(sheet, result)


def sheet_csv(sheet: Sheet, result: Result) -> str:
    """Write one table; see `usage_csv`."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(column.key for column in sheet.columns)
    for row in sheet.rows(result):
        writer.writerow(map(_written, row))
    return out.getvalue()


def _written(cell: Cell) -> str:
    return str(cell).lower() if isinstance(cell, bool) else csv_cell(cell)
