"""The people of a department by what they used, worst first, under labels that name nobody unless that is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from shadowai.activity.frame import NO_TIME
from shadowai.activity.risk import Exposure, person_score, points_of, upload_step
from shadowai.model import Status, Use, iso_time
from shadowai.result import PersonUse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from shadowai.activity.usage import Catalogue
    from shadowai.result import Score
    from shadowai.verdicts import Department

_STATUSES = list(Status)


@dataclass(slots=True)
class _Use:
    """One person's sessions with one service, added up."""

    sessions: int = 0
    gravity: int = 0
    bytes_up: int | None = None
    uses: dict[str, None] = field(default_factory=dict)
    uploads: bool = False
    last: int = NO_TIME

    def take(self, gravity: int, bytes_up: int | None, use: str, upload: bool, end: int) -> None:  # noqa: FBT001  # a column
        """Add a session."""
        self.sessions += 1
        self.gravity = max(self.gravity, gravity)
        if bytes_up is not None:
            self.bytes_up = (self.bytes_up or 0) + bytes_up
        self.uses[use] = None
        self.uploads |= upload
        self.last = max(self.last, end)


def persons(sessions: pd.DataFrame, catalogue: Catalogue, department: Department) -> tuple[PersonUse, ...]:
    """List a department's people and devices with proven use, worst first."""
    mine = sessions[sessions["proven"] & sessions["individual"]]
    scorer = _Scorer(catalogue, department)
    found = sorted(_person(who, uses, scorer) for who, uses in _added_up(mine).items())
    return tuple(
        PersonUse(label=catalogue.labels.label(one.who, place), **one.fields)
        for place, one in enumerate(found, start=1)
    )


class _Person(NamedTuple):
    """What is told of a person: first what they are ordered by, then all of it but the label."""

    points: float  # negative, as are the sessions: the worst come first
    sessions: int
    who: str
    fields: dict[str, Any]


def _added_up(sessions: pd.DataFrame) -> dict[str, dict[str, _Use]]:
    """Add up sessions by person and service, row by row: grouping them took a hundred times as long."""
    found: dict[str, dict[str, _Use]] = {}
    plain = (sessions[name].astype(object).tolist() for name in ("who", "name", "use"))
    numbers = (sessions[name].to_numpy().tolist() for name in ("gravity", "upload", "end"))
    known = sessions["bytes_up"].astype(object).where(sessions["bytes_up"].notna(), None).tolist()
    for who, name, use, gravity, upload, end, bytes_up in zip(*plain, *numbers, known, strict=True):
        uses = found.setdefault(str(who), {})
        uses.setdefault(str(name), _Use()).take(gravity, bytes_up, use, upload, end)
    return found


@dataclass(slots=True)
class _Scorer:
    """Scores people; what comes to the same is worked out once, for there are thousands of people and few scores."""

    catalogue: Catalogue
    department: Department
    _points: dict[tuple[Any, ...], float] = field(default_factory=dict)
    _scores: dict[tuple[float, int], Score] = field(default_factory=dict)

    def points(self, name: str, use: _Use) -> float:
        """Give the points of one person's use of a service."""
        key = name, use.gravity, upload_step(use.bytes_up), *use.uses, use.uploads
        points = self._points.get(key)
        if points is None:
            points = self._points[key] = points_of(self._exposure(name, use))
        return points

    def score(self, worst: float, further: int) -> Score:
        """Give a person's score (see `person_score`)."""
        score = self._scores.get((worst, further))
        if score is None:
            score = self._scores[worst, further] = person_score(worst, further)
        return score

    def _exposure(self, name: str, use: _Use) -> Exposure:
        risk = self.catalogue.risk(self.catalogue.services[name])
        return Exposure(
            status=_STATUSES[use.gravity],
            proven=True,
            people=1,
            bytes_up=use.bytes_up,
            service_risk=risk.points if risk else None,
            uses=[Use(one) for one in use.uses],
            uploads=use.uploads,
            sensitivity=self.department.sensitivity,
        )


def _person(who: str, uses: Mapping[str, _Use], scorer: _Scorer) -> _Person:
    unapproved = sum(use.gravity >= Status.UNSANCTIONED.gravity for use in uses.values())
    score = scorer.score(max(scorer.points(name, use) for name, use in uses.items()), max(unapproved - 1, 0))
    last = max(use.last for use in uses.values())
    known = [use.bytes_up for use in uses.values() if use.bytes_up is not None]
    sessions = sum(use.sessions for use in uses.values())
    fields = {
        "services": len(uses),
        "services_unsanctioned": unapproved,
        "sessions": sessions,
        "bytes_up": sum(known) if known else None,
        "last_seen": None if last == NO_TIME else iso_time(last),
        "score": score,
    }
    return _Person(-score.points, -sessions, who, fields)
