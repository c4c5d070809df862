"""Hosts that look like AI but are in no signature, most used first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from shadowai.activity.rollup import Subject
from shadowai.model import iso_time
from shadowai.result import Candidate

if TYPE_CHECKING:
    from collections.abc import Callable


def candidates(frame: pd.DataFrame, reason: Callable[[str], str | None]) -> tuple[Candidate, ...]:
    """List the candidates of an attributed frame; `reason` says why a host looks like AI."""
    rows = frame[(frame["subject"] == Subject.CANDIDATE) & ~frame["denied"]]
    found = [_candidate(str(host), part, reason(str(host)) or "") for host, part in rows.groupby("name", sort=True)]
    return tuple(sorted(found, key=lambda one: (-one.people, -one.detections, one.host)))


def _candidate(host: str, part: pd.DataFrame, reason: str) -> Candidate:
    first, last = part["first"].min(), part["last"].max()
    return Candidate(
        host=host,
        reason=reason,
        people=part.loc[part["individual"], "who"].nunique(),
        detections=int(part["detections"].sum()),
        departments=tuple(sorted(set(part["department"]))),
        first_seen=None if pd.isna(first) else iso_time(int(first)),
        last_seen=None if pd.isna(last) else iso_time(int(last)),
    )
