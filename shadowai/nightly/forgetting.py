"""Forgetting a person: all activity that is attributed to them goes from the history, under whatever name it was seen.

Whoever was only an address is found as reports find them: through leases and sightings of the days about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shadowai.activity.columns import NO_TIME
from shadowai.activity.sightings import sightings
from shadowai.history.waiting import FlowChange, waiting_flows
from shadowai.history.whereabouts import parts_of_sightings, sightings_of
from shadowai.model import Who
from shadowai.reasons import written_reason
from shadowai.reports.text import plural

if TYPE_CHECKING:
    import numpy.typing as npt

    from shadowai.activity.columns import Columns
    from shadowai.directory import Directory
    from shadowai.history.store import History


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of activity went, of how many days."""

    rows: int
    days: int


def forget_person(history: History, directory: Directory, name: str, reason: str, now: int) -> Forgotten:
    """Delete what is attributed to a person (a user, device or address), and write down that it was done, and why.

    The reports of the days that it concerns are due again, and the files that it was read from are not read again
    (`run --since`). UsageError for an empty reason.
    """
    because = written_reason(reason)
    wanted = directory.keys_of(name)
    rows = days = 0
    before: list[tuple[str, str, int]] = []
    for day in history.days():
        here = list(sightings(history.columns(day, day + 1)))
        # Those of the day before are out of the history by now, and say whose address it was after midnight.
        known = directory.learn((*before, *here, *sightings(history.columns(day + 1, day + 2))))
        seen = sightings_of(history, day, day + 1)
        known = known.learn_days(seen.seen, seen.days)
        before = here
        gone = 0
        for number, part in history.parts(day):
            mine = _attributed_to(wanted, part, known)
            if mine.any():
                history.rewrite(number, part.taken(~mine))
                gone += int(mine.sum())
        rows, days = rows + gone, days + bool(gone)
    _forget_flows(history, directory, wanted, now)
    for number, part in list(parts_of_sightings(history)):
        mine = _attributed_to(wanted, part, directory)
        if mine.any():
            history.rewrite_sightings(number, part.taken(~mine))
    # Who it was is not written down: that would keep the very thing that was to go.
    history.decide("forget", because, f"{plural(rows, 'row')} of {plural(days, 'day')}", now)
    return Forgotten(rows, days)


def _forget_flows(history: History, directory: Directory, wanted: frozenset[str], now: int) -> None:
    """Forget flows that wait for their bytes: they name who made them."""
    gone = []
    for one in waiting_flows(history):
        key = one.note.key
        who = None if key is None else Who(key.source_ip, key.user, key.device)
        if who is not None and one.number is not None and directory.resolve(who, one.note.time).key in wanted:
            gone.append(one.number)
    if gone:
        history.change(FlowChange(gone), now)


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
