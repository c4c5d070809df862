"""CSV files as people write them: read with the line numbers that an editor shows, every problem collected.

The syntax is RFC 4180 with the tolerance that spreadsheets need: a byte order mark, any line ending, `;` or a tab as
delimiter, blank lines, headers in any case and order, numbers kept as text (`="00123"`).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from shadowai.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

MAX_BYTES = 1 << 30  # of one file; a million people fit into a tenth of it
MAX_TOLD = 1000  # problems, and as many warnings, are kept; the rest is counted
EPOCH = date(1970, 1, 1)
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0{1,9})?)?(?:Z|[+]00:00)?)?", re.ASCII)
# C0 but for the white space that spreadsheets write, DEL and C1: no name holds them, and terminals obey them.
CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SEPARATOR_LINE = re.compile(r"\A(?:sep|SEP|Sep)=.[^\S\r\n]*(?=[\r\n])")  # which Excel writes and reads
_TEXT_NUMBER = re.compile(r'="([^"]*)"')


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
    """What was met while the files were read: problems refuse the directory, warnings are only told.

    Of each the first `MAX_TOLD` are kept; `untold` counts the others by file.
    """

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    untold: Counter[str] = field(default_factory=Counter)

    def problem(self, file: Path, line: int, message: str) -> None:
        """Note something that makes the directory unusable."""
        self._note(self.problems, Problem(str(file), line, message))

    def warn(self, file: Path, line: int, message: str) -> None:
        """Note something odd that does no harm."""
        self._note(self.warnings, Problem(str(file), line, message))

    def told(self, notes: Iterable[Problem]) -> list[str]:
        """Write notes out, each once, in the order of files and lines; at the end how many were left out."""
        lines = [str(note) for note in sorted(set(notes))]
        return [*lines, *(f"{file}: and {count} more like these" for file, count in sorted(self.untold.items()))]

    def raise_if_any(self) -> None:
        """Raise every problem together as one UsageError, one a line."""
        if self.problems:
            raise UsageError("\n".join(self.told(self.problems)))

    def _note(self, notes: list[Problem], note: Problem) -> None:
        if len(notes) < MAX_TOLD:
            notes.append(note)
        else:
            self.untold[note.file] += 1


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a table must and may have; `headers` gives those that the user's file calls otherwise.

    Of `either`, which are among the required ones, one will do.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    either: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every known column, in the documented order."""
        return self.required + self.optional

    def under(self, headers: Mapping[str, str] | None) -> Columns:
        """Give the same columns under the headers of a column map {our column: header}."""
        return replace(self, headers=headers or {})

    def names(self, header: Iterable[str]) -> list[str]:
        """Turn a file's header into our column names; unknown headers stay as they are, in lower case."""
        ours = {other.strip().lower(): column for column, other in self.headers.items()}
        return [ours.get(name, name) for name in (cell.strip().lower() for cell in header)]


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line on which it begins and its cells by column name, trimmed; a missing cell is empty."""

    file: Path
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read_table(path: Path, columns: Columns, findings: Findings) -> Iterator[Row]:
    """Read one CSV file. What is wrong with it goes to `findings`; the usable rows are given all the same."""
    text = read_text(path, findings)
    if text is None:
        return
    records = read_records(path, text, findings, _delimiter(text))
    header_line, header = next(records, (1, []))
    names = columns.names(header)
    if not _check_header(Row(path, header_line, {}), names, columns, findings):
        return
    suspicious = CONTROLS.search(text) is not None
    for line, cells in records:
        if (suspicious or len(cells) > len(names)) and (message := shape_problem(cells, len(names))):
            findings.problem(path, line, message)
        else:
            yield Row(path, line, dict(zip(names, map(trim, cells), strict=False)))


def parse_day(row: Row, column: str, findings: Findings) -> int | None:
    """Days since 1970-01-01 of a cell written YYYY-MM-DD (ISO 8601); None where it is empty or wrong (noted).

    Databases write a day as its midnight, which is read too.
    """
    text = row[column]
    if not text:
        return None
    written = _DAY.fullmatch(text)
    try:
        day = date.fromisoformat(written[1]) if written else None
    except ValueError:
        day = None
    if day is None:
        findings.problem(row.file, row.line, f"{column} {text!r} is not a date; write it as YYYY-MM-DD")
        return None
    return (day - EPOCH).days


def split_values(text: str) -> tuple[str, ...]:
    """Take apart a cell of several values, separated by `;`; a backslash before it makes it part of a value."""
    if ";" not in text:
        return (text,) if text else ()
    parts = text.replace("\\;", "\0").split(";")
    return tuple(value for part in parts if (value := part.replace("\0", ";").strip()))


def trim(cell: str) -> str:
    """Single spaces, none at the ends; a number that a spreadsheet was told to keep as text loses its formula."""
    value = " ".join(cell.split())
    if value.startswith('="') and (found := _TEXT_NUMBER.fullmatch(value)):
        return found[1].strip()
    return value


def shape_problem(cells: list[str], width: int) -> str | None:
    """Say what makes a record unusable: more cells than the header has, or control characters."""
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        # A shifted row would put a person into a wrong department.
        return f"has more cells than the header has columns ({width}); quote values that hold the delimiter"
    if any(map(CONTROLS.search, cells)):
        return "holds control characters; remove them"
    return None


def read_text(path: Path, findings: Findings) -> str | None:
    """Read a file as UTF-8, or as UTF-16 where it says so; None where it is neither (noted)."""
    try:
        if path.stat().st_size > MAX_BYTES:
            findings.problem(path, 0, f"is larger than {MAX_BYTES >> 20} MiB; no list of people is")
            return None
        data = path.read_bytes()
    except OSError as error:
        findings.problem(path, 0, f"cannot be read ({error.strerror}); check the file and its permissions")
        return None
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return _SEPARATOR_LINE.sub("", data.decode("utf-16" if wide else "utf-8-sig"), count=1)
    except UnicodeDecodeError as error:
        line = 1 if wide else data.count(b"\n", 0, error.start) + 1
        findings.problem(path, line, "is not UTF-8; save the file as 'CSV UTF-8'")
        return None


def read_records(path: Path, text: str, findings: Findings, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give the records that are not blank with the number of their first line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    line = 1
    try:
        for record in reader:
            if any(map(str.strip, record)):
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        findings.problem(path, line, f"this record cannot be read ({error}); check its quotation marks")


def _delimiter(text: str) -> str:
    header = next((line for line in io.StringIO(text) if line.strip()), "")
    return max(",;\t", key=header.count)


def _check_header(place: Row, names: list[str], columns: Columns, findings: Findings) -> bool:
    spared = columns.either if any(name in names for name in columns.either) else ()
    missing = [name for name in columns.required if name not in names and name not in spared]
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    unknown = [name for name in names if name and name not in columns.all]
    if missing:
        told = ", ".join(repr(columns.headers.get(name, name)) for name in missing)
        are_missing = f"columns {told} are missing" if len(missing) > 1 else f"column {told} is missing"
        wanted = ",".join(columns.headers.get(name, name) for name in columns.required)
        first_line = "the first line must be" if names else "the file is empty; its first line must be"
        # Most who read this have the columns, under headers of another language.
        ours = f"[directory_columns.{place.file.stem}] of shadowai.toml"
        or_map = f"; or name yours in {ours}, such as {missing[0]} = {unknown[0]!r}" if unknown else ""
        findings.problem(place.file, place.line, f"{are_missing}; {first_line}: {wanted}{or_map}")
    for name in twice:
        findings.problem(place.file, place.line, f"column {name!r} is there twice; remove one")
    for name in unknown:
        findings.warn(place.file, place.line, f"column {name!r} is not known and is ignored")
    return not missing and not twice
