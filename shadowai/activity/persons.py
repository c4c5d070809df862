"""The people of a department by what they used, worst first, under labels that name nobody unless that is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shadowai.activity.frame import NO_TIME
from shadowai.activity.risk import Exposure, person_score, scored
from shadowai.model import Status, Use, iso_time
from shadowai.result import PersonUse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from shadowai.activity.usage import Catalogue
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
    found = [_person(who, uses, catalogue, department) for who, uses in _added_up(mine).items()]
    found.sort(key=lambda one: (-one[1].score.points, -one[1].sessions, one[0]))
    return tuple(
        one.model_copy(update={"label": catalogue.labels.label(who, place)})
        for place, (who, one) in enumerate(found, start=1)
    )


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


def _person(who: str, uses: Mapping[str, _Use], catalogue: Catalogue, department: Department) -> tuple[str, PersonUse]:
    by_service = [_exposure(name, use, catalogue, department) for name, use in sorted(uses.items())]
    worst = max(map(scored, by_service), key=lambda score: score.points)
    unapproved = sum(one.status.gravity >= Status.UNSANCTIONED.gravity for one in by_service)
    last = max(use.last for use in uses.values())
    known = [use.bytes_up for use in uses.values() if use.bytes_up is not None]
    return who, PersonUse(
        label="",
        services=len(by_service),
        services_unsanctioned=unapproved,
        sessions=sum(use.sessions for use in uses.values()),
        bytes_up=sum(known) if known else None,
        last_seen=None if last == NO_TIME else iso_time(last),
        score=person_score(worst, max(unapproved - 1, 0)),
    )


def _exposure(name: str, use: _Use, catalogue: Catalogue, department: Department) -> Exposure:
    risk = catalogue.risk(catalogue.services[name])
    return Exposure(
        status=_STATUSES[use.gravity],
        proven=True,
        people=1,
        bytes_up=use.bytes_up,
        service_risk=risk.points if risk else None,
        uses=[Use(one) for one in use.uses],
        uploads=use.uploads,
        sensitivity=department.sensitivity,
    )
