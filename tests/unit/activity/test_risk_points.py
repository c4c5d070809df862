"""The points of docs/risk.md, table by table."""

from __future__ import annotations

from typing import Any

import pytest

from shadowai.activity.risk import Exposure, assess, department_score, person_score, points_of, scored
from shadowai.model import Status, Use
from shadowai.result import Score
from shadowai.verdicts import Sensitivity

LEAST: dict[str, Any] = {
    "status": Status.SANCTIONED,
    "proven": True,
    "people": 1,
    "bytes_up": 0,
    "service_risk": 0,
    "sensitivity": Sensitivity.LOW,
}


def _points(**given: object) -> float:
    exposure = Exposure(**LEAST | given)
    assert scored(exposure).points == points_of(exposure)
    return points_of(exposure)


@pytest.mark.parametrize(
    ("given", "points"),
    [
        ({}, 0),
        *(({"status": Status(name)}, points) for name, points in {"tolerated": 10, "under-review": 15}.items()),
        ({"status": Status.UNSANCTIONED}, 25),
        ({"status": Status.PROHIBITED}, 40),
        ({"service_risk": 4.0}, 6),
        ({"service_risk": None}, 7.5),
        *(({"bytes_up": size}, points) for size, points in ((999_999, 0), (1_000_000, 5), (4_999_999, 5))),
        *(({"bytes_up": size}, points) for size, points in ((5_000_000, 10), (49_999_999, 10), (50_000_000, 20))),
        ({"bytes_up": None}, 5),
        ({"uses": [Use.API, Use.AGENT], "uploads": True}, 10),
        ({"uses": [Use.API], "uploads": True}, 5),
        ({"uses": [Use.CHAT], "uploads": True}, 3),
        ({"people": 10}, 10),
        ({"people": 9}, 0),
        ({"people": 3, "headcount": 12}, 10),
        ({"people": 3, "headcount": 13}, 0),
        ({"people": 2, "headcount": 2}, 0),
        ({"sensitivity": Sensitivity.NORMAL}, 2),
        ({"sensitivity": Sensitivity.HIGH}, 5),
    ],
)
def test_a_use_has_the_points_of_its_parts(given: dict[str, object], points: float) -> None:
    assert _points(**given) == points


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ({"status": Status.TOLERATED, "bytes_up": 50_000_000}, "medium"),  # 30
        ({"status": Status.TOLERATED, "bytes_up": 5_000_000}, "low"),  # 20
        ({"status": Status.UNSANCTIONED, "service_risk": 8.0, "bytes_up": 1_000_000}, "high"),  # 42
        ({"status": Status.UNSANCTIONED, "service_risk": 7.9, "bytes_up": 1_000_000}, "medium"),  # 41.9
        ({"status": Status.PROHIBITED, "service_risk": 2.0}, "high"),  # 43
        ({"status": Status.PROHIBITED, "service_risk": 2.0, "bytes_up": 50_000_000}, "critical"),  # 63
        ({"status": Status.PROHIBITED, "service_risk": 2.0, "people": 10, "bytes_up": 1_000_000}, "critical"),  # 58
        ({"status": Status.PROHIBITED, "service_risk": 2.0, "people": 10}, "high"),  # 53
        ({"status": Status.PROHIBITED, "proven": False}, "low"),
        ({"service_risk": 10.0, "bytes_up": 50_000_000, "people": 10, "uses": [Use.AGENT]}, "low"),  # 55, but approved
    ],
)
def test_a_word_says_how_high_it_is_and_approved_or_unproven_use_is_low(given: dict[str, Any], level: str) -> None:
    assert assess(Exposure(**LEAST | given))[0] == level


@pytest.mark.parametrize(
    ("worst", "unapproved", "hidden", "points"),
    [
        (None, 0.0, None, 0),
        (50.0, 0.0, None, 35),
        (None, 0.25, None, 5),
        (None, 1.5, None, 20),  # more people than the declared headcount
        (None, None, None, 5),
        (None, 0.0, 12.0, 1.2),
        (100.0, 1.0, 100.0, 100),
    ],
)
def test_a_departments_score(
    worst: float | None, unapproved: float | None, hidden: float | None, points: float
) -> None:
    use = None if worst is None else Score(points=worst, of=100)
    assert department_score(use, unapproved, hidden).points == points


@pytest.mark.parametrize(("worst", "further", "points"), [(50, 0, 40), (50, 1, 45), (50, 4, 60), (50, 5, 60)])
def test_a_persons_score(worst: float, further: int, points: float) -> None:
    assert person_score(worst, further).points == points
