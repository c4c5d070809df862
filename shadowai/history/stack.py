"""Columns put behind each other in memory that is taken once: ten million rows need 1.4 GB, and not twice that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shadowai.activity.columns import SUMS, TEXTS, Columns, Texts

if TYPE_CHECKING:
    import numpy.typing as npt

_NUMBERS = ("minute", *SUMS)


class Stack:
    """Takes parts of columns until it is full, and gives them as one."""

    def __init__(self, most: int) -> None:
        self._rows = 0
        # What is not filled takes no memory: the system gives a page when it is written.
        self._codes = {name: np.empty(most, dtype=np.int32) for name in TEXTS}
        self._numbers = {name: np.empty(most, dtype=np.int64) for name in _NUMBERS}
        self._known: dict[str, dict[str, int]] = {name: {} for name in TEXTS}

    def add(self, part: Columns) -> None:
        """Put a part behind the others. IndexError where there are more rows than were announced."""
        rows = slice(self._rows, self._rows + len(part))
        if rows.stop > len(self._numbers["minute"]):
            raise IndexError("more rows than were announced")
        for name, texts in part.texts.items():
            known = self._known[name]
            moved = [known.setdefault(value, len(known)) for value in texts.distinct]
            self._codes[name][rows] = np.array([*moved, -1], dtype=np.int32)[texts.codes]
        for name in _NUMBERS:
            self._numbers[name][rows] = part.numbers[name]
        self._rows = rows.stop

    def columns(self) -> Columns:
        """Give all of them; equal rows stay apart."""
        texts = {name: self._sorted(name) for name in TEXTS}
        return Columns(texts, {name: numbers[: self._rows] for name, numbers in self._numbers.items()})

    def _sorted(self, name: str) -> Texts:
        known = self._known[name]
        values = sorted(known)
        place = np.full(len(values) + 1, -1, dtype=np.int32)
        place[[known[value] for value in values]] = np.arange(len(values), dtype=np.int32)
        codes: npt.NDArray[Any] = self._codes[name][: self._rows]
        return Texts(place[codes], tuple(values))
