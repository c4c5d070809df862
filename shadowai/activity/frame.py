"""Merged activity as a pandas frame, with each row's person and department beside it.

Texts are categories in alphabetical order: a million rows are grouped and sorted by small numbers, and no order in
which they were met shows in what comes of them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shadowai.activity.attribution import Attributor, answers_of
from shadowai.activity.columns import KINDS, NO_MINUTE, NO_TIME, SUMS, Columns, columns_of
from shadowai.activity.sightings import sightings
from shadowai.model import Action, Evidence, Role, Who
from shadowai.verdicts import UNKNOWN_DEPARTMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from shadowai.activity.columns import Texts
    from shadowai.activity.rollup import Activity

    _Answers = Mapping[str, Any]  # columns by name, each an array or a categorical

__all__ = [
    "NOISE",
    "NO_MINUTE",
    "NO_TIME",
    "PROVING",
    "Attributor",
    "attributed_frame",
    "attributed_parts",
    "sightings",
]

NOISE = (Role.TELEMETRY, Role.CDN)
PROVING = (Role.DEDICATED, Role.API, Role.AUTH, Role.DOWNLOAD)
PART = 1 << 17  # rows that are worked on at once, some 100 MB, where that is not less than what belongs together
_SPARSE = 8  # times as many numbers as rows: an array of so many is a few hundred MB for ten million rows


def attributed_frame(activity: Activity | Columns, attributor: Attributor) -> pd.DataFrame:
    """Lay out activity as one frame, one line a row, in no order that means anything.

    Columns: those of `Key` but the identity (minute NO_MINUTE where unknown) and of `Sums`
    (times NO_TIME where unknown); `who`, `department`,
    `individual`, `reason` and `groups`; the flags `denied`, `noise`, `contact` (evidence other than DNS) and `proving`
    (a role that proves use).
    """
    columns = activity if isinstance(activity, Columns) else columns_of(activity)
    return _frame(columns, _attributed(columns, attributor), slice(None))


def attributed_parts(columns: Columns, attributor: Attributor) -> Iterator[pd.DataFrame]:
    """Give the same rows in parts, ordered by department and name: ten million at once take 5 GB to work on.

    What a department has of one name is in one part whole. The categories of a column are the same in all parts.
    Without rows there is one part, an empty one.
    """
    answers = _attributed(columns, attributor)
    names = columns.texts["name"]
    pairs = _dense(answers["department"].codes.astype(np.int64) * len(names.distinct) + names.codes)
    part_of = _cut(np.bincount(pairs))[pairs]
    order = np.argsort(part_of, kind="stable")  # rows stay in their order, so that their columns are read forwards
    ends = np.cumsum(np.bincount(part_of, minlength=1)).tolist()
    for start, end in pairwise([0, *ends]):
        yield _frame(columns, answers, order[start:end])


def _dense(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give numbers their rank where there is room for many more: departments times the names that strangers make up."""
    if not len(numbers) or int(numbers.max()) < _SPARSE * len(numbers):
        return numbers
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64, copy=False)


def _cut(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """Put groups of rows, given by their sizes, into parts in order: each group's part, by its number."""
    found = np.zeros(len(sizes), dtype=np.uint32)
    part = filled = 0
    for number in np.flatnonzero(sizes).tolist():
        if filled and filled + sizes[number] > PART:
            part, filled = part + 1, 0
        found[number] = part
        filled += sizes[number]
    return found


def _frame(columns: Columns, answers: _Answers, rows: slice | npt.NDArray[np.int64]) -> pd.DataFrame:
    texts = {name: _category(name, column, rows) for name, column in columns.texts.items() if name not in Who._fields}
    numbers = {name: columns.numbers[name][rows].astype(np.int64, copy=False) for name in (*SUMS, "minute")}
    frame = pd.DataFrame({**texts, **numbers, **{name: column[rows] for name, column in answers.items()}}, copy=False)
    frame["denied"] = frame["action"] == Action.DENIED
    frame["noise"] = frame["role"].isin(NOISE)
    frame["contact"] = frame["evidence"] != Evidence.DNS
    frame["proving"] = frame["role"].isin(PROVING)
    return frame


def _category(name: str, texts: Texts, rows: slice | npt.NDArray[np.int64]) -> pd.Categorical:
    kind: Callable[[str], str] = KINDS.get(name, str)
    return _taken([*map(kind, texts.distinct), None], texts.codes[rows])


def _attributed(columns: Columns, attributor: Attributor) -> _Answers:
    places, found = answers_of(columns, attributor)
    return {
        "who": _taken([one.key for one in found], places),
        "department": _taken([one.department or UNKNOWN_DEPARTMENT for one in found], places),
        "individual": np.array([one.individual for one in found], dtype=bool)[places],
        "reason": _taken([one.reason for one in found], places),
        "groups": _taken([one.groups for one in found], places),
    }


def _taken(values: Sequence[Hashable], codes: npt.NDArray[np.integer[Any]]) -> pd.Categorical:
    """Make a column of categories out of numbers that point at values, some of which may be equal."""
    some: list[Any] = sorted({value for value in values if value is not None})
    code = {value: number for number, value in enumerate(some)}
    order = np.fromiter((code.get(value, -1) for value in values), dtype=np.int64, count=len(values))
    labels = np.empty(len(some), dtype=object)
    labels[:] = some
    index = pd.Index(labels, dtype=object, tupleize_cols=False)
    return pd.Categorical.from_codes(order[codes] if len(codes) else codes, categories=index)
