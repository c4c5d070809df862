"""Hosts that look like AI but are in no signature, scored by plain rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from shadowai.activity.frame import NO_TIME
from shadowai.activity.rollup import Subject
from shadowai.model import HOUR, iso_time
from shadowai.result import Candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


DAY = 24 * HOUR
_SUFFIX, _WORD = 25, 40
_PEOPLE = ((10, 25, "used by 10 people or more"), (3, 15, "used by 3 people or more"))
_FRONTS = ("api.", "app.", "chat.")
_UPLOAD = 1_000_000  # bytes


def candidates(frame: pd.DataFrame, reason: Callable[[str], str | None]) -> tuple[Candidate, ...]:
    """List the candidates of an attributed frame, likeliest first; `reason` says why a host looks like AI."""
    # The rules add up to 100 at most: what the name says, who uses it, how much goes there, how long.
    rows = frame[(frame["subject"] == Subject.CANDIDATE) & ~frame["denied"]]
    found = [_candidate(str(host), part, reason(str(host)) or "") for host, part in rows.groupby("name", observed=True)]
    return tuple(sorted(found, key=lambda one: (-one.score, -one.people, -one.detections, one.host)))


def _candidate(host: str, part: pd.DataFrame, reason: str) -> Candidate:
    timed = part[part["first"] != NO_TIME]
    first, last = timed["first"].min(), timed["last"].max()
    people = part.loc[part["individual"], "who"].nunique()
    points = list(_points(host, reason, part, people))
    return Candidate(
        host=host,
        reason=reason,
        people=people,
        detections=int(part["detections"].sum()),
        departments=tuple(sorted(set(part["department"]))),
        first_seen=_time(first),
        last_seen=_time(last),
        score=sum(number for number, _ in points),
        reasons=tuple(says for _, says in points),
    )


def _points(host: str, reason: str, part: pd.DataFrame, people: int) -> Iterator[tuple[int, str]]:
    yield (_WORD, reason) if reason.startswith("has the word") else (_SUFFIX, reason)
    if host.startswith(_FRONTS):
        yield 10, f"its name begins with {host.partition('.')[0]}"
    if found := next(((points, says) for least, points, says in _PEOPLE if people >= least), None):
        yield found
    if int(part["bytes_up"].sum()) >= _UPLOAD:
        yield 15, "1 MB or more was sent there"
    days = part.loc[part["first"] != NO_TIME, "first"] // DAY
    if len(days) and days.min() != days.max():
        yield 10, f"seen on {days.nunique()} days"


def _time(value: float) -> str | None:
    return None if pd.isna(value) else iso_time(int(value))
