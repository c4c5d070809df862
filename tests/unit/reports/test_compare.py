from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.report_world import large, world

from shadowai.reports.compare import comparison, rate, wilson
from shadowai.result import DepartmentUse


def test_wilson_gives_the_values_of_the_literature() -> None:
    # R: binom::binom.wilson(5, 10) and (0, 10); the second is z^2 / (n + z^2).
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=5e-5)
    assert wilson(0, 10) == pytest.approx((0.0, 0.27753), abs=5e-5)


@given(st.integers(1, 5000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_wilson_solves_the_score_equation(counts: tuple[int, int]) -> None:
    part, whole = counts
    for end in wilson(part, whole):
        assert abs(part / whole - end) == pytest.approx(1.959964 * sqrt(end * (1 - end) / whole), abs=1e-6)


@given(st.integers(1, 500), st.integers(1, 400))
def test_more_departments_make_wider_ranges(whole: int, groups: int) -> None:
    low, high = wilson(whole // 2, whole)
    lower, higher = wilson(whole // 2, whole, groups)
    assert lower <= low < high <= higher


@pytest.mark.parametrize(("part", "whole"), [(1, 0), (3, 2), (-1, 2)])
def test_wilson_refuses_what_is_no_share(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="no part"):
        wilson(part, whole)


def of(name: str, heads: int | None, people: int, bad: int) -> DepartmentUse:
    base = next(one for one in world().departments if one.name == "Research")
    totals = base.totals.model_copy(update={"people": people, "people_unsanctioned": bad})
    changes = {"name": name, "headcount": heads, "people": people, "totals": totals, "score": None}
    return base.model_copy(update=changes)


def test_one_of_four_does_not_lead_the_list() -> None:
    rows = comparison([of("Tiny", 4, 3, 1), of("Big", 400, 200, 90), of("Calm", 400, 200, 4)], ["t", "b", "c"])
    assert rows is not None
    assert [(row.name, row.page, row.verdict.name) for row in rows.rows] == [
        ("Big", "b", "up"),
        ("Tiny", "t", "same"),
        ("Calm", "c", "down"),
    ]
    assert [row.few for row in rows.rows] == [False, True, False]
    assert rows.few
    assert rows.whole == "Over all departments of known size: 95 of 804 people, 12%."


def test_an_unknown_headcount_is_never_compared() -> None:
    found = comparison([of("Known", 40, 30, 10), of("Unknown", None, 9, 9), of("Shrunk", 3, 9, 9)], ["", "", ""])
    assert found is not None
    assert [row.name for row in found.rows] == ["Known", "Shrunk", "Unknown"]
    assert [row.verdict.name for row in found.rows] == ["none", "none", "none"]  # one of known size has no other
    assert [row.range is None for row in found.rows] == [False, True, True]
    assert found.rows[2].per_head == "unknown"
    assert found.rows[2].keys["bad"] == found.rows[2].keys["per_head"] == -1
    assert found.rows[0].score == "unknown"
    assert found.whole == ""


def test_a_division_is_compared_with_the_departments() -> None:
    document = world()
    found = comparison(document.divisions, ["r", "o"], document.departments)
    assert found is not None
    assert {row.name for row in found.rows} == {
        "Operations and the departments below it",
        "Research and the departments below it",
    }
    assert found.whole == "Over all departments of known size: 43 of 258 people, 17%."


def test_chance_alone_accuses_nobody() -> None:
    document = large(departments=100, people=5_000, services=60)
    found = comparison(document.departments, [""] * 100)
    assert found is not None
    assert {row.verdict.name for row in found.rows} == {"same"}  # a third everywhere


def test_nothing_is_compared_without_departments() -> None:
    assert comparison([], []) is None


def test_sessions_per_head() -> None:
    assert (rate(30, 20), rate(0, 20), rate(1, 400), rate(3, None), rate(3, 0)) == (
        "1.5",
        "0",
        "under 0.1",
        "unknown",
        "unknown",
    )
