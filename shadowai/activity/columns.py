"""Activity as columns: what is stored, and what millions of rows are worked on as.

A row of `Activity` is two Python objects of a kilobyte; here it is some seventy bytes. Texts are numbers that point
into a sorted list of the distinct ones; numbers that are small in all rows take a byte or two.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, islice
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from shadowai.activity.rows import Key, Subject, Sums
from shadowai.model import MINUTE, Account, Action, Client, Evidence, Kind, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from enum import StrEnum

    import numpy.typing as npt

    from shadowai.activity.rollup import Activity

    Numbers = npt.NDArray[np.int64]
    Ints = npt.NDArray[Any]  # whole numbers with a sign, of any size

NO_MINUTE = -(1 << 40)  # sorts before every real minute
NO_TIME = -(1 << 62)  # ns; sorts before every real time and lies more than a session's gap away from it

TEXTS = tuple(name for name in Key._fields if name != "minute")
SUMS = tuple(Sums.__dataclass_fields__)
KINDS: Mapping[str, type[StrEnum]] = {
    "subject": Subject,
    "role": Role,
    "evidence": Evidence,
    "action": Action,
    "kind": Kind,
    "account": Account,
    "client": Client,
}
"""Columns of `Key` whose texts are members of these."""

DAY_MINUTES = 24 * 60
_LATEST = (1 << 63) - 1
_SPACE = 1 << 62  # combinations of texts that fit into one number
_UNKNOWN = {"minute": NO_MINUTE, "first": NO_TIME, "last": NO_TIME}
ADDED = ("detections", "bytes_up", "bytes_up_known", "bytes_down", "bytes_down_known")
_GREATEST = ("confidence", "last", "request_up")
SMALL = ("detections", "bytes_up_known", "bytes_down_known", "confidence", "request_up")
"""Numbers that take as few bytes as they can: the others rarely take less than eight."""

_SIZES = (np.int8, np.int16, np.int32, np.int64)
_AT_ONCE = 4096  # rows; so many Python objects are near the processor


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts: `distinct` are sorted, `codes` point at them, -1 is an unknown one.

    Codes are whole numbers with a sign, of a type in which there is room for one more.
    """

    codes: Ints
    distinct: tuple[str, ...]

    def taken(self, rows: npt.NDArray[Any]) -> Texts:
        """Give some of the rows; `distinct` may then hold some that none of them has."""
        return Texts(self.codes[rows], self.distinct)


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of activity: the texts of `Key`, its minute and the numbers of `Sums`, column by column.

    An unknown minute is NO_MINUTE, an unknown time NO_TIME. Minutes, times and bytes have 64 bits; the other numbers
    may have less and are to be widened before they are calculated with.
    """

    texts: Mapping[str, Texts]
    numbers: Mapping[str, Ints]

    def __len__(self) -> int:
        return len(self.numbers["minute"])

    def taken(self, rows: npt.NDArray[Any]) -> Columns:
        """Give some of the rows, by number or by a mask."""
        texts = {name: column.taken(rows) for name, column in self.texts.items()}
        return Columns(texts, {name: column[rows] for name, column in self.numbers.items()})


def columns_of(activity: Activity) -> Columns:
    """Lay out activity in columns, in the order of its rows; of merging where some are columns already."""
    activity.tidy()
    if not activity.parts:
        return columns_of_rows(activity.rows)
    return added_up([columns_of_rows(activity.rows), *activity.parts]) if activity.rows else activity.parts[0]


def columns_of_rows(rows: Mapping[Key, Sums]) -> Columns:
    """Lay out rows some thousand at a time, whose objects are still near the processor for the second column."""
    texts = {name: _Coded(np.empty(len(rows), dtype=np.int32)) for name in TEXTS}
    numbers = {name: np.empty(len(rows), dtype=np.int64) for name in ("minute", *SUMS)}
    keys, sums = iter(rows), iter(rows.values())
    for start in range(0, len(rows), _AT_ONCE):
        some, their_sums = list(islice(keys, _AT_ONCE)), list(islice(sums, _AT_ONCE))
        place = slice(start, start + len(some))
        numbers["minute"][place] = _whole_numbers(map(itemgetter(0), some), "minute", len(some))
        for at, name in enumerate(Key._fields[1:], start=1):
            texts[name].put(place, list(map(itemgetter(at), some)))
        for name in SUMS:
            numbers[name][place] = _whole_numbers(map(attrgetter(name), their_sums), name, len(some))
    return Columns({name: one.texts() for name, one in texts.items()}, _narrowed(numbers))


class _Coded:
    """A column of texts in the making: the values are numbered as they come."""

    def __init__(self, codes: npt.NDArray[np.int32]) -> None:
        self._codes = codes
        self._numbers: dict[str | None, int] = {None: 0}

    def put(self, place: slice, values: Sequence[str | None]) -> None:
        """Put values where they belong."""
        numbers, some = self._numbers, set(values)
        for value in some.difference(numbers):
            numbers[value] = len(numbers)
        if len(some) == 1:
            self._codes[place] = numbers[values[0]]
        else:
            self._codes[place] = np.fromiter(map(numbers.__getitem__, values), dtype=np.int32, count=len(values))

    def texts(self) -> Texts:
        """Give the whole column."""
        return texts_by(self._codes, list(self._numbers))


def activity_rows(columns: Columns) -> Iterable[tuple[Key, Sums]]:
    """Give the rows one by one, as `Activity` has them."""
    keys = []
    for name in Key._fields:
        if name == "minute":
            keys.append(_values_of(columns.numbers[name], NO_MINUTE))
        else:
            texts = columns.texts[name]
            kind: Callable[[str], str] = KINDS.get(name, str)
            values = [*map(kind, texts.distinct), None]
            keys.append([values[code] for code in texts.codes.tolist()])
    sums = [_values_of(columns.numbers[name], _UNKNOWN.get(name)) for name in SUMS]
    for key, values_ in zip(zip(*keys, strict=True), zip(*sums, strict=True), strict=True):
        yield Key._make(key), Sums(*values_)


def joined(parts: Sequence[Columns]) -> Columns:
    """Put rows behind each other; equal ones stay apart (see `merged`)."""
    if len(parts) == 1:
        return parts[0]
    texts = {name: _joined_texts([part.texts[name] for part in parts]) for name in TEXTS}
    return Columns(texts, {name: _joined_numbers(parts, name) for name in ("minute", *SUMS)})


def _joined_numbers(parts: Sequence[Columns], name: str) -> Ints:
    return np.concatenate([np.empty(0, dtype=np.int8), *(part.numbers[name] for part in parts)])


def merged(columns: Columns) -> Columns:
    """Add up rows of the same key, as `Activity.merge` does, and put them in order: equal activity, equal columns."""
    return added_up([columns])


def added_up(parts: Sequence[Columns]) -> Columns:
    """Do what `merged` does of `joined` with less memory: no more than a column of numbers is there a third time."""
    if not any(map(len, parts)):
        return parts[0]
    texts = {name: _joined_texts([part.texts[name] for part in parts]) for name in TEXTS}
    minutes = _joined_numbers(parts, "minute")
    order, starts = grouped(packed([_from_zero(minutes), *((one.codes, len(one.distinct)) for one in texts.values())]))
    firsts = order[starts]
    texts = {name: tight(column.taken(firsts)) for name, column in texts.items()}
    numbers = {"minute": minutes[firsts]}
    for name in SUMS:
        numbers[name] = _reduced(name, _joined_numbers(parts, name)[order], starts)
    return Columns(texts, _narrowed(numbers))


def grouped(keys: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    """Give the order of rows by some keys, of which the first counts most, and where in it each group begins."""
    order = np.lexsort(keys[::-1]) if len(keys) > 1 else np.argsort(keys[0], kind="stable")
    is_new = np.zeros(len(order), dtype=bool)
    is_new[:1] = True
    for key in keys:
        sorted_key = key[order]
        is_new[1:] |= sorted_key[1:] != sorted_key[:-1]
    return order, np.flatnonzero(is_new)


def _from_zero(minutes: Numbers) -> tuple[Numbers, int]:
    """Give minutes as codes, in the same order: from the first minute, -1 where unknown; and how many there may be."""
    known = minutes[minutes != NO_MINUTE]
    if not len(known):
        return np.full(len(minutes), -1, dtype=np.int64), 0
    least = int(known.min())
    return np.where(minutes == NO_MINUTE, -1, minutes - least), int(known.max()) - least + 1


def days_of_rows(columns: Columns) -> Numbers:
    """Give each row's day since 1970-01-01 (UTC); that of a row without a time is NO_MINUTE."""
    minutes = columns.numbers["minute"]
    return np.where(minutes == NO_MINUTE, NO_MINUTE, minutes // DAY_MINUTES)


def numbered(values: Iterable[Any]) -> tuple[Numbers, list[Any]]:
    """Number the distinct values in the order in which they are met: each value's number, and the values."""
    first: dict[Any, int] = {}  # value -> where it stands first
    places = np.fromiter(map(first.setdefault, values, count()), dtype=np.int64)
    met = np.fromiter(first.values(), dtype=np.int64, count=len(first))
    return np.searchsorted(met, places), list(first)


def texts_of(values: Iterable[str | None]) -> Texts:
    """Make a column of texts; None is an unknown one."""
    return texts_by(*numbered(values))


def texts_by(codes: npt.NDArray[Any], values: Sequence[str | None]) -> Texts:
    """Make a column of texts of numbers that point at values, of which some may be equal and some not be used."""
    used = np.flatnonzero(np.bincount(codes, minlength=len(values))).tolist()
    known = sorted({value for value in map(values.__getitem__, used) if value is not None})
    place: dict[str | None, int] = {value: number for number, value in enumerate(known)}
    moved = np.full(len(values), -1, dtype=_code_size(len(known)))
    moved[used] = [place.get(values[code], -1) for code in used]
    return Texts(moved[codes], tuple(known))


def rows_by(columns: Sequence[npt.NDArray[Any]]) -> tuple[Numbers, Numbers]:
    """Number the distinct combinations of some columns, the last being the first to order by.

    Gives each row's number, and a row that has each of them.
    """
    order = np.lexsort(columns)
    is_new = np.zeros(len(order), dtype=bool)
    is_new[:1] = True
    for column in columns:
        ordered = column[order]
        is_new[1:] |= ordered[1:] != ordered[:-1]
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(is_new) - 1
    return numbers, order[is_new]


def _whole_numbers(values: Iterable[int | None], name: str, size: int) -> Numbers:
    unknown = _UNKNOWN.get(name)
    if unknown is not None:
        values = [unknown if value is None else value for value in values]
    return np.fromiter(values, dtype=np.int64, count=size)


def _narrowed(numbers: Mapping[str, Ints]) -> dict[str, Ints]:
    """Give the small numbers in as few bytes as hold them; equal numbers get equal types."""
    found = dict(numbers)
    for name in SMALL:
        values = numbers[name]
        found[name] = values.astype(number_type(int(values.min(initial=0)), int(values.max(initial=0))))
    return found


def number_type(least: int, most: int) -> type[np.signedinteger[Any]]:
    """Give the smallest whole numbers that reach from the least, 0 at most, to the most."""
    reach = max(most, -least - 1)
    return next(size for size in _SIZES if reach <= np.iinfo(size).max)


def _code_size(distinct: int) -> type[np.signedinteger[Any]]:
    return number_type(-1, distinct)


def _values_of(column: Numbers, unknown: int | None) -> list[int | None]:
    return [None if value == unknown else value for value in column.tolist()]


def _joined_texts(parts: Sequence[Texts]) -> Texts:
    values = sorted({value for part in parts for value in part.distinct})
    place = {value: number for number, value in enumerate(values)}
    size = _code_size(len(values))
    codes = [np.empty(0, dtype=size)]
    for part in parts:
        moved = np.array([*(place[value] for value in part.distinct), -1], dtype=size)
        codes.append(moved[part.codes])  # -1 is the last of them
    return Texts(np.concatenate(codes), tuple(values))


def tight(texts: Texts) -> Texts:
    """Leave out the values that no row has."""
    used = np.flatnonzero(np.bincount(texts.codes + 1, minlength=1)[1:])
    moved = np.full(len(texts.distinct) + 1, -1, dtype=_code_size(len(used)))
    moved[used] = np.arange(len(used), dtype=moved.dtype)
    return Texts(moved[texts.codes], tuple(texts.distinct[number] for number in used.tolist()))


def packed(columns: Iterable[tuple[npt.NDArray[Any], int]]) -> list[Numbers]:
    """Put the codes of several columns into as few numbers as hold them: sorting looks at each number by itself.

    A column is its codes, from -1, and how many there may be beside -1.
    """
    found: list[Numbers] = []
    space = _SPACE + 1
    for codes, most in columns:
        size = most + 1
        code = codes.astype(np.int64) + 1
        if space * size > _SPACE:
            found.append(code)
            space = size
        else:
            found[-1] = found[-1] * size + code
            space *= size
    return found


def _reduced(name: str, ordered: Ints, starts: Numbers) -> Ints:
    if name in ADDED:
        return np.add.reduceat(ordered, starts, dtype=np.int64)
    if name in _GREATEST:
        return np.maximum.reduceat(ordered, starts)
    known = np.where(ordered == NO_TIME, _LATEST, ordered)
    least = np.minimum.reduceat(known, starts)
    return np.where(least == _LATEST, NO_TIME, least)


def midnight(day: int) -> int:
    """Give the time at which a day since 1970-01-01 (UTC) begins, in ns since the epoch."""
    return day * DAY_MINUTES * MINUTE
