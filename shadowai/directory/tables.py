"""CSV files as people write them: read with the line numbers that an editor shows, every problem collected.

The syntax is RFC 4180 with the tolerance that spreadsheets need: a byte order mark, any line ending, `;` or a tab as
delimiter, blank lines, headers in any case and order.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from shadowai.errors import UsageError
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DAY = 24 * 3600 * SECOND  # nanoseconds
_EPOCH = date(1970, 1, 1)
_DATE_LENGTH = len("2026-01-31")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a file that the user wrote. `line` counts from 1; 0 stands for the file as a whole."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


@dataclass(slots=True)
class Findings:
    """What was met while the files were read: problems refuse the directory, warnings are only told."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def problem(self, file: Path, line: int, message: str) -> None:
        """Note something that makes the directory unusable."""
        self.problems.append(Problem(str(file), line, message))

    def warn(self, file: Path, line: int, message: str) -> None:
        """Note something odd that does no harm."""
        self.warnings.append(Problem(str(file), line, message))

    def raise_if_any(self) -> None:
        """Raise every problem together as one UsageError, one a line."""
        if self.problems:
            raise UsageError("\n".join(str(problem) for problem in sorted(set(self.problems))))


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a table must and may have."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every known column, in the documented order."""
        return self.required + self.optional


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line on which it begins and its cells by column name, trimmed; a missing cell is empty."""

    file: Path
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read_table(path: Path, columns: Columns, findings: Findings) -> list[Row]:
    """Read one CSV file. What is wrong with it goes to `findings`; the usable rows are returned all the same."""
    text = _read_text(path, findings)
    if text is None:
        return []
    records = _records(path, text, findings)
    header_line, header = next(records, (1, []))
    names = [name.strip().lower() for name in header]
    if not _check_header(Row(path, header_line, {}), names, columns, findings):
        return []
    rows = (_row(path, names, record, findings) for record in records)
    return [row for row in rows if row is not None]


def parse_day(row: Row, column: str, findings: Findings) -> int | None:
    """Days since 1970-01-01 of a cell written YYYY-MM-DD (ISO 8601); None where it is empty or wrong (noted)."""
    text = row[column]
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or len(text) != _DATE_LENGTH:
        findings.problem(row.file, row.line, f"{column} {text!r} is not a date; write it as YYYY-MM-DD")
        return None
    return (day - _EPOCH).days


def _read_text(path: Path, findings: Findings) -> str | None:
    try:
        data = path.read_bytes()
    except OSError as error:
        findings.problem(path, 0, f"cannot be read ({error.strerror}); check the file and its permissions")
        return None
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 if wide else data.count(b"\n", 0, error.start) + 1
        findings.problem(path, line, "is not UTF-8; save the file as 'CSV UTF-8'")
        return None


def _records(path: Path, text: str, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """Give the records that are not blank with the number of their first line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True, skipinitialspace=True)
    line = 1
    try:
        for record in reader:
            if any(cell.strip() for cell in record):
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        findings.problem(path, line, f"this record cannot be read ({error}); check its quotation marks")


def _delimiter(text: str) -> str:
    header = next((line for line in io.StringIO(text) if line.strip()), "")
    return max(",;\t", key=header.count)


def _check_header(place: Row, names: list[str], columns: Columns, findings: Findings) -> bool:
    missing = [name for name in columns.required if name not in names]
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    unknown = [name for name in names if name and name not in columns.all]
    wanted = ",".join(columns.required)
    for name in missing:
        remedy = (
            f"the first line must be: {wanted}" if names else f"the file is empty; its first line must be: {wanted}"
        )
        findings.problem(place.file, place.line, f"column {name!r} is missing; {remedy}")
    for name in twice:
        findings.problem(place.file, place.line, f"column {name!r} is there twice; remove one")
    for name in unknown:
        findings.warn(place.file, place.line, f"column {name!r} is not known and is ignored")
    return not missing and not twice


def _row(path: Path, names: list[str], record: tuple[int, list[str]], findings: Findings) -> Row | None:
    line, cells = record
    surplus = [cell for cell in cells[len(names) :] if cell.strip()]
    if surplus:
        # A shifted row would put a person into a wrong department.
        findings.problem(
            path,
            line,
            f"has more cells than the header has columns ({len(names)}); quote values that hold the delimiter",
        )
        return None
    values = (" ".join(cell.split()) for cell in cells)
    return Row(path, line, {name: value for name, value in zip(names, values, strict=False) if name})
