"""How much a department's use of a service should worry its head: a number out of parts, and a word.

docs/risk.md explains the formula to users: keep the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from shadowai.model import Status, Use
from shadowai.result import Score, ScorePart
from shadowai.verdicts import Sensitivity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from shadowai.result import RiskLevel

MEGABYTE = 1_000_000
HIGHEST = 100
_MANY_PEOPLE = 10
_FEW_PEOPLE = 3
_LARGE_SHARE = 0.25  # of the department's headcount

_BY_STATUS = {
    Status.SANCTIONED: (0, "approved for this department"),
    Status.TOLERATED: (10, "tolerated by the policy"),
    Status.UNDER_REVIEW: (15, "still under review"),
    Status.UNSANCTIONED: (25, "not approved"),
    Status.PROHIBITED: (40, "prohibited by the policy"),
}
_BY_UPLOAD = (
    (50 * MEGABYTE, 20, "a large amount of data was sent (50 MB or more)"),
    (5 * MEGABYTE, 10, "a notable amount of data was sent (5 MB or more)"),
    (MEGABYTE, 5, "some data was sent (1 MB or more)"),
)
_BY_SENSITIVITY = {
    Sensitivity.LOW: (0, "the department's data is of low sensitivity"),
    Sensitivity.NORMAL: (2, "the department's data is of normal sensitivity"),
    Sensitivity.HIGH: (5, "the department's data is of high sensitivity"),
}
_SERVICE_POINTS = 15
_LEVELS: tuple[tuple[int, RiskLevel], ...] = ((58, "critical"), (42, "high"), (22, "medium"), (0, "low"))


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the risk of one department's, or one person's, use of one service is judged by.

    `service_risk` is of 10, None where nobody judged the service. `uses` are the kinds of its sessions, `uploads` says
    whether one of them sent much at once.
    """

    status: Status
    proven: bool
    people: int
    bytes_up: int | None
    service_risk: float | None = None
    uses: Collection[Use] = ()
    uploads: bool = False
    headcount: int | None = None
    sensitivity: Sensitivity = Sensitivity.NORMAL


class _Part(NamedTuple):
    """What a `ScorePart` is made of: of most exposures only the sum is asked."""

    name: str
    points: float
    of: float
    says: str


def assess(exposure: Exposure) -> tuple[RiskLevel, Score]:
    """Give the level and the score. Use that is not proven, or approved, is never more than low."""
    score = scored(exposure)
    if not exposure.proven or exposure.status is Status.SANCTIONED:
        return "low", score
    return next(level for least, level in _LEVELS if score.points >= least), score


def scored(exposure: Exposure) -> Score:
    """Give the score of a use."""
    return total(ScorePart(**part(exposure)._asdict()) for part in _PARTS)


def points_of(exposure: Exposure) -> float:
    """Give the points of the score of a use, which are told much quicker than the score."""
    return _sum(part(exposure) for part in _PARTS)


def reasons(exposure: Exposure, score: Score) -> tuple[str, ...]:
    """Say in words what the risk is made of: the status, whatever it costs, and every part that costs something."""
    status, *others = score.parts
    if not exposure.proven:
        return status.says, "use is not proven"
    return status.says, *(part.says for part in others if part.points and part.name not in _UNSPOKEN)


def total(parts: Iterable[ScorePart]) -> Score:
    """Add parts up."""
    listed = tuple(parts)
    return Score(points=_sum(listed), of=sum(part.of for part in listed), parts=listed)


def _sum(parts: Iterable[ScorePart | _Part]) -> float:
    return round(sum(part.points for part in parts), 1)


def department_score(worst: Score | None, unapproved: float | None, hidden: float | None) -> Score:
    """Give a department's score: its worst use, the share of its people with unapproved use, and what it hides.

    `unapproved` is from 0 to 1, None where the department's size is unknown; `hidden` is in percent.
    """
    return total(
        (
            ScorePart(
                name="worst use",
                points=round(0.7 * worst.points, 1) if worst else 0,
                of=70,
                says="seven tenths of the score of the worst use" if worst else "no proven use",
            ),
            ScorePart(
                name="people",
                points=round(20 * min(unapproved, 1), 1) if unapproved is not None else 5,
                of=20,
                says=f"{unapproved:.0%} of the people use what is not approved"
                if unapproved is not None
                else "the department's size is not known",
            ),
            ScorePart(
                name="blind spots",
                points=round(min(hidden or 0, 100) / 10, 1),
                of=10,
                says=f"{hidden:.0f}% of what was looked at could hide AI use" if hidden else "nothing was seen to hide",
            ),
        )
    )


def person_score(worst: float, further: int) -> Score:
    """Give a person's score: the points of the worst use, and how many further services are not approved."""
    one = "one further service that is not approved"
    return total(
        (
            ScorePart(
                name="worst use",
                points=round(0.8 * worst, 1),
                of=80,
                says="eight tenths of the worst use's score",
            ),
            ScorePart(
                name="further services",
                points=min(5 * further, 20),
                of=20,
                says=one if further == 1 else f"{further} further services that are not approved",
            ),
        )
    )


def _status(exposure: Exposure) -> _Part:
    points, says = _BY_STATUS[exposure.status]
    return _Part("status", points, 40, says)


def _service(exposure: Exposure) -> _Part:
    risk = exposure.service_risk
    if risk is None:
        return _Part("service", _SERVICE_POINTS / 2, _SERVICE_POINTS, "the service was not judged")
    says = f"the service's own risk is {risk:g} of 10"
    return _Part("service", round(risk * _SERVICE_POINTS / 10, 1), _SERVICE_POINTS, says)


def upload_step(bytes_up: int | None) -> int:
    """Say in which of the steps lies how much was sent: within one, a score is the same."""
    if bytes_up is None:
        return -1
    return sum(bytes_up < least for least, _, _ in _BY_UPLOAD)


def _upload(exposure: Exposure) -> _Part:
    step = upload_step(exposure.bytes_up)
    if step < 0:
        return _Part("data sent", 5, 20, "how much was sent was not measured")
    if step == len(_BY_UPLOAD):
        return _Part("data sent", 0, 20, "little data was sent (less than 1 MB)")
    _, points, says = _BY_UPLOAD[step]
    return _Part("data sent", points, 20, says)


def _use(exposure: Exposure) -> _Part:
    choices = (
        (Use.AGENT in exposure.uses, 10, "a program works with it by itself"),
        (Use.API in exposure.uses, 5, "programs use it"),
        (exposure.uploads, 3, "files or long texts were sent at once"),
    )
    for test, points, says in choices:
        if test:
            return _Part("kind of use", points, 10, says)
    return _Part("kind of use", 0, 10, "people use it by hand")


def _spread(exposure: Exposure) -> _Part:
    if exposure.people >= _MANY_PEOPLE:
        return _Part("spread", 10, 10, f"used by {_MANY_PEOPLE} people or more")
    if exposure.headcount and _FEW_PEOPLE <= exposure.people >= _LARGE_SHARE * exposure.headcount:
        return _Part("spread", 10, 10, "used by a quarter of the department or more")
    return _Part("spread", 0, 10, "used by few")


def _sensitivity(exposure: Exposure) -> _Part:
    points, says = _BY_SENSITIVITY[exposure.sensitivity]
    return _Part("department", points, 5, says)


_PARTS: tuple[Callable[[Exposure], _Part], ...] = (_status, _service, _upload, _use, _spread, _sensitivity)
_UNSPOKEN = frozenset(("department",))  # the same for all of a department's services
