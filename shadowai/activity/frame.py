"""Merged activity as a pandas frame, with each row's person and department beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from shadowai.activity.rollup import Key, Sums
from shadowai.model import MINUTE, UNKNOWN_DEPARTMENT, Action, Evidence, Role, Who

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shadowai.activity.rollup import Activity
    from shadowai.model import Attribution

    Attribute = Callable[[Who, int | None], Attribution]

NO_MINUTE = -(1 << 40)  # sorts before every real minute and lies more than a session's gap away from it

NOISE = (Role.TELEMETRY, Role.CDN)
PROVING = (Role.DEDICATED, Role.API, Role.AUTH, Role.DOWNLOAD)

_SUMS = [name for name in Sums.__dataclass_fields__ if name not in ("first", "last")]


def sightings(activity: Activity) -> Iterator[tuple[str, str, int]]:
    """Yield (address, user, time in ns) wherever a source named both: who held an address, as the scan itself shows."""
    seen = {
        (key.source_ip, key.user, key.minute * MINUTE)
        for key in activity.rows
        if key.source_ip is not None and key.user is not None and key.minute is not None
    }
    return iter(sorted(seen))


def attributed_frame(activity: Activity, attribute: Attribute) -> pd.DataFrame:
    """Lay out activity as a frame, one line a row, in no order that means anything.

    Columns: those of `Key` (minute NO_MINUTE where unknown) and of `Sums`; `who`, `department`, `individual` and
    `reason`; the flags `denied`, `noise`, `contact` (evidence other than DNS) and `proving` (a role that proves use).
    """
    rows = list(activity.rows.items())
    frame = pd.DataFrame([key for key, _ in rows], columns=list(Key._fields), dtype=object)
    for name in _SUMS:
        frame[name] = pd.Series([getattr(sums, name) for _, sums in rows], dtype="int64")
    for name in ("first", "last"):
        frame[name] = pd.Series([getattr(sums, name) for _, sums in rows], dtype="Int64")
    frame["minute"] = pd.Series([NO_MINUTE if key.minute is None else key.minute for key, _ in rows], dtype="int64")
    _add_attribution(frame, [key for key, _ in rows], attribute)
    frame["denied"] = frame["action"] == Action.DENIED
    frame["noise"] = frame["role"].isin(NOISE)
    frame["contact"] = frame["evidence"] != Evidence.DNS
    frame["proving"] = frame["role"].isin(PROVING)
    return frame


def _add_attribution(frame: pd.DataFrame, keys: list[Key], attribute: Attribute) -> None:
    known: dict[tuple[Who, int | None], Attribution] = {}
    found = []
    for key in keys:
        question = Who(key.source_ip, key.user, key.device), key.minute
        if question not in known:
            known[question] = attribute(question[0], None if key.minute is None else key.minute * MINUTE)
        found.append(known[question])
    frame["who"] = pd.Series([one.key for one in found], dtype=object)
    frame["department"] = pd.Series([one.department or UNKNOWN_DEPARTMENT for one in found], dtype=object)
    frame["individual"] = pd.Series([one.individual for one in found], dtype=bool)
    frame["reason"] = pd.Series([one.reason for one in found], dtype=object)
