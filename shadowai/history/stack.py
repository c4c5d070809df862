"""Columns put behind each other in memory that is taken once: ten million rows need 0.7 GB, and not twice that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shadowai.activity.columns import SMALL, SUMS, TEXTS, Columns, Texts, number_type

if TYPE_CHECKING:
    import numpy.typing as npt

_NUMBERS = ("minute", *SUMS)


class Stack:
    """Takes parts of columns until it is full, and gives them as one; small numbers take as few bytes as they can."""

    def __init__(self, most: int) -> None:
        self._rows = 0
        # What is not filled takes no memory: the system gives a page when it is written.
        self._codes = {name: np.empty(most, dtype=np.int8) for name in TEXTS}
        self._numbers = {name: np.empty(most, dtype=np.int8 if name in SMALL else np.int64) for name in _NUMBERS}
        self._known: dict[str, dict[str, int]] = {name: {} for name in TEXTS}

    def add(self, part: Columns) -> None:
        """Put a part behind the others. IndexError where there are more rows than were announced."""
        rows = slice(self._rows, self._rows + len(part))
        if rows.stop > len(self._numbers["minute"]):
            raise IndexError("more rows than were announced")
        for name, texts in part.texts.items():
            known = self._known[name]
            moved = [known.setdefault(value, len(known)) for value in texts.distinct]
            codes = self._codes[name] = self._roomy(self._codes[name], len(known))
            codes[rows] = np.array([*moved, -1], dtype=codes.dtype)[texts.codes]
        for name in _NUMBERS:
            values = part.numbers[name]
            if name in SMALL:
                greatest = int(np.abs(values.astype(np.int64)).max()) if len(values) else 0
                self._numbers[name] = self._roomy(self._numbers[name], greatest)
            self._numbers[name][rows] = values
        self._rows = rows.stop

    def _roomy(self, column: npt.NDArray[Any], greatest: int) -> npt.NDArray[Any]:
        """Give a column in which a number has room, and one more."""
        size = np.dtype(number_type(-1, greatest + 1))
        if size.itemsize <= column.dtype.itemsize:
            return column
        wider = np.empty(len(column), dtype=size)
        wider[: self._rows] = column[: self._rows]
        return wider

    def columns(self) -> Columns:
        """Give all of them; equal rows stay apart."""
        texts = {name: self._sorted(name) for name in TEXTS}
        return Columns(texts, {name: numbers[: self._rows] for name, numbers in self._numbers.items()})

    def _sorted(self, name: str) -> Texts:
        known, codes = self._known[name], self._codes[name][: self._rows]
        values = sorted(known)
        place = np.full(len(values) + 1, -1, dtype=codes.dtype)
        place[[known[value] for value in values]] = np.arange(len(values), dtype=codes.dtype)
        return Texts(place[codes], tuple(values))
