"""How many people a department had in a period: worked out by hand from small folders."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from shadowai.directory import load_directory

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.directory.headcounts import Headcounts

HOME = "user,email,department,from,until\n"
HR = "Employee ID,Work Email,Department,Hire Date,Termination Date,Effective Date\n"


def _sizes(folder: Path, period: str | None = "2026-03-01 2026-03-31") -> Headcounts:
    epoch = date(1970, 1, 1).toordinal()
    first, last = (date.fromisoformat(day).toordinal() - epoch for day in (period or "1970-01-01 1970-01-01").split())
    return load_directory(folder).headcounts((first, last) if period else None)


@pytest.mark.parametrize(
    ("stays", "sales", "law"),
    [
        (["ann,,Sales,,"], 1, None),
        (["ann,,Sales,,2026-02-28"], None, None),
        (["ann,,Sales,,2026-03-01"], 1, None),
        (["ann,,Sales,2026-03-31,"], 1, None),
        (["ann,,Sales,2026-04-01,"], None, None),
        (["ann,,Sales,2020-01-01,2030-01-01"], 1, None),
        (["ann,,Sales,,2026-03-14", "ann,,Law,2026-03-15,"], 1, 1),
        (["ann,,Sales,,2026-02-28", "ann,,Law,2026-03-01,"], None, 1),
        (["ann,,Sales,,2020-12-31", "ann,,Law,2021-01-01,2025-12-31", "ann,,Sales,2026-01-01,"], 1, None),
        (["ann,,Sales,,2026-03-09", "ann,,Sales,2026-03-10,", "bob,,Sales,,"], 2, None),
    ],
)
def test_those_count_who_belonged_there_in_the_period(
    tmp_path: Path, stays: list[str], sales: int | None, law: int | None
) -> None:
    (tmp_path / "people.csv").write_text(HOME + "\n".join(stays) + "\n")
    sizes = _sizes(tmp_path)
    assert (sizes.of(["Sales"]), sizes.of(["Law"])) == (sales, law)
    assert {name: one.headcount for name, one in sizes.departments.items() if one.headcount} == {
        name: size for name, size in (("Sales", sales), ("Law", law)) if size
    }


def test_who_moves_is_one_person_of_both_departments_together(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(HOME + "ann,,Sales,,2026-03-14\nann,,Law,2026-03-15,\nbob,,Law,,\n")
    (tmp_path / "departments.csv").write_text("department,headcount\nSales,\nLaw,\nTax,7\nBoard,0\nLab,\n")
    sizes = _sizes(tmp_path)
    assert sizes.of(["Sales", "Law"]) == 2
    assert sizes.of(["Sales", "Law", "Tax", "Board", "Lab"]) == 9
    assert (sizes.of(["Board"]), sizes.of(["Lab"]), sizes.of([])) == (0, None, None)


def test_without_a_period_everybody_counts_who_was_ever_there(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(HOME + "ann,,Sales,,2001-03-14\nann,,Law,2001-03-15,2001-12-31\n")
    sizes = _sizes(tmp_path, None)
    assert (sizes.of(["Sales"]), sizes.of(["Law"]), sizes.of(["Sales", "Law"])) == (1, 1, 1)


def test_a_record_with_dates_stands_above_an_export_without(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "ad.csv").write_text(
        "sAMAccountName,mail,department,enabled\n"
        "ann,ann@x.example,Sales,True\nbob,bob@x.example,Sales,False\neve,eve@x.example,Sales,True\n"
    )
    (tmp_path / "people.csv").write_text("user,email,department,from\nann,ann@x.example,Law,2025-01-01\n")
    sizes = _sizes(tmp_path)
    assert (sizes.of(["Sales"]), sizes.of(["Law"])) == (1, 1)


def test_who_left_before_or_came_after_is_nobody_of_the_period(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "hr.csv").write_text(
        HR + "1,ann@x.example,Sales,2019-01-01,2026-02-28,\n"
        "2,bob@x.example,Sales,2019-01-01,2026-03-02,\n"
        "3,eve@x.example,Sales,2026-04-01,,\n"
        "4,kim@x.example,Sales,2026-03-31,,\n"
    )
    assert _sizes(tmp_path).of(["Sales"]) == 2
