"""Merged activity as a pandas frame, with each row's person and department beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from shadowai.activity.rollup import Key, Sums, values_of
from shadowai.model import MINUTE, UNKNOWN_DEPARTMENT, Action, Evidence, Role, Who

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shadowai.activity.rollup import Activity
    from shadowai.model import Attribution

    Attribute = Callable[[Who, int | None], Attribution]

NO_MINUTE = -(1 << 40)  # sorts before every real minute and lies more than a session's gap away from it

NOISE = (Role.TELEMETRY, Role.CDN)
PROVING = (Role.DEDICATED, Role.API, Role.AUTH, Role.DOWNLOAD)

_SUMS = list(Sums.__dataclass_fields__)
_TIMES = ("first", "last")


def sightings(activity: Activity) -> Iterator[tuple[str, str, int]]:
    """Yield (address, user, time in ns) wherever a source named both: who held an address, as the scan itself shows.

    Each once, in no order that means anything.
    """
    for minute, address, user in {key[:3] for key in activity.rows}:
        if minute is not None and address is not None and user is not None:
            yield address, user, minute * MINUTE


def attributed_frame(activity: Activity, attribute: Attribute) -> pd.DataFrame:
    """Lay out activity as a frame, one line a row, in no order that means anything.

    Columns: those of `Key` (minute NO_MINUTE where unknown) and of `Sums`; `who`, `department`, `individual` and
    `reason`; the flags `denied`, `noise`, `contact` (evidence other than DNS) and `proving` (a role that proves use).
    """
    keys = list(activity.rows)
    columns = zip(*keys, strict=True) if keys else [()] * len(Key._fields)
    frame = pd.DataFrame({name: pd.Series(one, dtype=object) for name, one in zip(Key._fields, columns, strict=True)})
    sums = zip(*map(values_of, activity.rows.values()), strict=True) if keys else [()] * len(_SUMS)
    for name, values in zip(_SUMS, sums, strict=True):
        frame[name] = pd.Series(values, dtype="Int64" if name in _TIMES else "int64")
    frame["minute"] = pd.Series([NO_MINUTE if key.minute is None else key.minute for key in keys], dtype="int64")
    _add_attribution(frame, keys, attribute)
    frame["denied"] = frame["action"] == Action.DENIED
    frame["noise"] = frame["role"].isin(NOISE)
    frame["contact"] = frame["evidence"] != Evidence.DNS
    frame["proving"] = frame["role"].isin(PROVING)
    return frame


def _add_attribution(frame: pd.DataFrame, keys: list[Key], attribute: Attribute) -> None:
    known: dict[tuple[int | None, str | None, str | None, str | None], Attribution] = {}
    found = []
    for key in keys:
        question = key[:4]  # a slice takes a fifth of the time of putting the parts together by name
        one = known.get(question)
        if one is None:
            minute, *who = question
            one = known[question] = attribute(Who(*who), None if minute is None else minute * MINUTE)
        found.append(one)
    frame["who"] = pd.Series([one.key for one in found], dtype=object)
    frame["department"] = pd.Series([one.department or UNKNOWN_DEPARTMENT for one in found], dtype=object)
    frame["individual"] = pd.Series([one.individual for one in found], dtype=bool)
    frame["reason"] = pd.Series([one.reason for one in found], dtype=object)
