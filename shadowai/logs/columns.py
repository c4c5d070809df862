"""Where the columns of a layout are, and how a value is taken from a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from shadowai.logs.values import Memo

if TYPE_CHECKING:
    from shadowai.logs.schema import Format

SYSLOG = "@syslog"
Row = list[str]
Getter = Callable[[Row], str]


def wanted_columns(fmt: Format) -> list[str]:
    """Give every column a definition speaks of, in a stable order, without those given by position."""
    names: dict[str, None] = {}
    for columns in (*fmt.map.values(), *(columns for record in fmt.records for columns in record.map.values())):
        names |= dict.fromkeys(columns)
    for source in (*fmt.time, *(source for record in fmt.records for source in record.time)):
        names |= dict.fromkeys(source.columns)
    for shape in (fmt.shapes, *(record.shapes for record in fmt.records), *fmt.conditions):
        names |= dict.fromkeys(shape)
    names |= dict.fromkeys((*fmt.user_not, *fmt.user_when, *fmt.extract))
    bases = dict.fromkeys(map(base_of, names))
    return [name for name in bases if not is_given(name)]


def base_of(name: str) -> str:
    """Give the column of which `column#part` is a part (`Format.extract`)."""
    return name.rpartition("#")[0] or name


def is_given(name: str) -> bool:
    """Say whether a column is known by its place, or is the header's time, rather than one that a record names."""
    return name == SYSLOG or (name.startswith("@") and name[1:].isdigit())


class Columns:
    """The columns of a layout by name or position; a missing column is unknown in every row.

    Case counts only between columns that differ in nothing else, as the keys of JSON objects may.
    """

    def __init__(self, names: Sequence[str], fmt: Format) -> None:
        self._at: dict[str, int] = {}
        self._in_any_case: dict[str, int] = {}
        for index, name in enumerate(names):
            self._at.setdefault(name.strip(), index)
            self._in_any_case.setdefault(name.strip().lower(), index)
        self._extract = {name: re.compile(pattern) for name, pattern in fmt.extract.items()}

    def getters(self, names: Iterable[str]) -> list[Getter]:
        """Give a function from row to text for each of the columns that the layout has."""
        return [
            self._getter(name) for name in names if is_given(base_of(name)) or self._index(base_of(name)) is not None
        ]

    def raw(self, name: str) -> Getter:
        """Give a function from row to the text of a column as written, "" where the layout lacks it."""
        if name == SYSLOG:
            return itemgetter(-1)
        if is_given(name):
            return _by_position(int(name[1:]) - 1)
        index = self._index(name)
        return _unknown if index is None else itemgetter(index)

    def _index(self, name: str) -> int | None:
        return self._at.get(name, self._in_any_case.get(name.lower()))

    def _getter(self, name: str) -> Getter:
        get = self.raw(base_of(name))
        pattern = self._extract.get(name)
        if pattern is None:
            return get
        parts = Memo(_extracting(pattern))
        return lambda row: parts[get(row)]


def _unknown(_row: Row) -> str:
    return ""


def _by_position(index: int) -> Getter:
    """Read a column by position; the last value of a row is the syslog time and no column of the record."""
    return lambda row: row[index] if index < len(row) - 1 else ""


def _extracting(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def extract(text: str) -> str:
        found = pattern.fullmatch(text)
        return found[1] or "" if found else ""

    return extract
