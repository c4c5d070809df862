"""Forgetting a person: all activity that is attributed to them goes from the history, under whatever name it was seen.

Whoever was only an address is found as reports find them: through leases and sightings of the days about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shadowai.activity.columns import NO_TIME
from shadowai.activity.sightings import sightings
from shadowai.errors import UsageError
from shadowai.model import Who

if TYPE_CHECKING:
    import numpy.typing as npt

    from shadowai.activity.columns import Columns
    from shadowai.directory import Directory
    from shadowai.history.store import History

LEAST_REASON = 8  # characters


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of activity went, of how many days."""

    rows: int
    days: int


def forget_person(history: History, directory: Directory, name: str, reason: str, now: int) -> Forgotten:
    """Delete what is attributed to a person (a user, device or address), and write down that it was done, and why.

    The reports of the days that it concerns are due again. UsageError for an empty reason.
    """
    if len(reason.strip()) < LEAST_REASON:
        raise UsageError(f"give the reason in {LEAST_REASON} characters or more: it is written down")
    wanted = keys_of(directory, name)
    rows = days = 0
    for day in history.days():
        near = history.columns(day - 1, day + 2)
        known = directory.learn(sightings(near))
        gone = 0
        for number, part in history.parts(day):
            mine = _attributed_to(wanted, part, known)
            if mine.any():
                history.rewrite(number, part.taken(~mine))
                gone += int(mine.sum())
        rows, days = rows + gone, days + bool(gone)
    # Who it was is not written down: that would keep the very thing that was to go.
    history.decide("forget", reason.strip(), f"{rows} rows of {days} days", now)
    return Forgotten(rows, days)


def keys_of(directory: Directory, name: str) -> frozenset[str]:
    """Give the keys of all that a name may stand for: a user, a device, an address."""
    as_any = (Who(None, name, None), Who(None, None, name), Who(name, None, None))
    keys = {directory.resolve(who, None).key for who in as_any}
    return frozenset(key for key in keys if key != "unknown")


def _attributed_to(wanted: frozenset[str], columns: Columns, directory: Directory) -> npt.NDArray[np.bool_]:
    texts = [columns.texts[name] for name in Who._fields]
    known = [[*one.distinct, None] for one in texts]
    times = [columns.numbers[name].tolist() for name in ("first", "last")]
    answers = []
    for row, codes in enumerate(zip(*(one.codes.tolist() for one in texts), strict=True)):
        who = Who(*(values[code] for values, code in zip(known, codes, strict=True)))
        first, last = (None if one[row] == NO_TIME else one[row] for one in times)
        answers.append(directory.resolve_span(who, first, last).key in wanted)
    return np.array(answers, dtype=bool)
