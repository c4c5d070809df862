"""The folder `people/`: every export in it read into rows of people.

What makes a whole file useless is a problem. A record that names nobody, or cannot be read, is left out, counted and
located: an export is not the user's own hand, and is never without oddities.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from shadowai.directory.exports.dates import is_ambiguous, parse_date, shown_order
from shadowai.directory.exports.files import Export, open_export
from shadowai.directory.exports.records import RecordReader
from shadowai.directory.people import ALWAYS, Period, PersonRow, each_device

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.directory.options import DirectoryOptions
    from shadowai.directory.tables import Findings


def read_exports(folder: Path, options: DirectoryOptions, findings: Findings) -> list[PersonRow]:
    """Read every file of the folder `people/`, in the order of their names; none where there is no such folder."""
    rows: list[PersonRow] = []
    if not folder.is_dir():
        return rows
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "~$")):
            continue  # what editors and spreadsheets leave behind
        export = open_export(path, options.columns.get("people", {}), findings)
        if export is not None:
            rows += _Rows(path, export, options, findings).read()
    return rows


class _Rows:
    """The rows of one export, and what was odd in it: each oddity is told once, with its number and first place."""

    def __init__(self, path: Path, export: Export, options: DirectoryOptions, findings: Findings) -> None:
        self._path = path
        self._export = export
        self._options = options
        self._findings = findings
        self._reader = RecordReader(export.kind, export.columns, f"{path.parent.name}/{path.name}", options)

    def read(self) -> list[PersonRow]:
        """Read the records; dates last, as a file's own dates may show in which order they are written."""
        rows: list[PersonRow] = []
        dates: dict[int, tuple[str, ...]] = {}
        for line, record in self._export.records:
            row = self._reader.read(line, record)
            if row is not None:
                texts = self._reader.dates(record)
                if any(texts):
                    dates[len(rows)] = texts
                rows.append(row)
        dated = self._with_dates(rows, dates) if dates else rows
        for reason, (count, first) in sorted(self._reader.oddities.items()):
            place = f"{self._export.unit} {first}"
            self._findings.warn(self._path, first, f"{count} records {reason}; the first is {place}")
        if not rows:
            self._findings.warn(self._path, 0, f"is an export of {self._export.kind.name}, and names nobody")
        return list(each_device(_closed(dated)))

    def _with_dates(self, rows: list[PersonRow], dates: dict[int, tuple[str, ...]]) -> list[PersonRow]:
        texts = {text for found in dates.values() for text in found if text}
        day_first = self._options.day_first
        if day_first is None:
            day_first = shown_order(texts)
        if day_first is None and (unclear := next(filter(is_ambiguous, sorted(texts)), None)):
            message = f"nothing tells whether the date {unclear} begins with the day or the month"
            self._findings.problem(self._path, 0, f"{message}; set date_order in shadowai.toml")
            return []
        dated = []
        for number, row in enumerate(rows):
            try:
                days = [parse_date(text, day_first=day_first) for text in dates.get(number, ())]
            except ValueError:
                self._reader.note("have a date that cannot be read, and are left out", row.origin.line)
                continue
            dated.append(_with_periods(row, days) if days else row)
        return dated


def _with_periods(row: PersonRow, days: list[int | None]) -> PersonRow:
    first, last, hired, left = days
    period = Period(first, last) if (first, last) != (None, None) else ALWAYS
    employed = Period(hired, left) if (hired, left) != (None, None) else ALWAYS
    return row._replace(period=period, employed=employed)


def _closed(rows: list[PersonRow]) -> list[PersonRow]:
    """End each stay whose end is not told on the day before the person's next one begins (lists of effective dates)."""
    begins: dict[str, list[int]] = {}
    for row in rows:
        if row.period.first is not None:
            begins.setdefault(row.person, []).append(row.period.first)
    for days in begins.values():
        days.sort()
    return [_ended(row, begins[row.person]) if row.period.first is not None else row for row in rows]


def _ended(row: PersonRow, begins: list[int]) -> PersonRow:
    first = row.period.first
    if first is None or row.period.last is not None:
        return row
    later = bisect_right(begins, first)
    if later == len(begins):
        return row
    return row._replace(period=Period(first, begins[later] - 1))
