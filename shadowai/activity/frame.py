"""Merged activity as a pandas frame, with each row's person and department beside it.

Texts are categories in alphabetical order: a million rows are grouped and sorted by small numbers, and no order in
which they were met shows in what comes of them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from shadowai.activity.columns import KINDS, NO_MINUTE, NO_TIME, SUMS, Columns, columns_of, rows_by
from shadowai.activity.sightings import sightings
from shadowai.model import Action, Evidence, Role, Who
from shadowai.verdicts import UNKNOWN_DEPARTMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from shadowai.activity.columns import Texts
    from shadowai.activity.rollup import Activity
    from shadowai.verdicts import Attribution

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


class Attributor(Protocol):
    """Says whom an identity belongs to."""

    def timeless(self, who: Who) -> Attribution | None:
        """Give the answer where time does not matter, else None."""

    def resolve_all(self, who: Who, spans: Iterable[tuple[int | None, int | None]]) -> list[Attribution]:
        """Give the answers for detections between two times each (ns since the epoch, None where unknown)."""


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
    """Give the same rows department by department, in alphabetical order: ten million at once take 5 GB to work on.

    The categories of a column are the same in all parts. Without rows there is one part, an empty one.
    """
    answers = _attributed(columns, attributor)
    departments = answers["department"].codes
    for number in np.unique(departments).tolist() or [0]:
        yield _frame(columns, answers, np.flatnonzero(departments == number))


def _frame(columns: Columns, answers: _Answers, rows: slice | npt.NDArray[np.int64]) -> pd.DataFrame:
    texts = {name: _category(name, column, rows) for name, column in columns.texts.items() if name not in Who._fields}
    numbers = {name: columns.numbers[name][rows] for name in (*SUMS, "minute")}
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
    """Ask once for an identity where time does not matter, else once for each pair of times that it has."""
    identities = [columns.texts[name] for name in Who._fields]
    codes, distinct = rows_by([one.codes for one in identities])
    known = [[*one.distinct, None] for one in identities]
    asked = zip(*(one.codes[distinct].tolist() for one in identities), strict=True)
    people = [Who(*(texts[code] for texts, code in zip(known, one, strict=True))) for one in asked]
    found: list[Attribution] = []
    number_of: dict[int, int] = {}  # by the answer's id: there are millions of questions, and few answers

    def number(answer: Attribution) -> int:
        known_as = number_of.setdefault(id(answer), len(found))
        if known_as == len(found):
            found.append(answer)
        return known_as

    timeless = [attributor.timeless(who) for who in people]
    fixed = np.array([-1 if answer is None else number(answer) for answer in timeless], dtype=np.int64)
    places = fixed[codes] if people else codes
    rows = np.flatnonzero(places < 0)
    owner, first, last = codes[rows], columns.numbers["first"][rows], columns.numbers["last"][rows]
    numbers, questions = rows_by((last, first, owner))
    told = np.empty(len(questions), dtype=np.int64)
    # The questions of one identity lie together: they are numbered by it first.
    for begin, end in pairwise([*np.flatnonzero(np.diff(owner[questions], prepend=-1)).tolist(), len(questions)]):
        mine = questions[begin:end]
        spans = zip(_times(first[mine]), _times(last[mine]), strict=True)
        told[begin:end] = [number(one) for one in attributor.resolve_all(people[int(owner[mine[0]])], spans)]
    places[rows] = told[numbers]
    return {
        "who": _taken([one.key for one in found], places),
        "department": _taken([one.department or UNKNOWN_DEPARTMENT for one in found], places),
        "individual": np.array([one.individual for one in found], dtype=bool)[places],
        "reason": _taken([one.reason for one in found], places),
        "groups": _taken([one.groups for one in found], places),
    }


def _times(values: npt.NDArray[np.int64]) -> list[int | None]:
    return [None if value == NO_TIME else value for value in values.tolist()]


def _taken(values: Sequence[Hashable], codes: npt.NDArray[np.integer[Any]]) -> pd.Categorical:
    """Make a column of categories out of numbers that point at values, some of which may be equal."""
    some: list[Any] = sorted({value for value in values if value is not None})
    code = {value: number for number, value in enumerate(some)}
    order = np.fromiter((code.get(value, -1) for value in values), dtype=np.int64, count=len(values))
    labels = np.empty(len(some), dtype=object)
    labels[:] = some
    index = pd.Index(labels, dtype=object, tupleize_cols=False)
    return pd.Categorical.from_codes(order[codes] if len(codes) else codes, categories=index)
