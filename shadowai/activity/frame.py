"""Merged activity as a pandas frame, with each row's person and department beside it.

Texts are categories in alphabetical order: a million rows are grouped and sorted by small numbers, and no order in
which they were met shows in what comes of them.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from shadowai.activity.columns import KINDS, NO_MINUTE, NO_TIME, SUMS, Columns, columns_of, rows_by
from shadowai.activity.sightings import sightings
from shadowai.model import Action, Evidence, Role, Who
from shadowai.verdicts import UNKNOWN_DEPARTMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    import numpy.typing as npt

    from shadowai.activity.columns import Texts
    from shadowai.activity.rollup import Activity
    from shadowai.verdicts import Attribution

__all__ = ["NOISE", "NO_MINUTE", "NO_TIME", "PROVING", "Attributor", "attributed_frame", "sightings"]

NOISE = (Role.TELEMETRY, Role.CDN)
PROVING = (Role.DEDICATED, Role.API, Role.AUTH, Role.DOWNLOAD)


class Attributor(Protocol):
    """Says whom an identity belongs to."""

    def timeless(self, who: Who) -> Attribution | None:
        """Give the answer where time does not matter, else None."""

    def resolve_all(self, who: Who, spans: Iterable[tuple[int | None, int | None]]) -> list[Attribution]:
        """Give the answers for detections between two times each (ns since the epoch, None where unknown)."""


def attributed_frame(activity: Activity | Columns, attributor: Attributor) -> pd.DataFrame:
    """Lay out activity as a frame, one line a row, in no order that means anything.

    Columns: those of `Key` but the identity (minute NO_MINUTE where unknown) and of `Sums`
    (times NO_TIME where unknown); `who`, `department`,
    `individual`, `reason` and `groups`; the flags `denied`, `noise`, `contact` (evidence other than DNS) and `proving`
    (a role that proves use).
    """
    columns = activity if isinstance(activity, Columns) else columns_of(activity)
    texts = {name: _category(name, column) for name, column in columns.texts.items() if name not in Who._fields}
    frame = pd.DataFrame(texts)
    for name in (*SUMS, "minute"):
        frame[name] = columns.numbers[name]
    _add_attribution(frame, columns, attributor)
    frame["denied"] = frame["action"] == Action.DENIED
    frame["noise"] = frame["role"].isin(NOISE)
    frame["contact"] = frame["evidence"] != Evidence.DNS
    frame["proving"] = frame["role"].isin(PROVING)
    return frame


def _category(name: str, texts: Texts) -> pd.Categorical:
    kind: Callable[[str], str] = KINDS.get(name, str)
    return _taken([*map(kind, texts.distinct), None], texts.codes)


def _add_attribution(frame: pd.DataFrame, columns: Columns, attributor: Attributor) -> None:
    """Ask once for an identity where time does not matter, else once for each pair of times that it has."""
    identities = [columns.texts[name] for name in Who._fields]
    codes, distinct = rows_by([one.codes for one in identities])
    known = [[*one.distinct, None] for one in identities]
    asked = zip(*(one.codes[distinct].tolist() for one in identities), strict=True)
    people = [Who(*(texts[code] for texts, code in zip(known, one, strict=True))) for one in asked]
    answers: list[Attribution | None] = [attributor.timeless(who) for who in people]
    is_dated = np.array([one is None for one in answers], dtype=bool)[codes] if people else codes
    rows = np.flatnonzero(is_dated)
    first, last = columns.numbers["first"][rows], columns.numbers["last"][rows]
    numbers, questions = rows_by((last, first, codes[rows]))
    # The questions of one identity lie together: they are numbered by it first.
    asked_of = zip(*(part[questions].tolist() for part in (codes[rows], first, last)), strict=True)
    for code, group in groupby(asked_of, key=itemgetter(0)):
        spans = [(_time(start), _time(end)) for _, start, end in group]
        answers += attributor.resolve_all(people[code], spans)
    codes[rows] = numbers + len(people)
    found = [one for one in answers if one is not None]
    place = np.cumsum([one is not None for one in answers]) - 1
    codes = place[codes] if found else codes
    frame["who"] = _taken([one.key for one in found], codes)
    frame["department"] = _taken([one.department or UNKNOWN_DEPARTMENT for one in found], codes)
    frame["individual"] = np.array([one.individual for one in found], dtype=bool)[codes]
    frame["reason"] = _taken([one.reason for one in found], codes)
    frame["groups"] = _taken([one.groups for one in found], codes)


def _time(value: int) -> int | None:
    return None if value == NO_TIME else value


def _taken(values: Sequence[Hashable], codes: npt.NDArray[np.integer[Any]]) -> pd.Categorical:
    """Make a column of categories out of numbers that point at values, some of which may be equal."""
    some: list[Any] = sorted({value for value in values if value is not None})
    code = {value: number for number, value in enumerate(some)}
    order = np.fromiter((code.get(value, -1) for value in values), dtype=np.int64, count=len(values))
    labels = np.empty(len(some), dtype=object)
    labels[:] = some
    index = pd.Index(labels, dtype=object, tupleize_cols=False)
    return pd.Categorical.from_codes(order[codes] if len(codes) else codes, categories=index)
