"""How much a department's use of a service should worry its head, in one word and with its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.model import Status

if TYPE_CHECKING:
    from shadowai.result import RiskLevel

MEGABYTE = 1_000_000
_LARGE_UPLOAD, _NOTABLE_UPLOAD = 50 * MEGABYTE, 5 * MEGABYTE
_MANY_PEOPLE = 10

_BY_STATUS = {
    Status.SANCTIONED: (0, "approved for this department"),
    Status.TOLERATED: (1, "tolerated by the policy"),
    Status.UNDER_REVIEW: (2, "still under review"),
    Status.UNSANCTIONED: (3, "not approved"),
    Status.PROHIBITED: (5, "prohibited by the policy"),
}
_LEVELS: tuple[tuple[int, RiskLevel], ...] = ((6, "critical"), (4, "high"), (2, "medium"), (0, "low"))


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the risk of one department's use of one service is judged by."""

    status: Status
    proven: bool
    people: int
    sessions: int
    bytes_up: int | None


def assess(exposure: Exposure) -> tuple[RiskLevel, tuple[str, ...]]:
    """Give the level and the reasons for it. Use that is not proven, or approved, is never more than low."""
    points, reason = _BY_STATUS[exposure.status]
    reasons = [reason]
    if not exposure.proven:
        return "low", (reason, "use is not proven")
    for extra, why in (_upload(exposure), _spread(exposure)):
        points += extra
        reasons.extend([why] if why else [])
    if exposure.status is Status.SANCTIONED:
        return "low", tuple(reasons)
    return next(level for least, level in _LEVELS if points >= least), tuple(reasons)


def _upload(exposure: Exposure) -> tuple[int, str | None]:
    if exposure.bytes_up is None:
        return 0, "how much was sent was not measured"
    if exposure.bytes_up >= _LARGE_UPLOAD:
        return 2, "a large amount of data was sent (50 MB or more)"
    if exposure.bytes_up >= _NOTABLE_UPLOAD:
        return 1, "a notable amount of data was sent (5 MB or more)"
    return 0, None


def _spread(exposure: Exposure) -> tuple[int, str | None]:
    if exposure.people >= _MANY_PEOPLE:
        return 1, f"used by {_MANY_PEOPLE} people or more"
    return 0, None
