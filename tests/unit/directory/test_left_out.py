"""What the user's files leave out or write in another way, and what is then believed and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shadowai.directory import Directory, load_directory
from shadowai.directory.survey import survey
from shadowai.errors import UsageError
from shadowai.model import DAY, HOUR, Who

if TYPE_CHECKING:
    from pathlib import Path

MONDAY = 20731  # 2026-10-05 in days since 1970-01-01: `date -ud 2026-10-05 +%s`, by 86,400


def load(folder: Path, **files: str) -> Directory:
    for stem, content in files.items():
        (folder / f"{stem}.csv").write_text(content)
    return load_directory(folder)


def at_noon(day: int) -> int:
    return day * DAY + 12 * HOUR


def test_a_person_need_not_have_a_department(tmp_path: Path) -> None:
    people = "user,email,department,device\nann,,,10.1.0.5\nbob,,Sales,\nbob,,,pc-2\n"
    directory = load(tmp_path, networks="network,department\n10.1.0.0/16,Sales\n10.2.0.0/16,IT\n", people=people)
    asked = [Who("10.1.0.5", None, None), Who("10.2.0.9", "ann", None), Who(None, "ann", None), Who(None, None, "PC-2")]
    found = [directory.resolve(who, None) for who in asked]
    assert [one.key for one in found] == ["person:ann", "person:ann", "person:ann", "person:bob"]
    assert [one.department for one in found] == ["Sales", "IT", None, "Sales"]
    assert (directory.warnings, survey(directory).without_department) == ((), 1)


def test_on_the_day_of_a_move_the_new_department_counts(tmp_path: Path) -> None:
    people = "user,email,department,from,until\nann,,Sales,,2026-10-06\nann,,Legal,2026-10-06,\n"
    directory = load(tmp_path, people=people)
    found = [directory.resolve(Who(None, "ann", None), at_noon(MONDAY + day)).department for day in range(3)]
    assert found == ["Sales", "Legal", "Legal"]
    message = "until is the day on which 'ann' begins elsewhere; from that day on the new department counts"
    assert directory.warnings == (f"{tmp_path}/people.csv:2: {message}",)


def test_a_day_may_be_written_as_its_midnight(tmp_path: Path) -> None:
    people = "user,email,department,from,until\nann,,Sales,2026-10-05T00:00:00Z,2026-10-06 00:00:00.000\n"
    (row,) = load(tmp_path, people=people).content.people
    assert (row.period.first, row.period.last) == (MONDAY, MONDAY + 1)
    with pytest.raises(UsageError, match=r"people\.csv:2: from '2026-10-05T01:00:00Z' is not a date"):
        load(tmp_path, people=people.replace("T00:", "T01:"))


def test_a_parent_without_a_line_of_its_own_is_a_department(tmp_path: Path) -> None:
    text = "department,parent\nSales,Group\nField,Sales\n"
    directory = load(tmp_path, departments=text)
    assert list(directory.named) == ["Field", "Group", "Sales"]
    assert directory.lineage("Field") == ("Field", "Sales", "Group")
    message = "parent 'Group' has no line of its own; add one, unless it is meant to be the top"
    assert directory.warnings == (f"{tmp_path}/departments.csv:2: {message}",)
    with pytest.raises(
        UsageError, match=r"csv:3: parent 'Slaes' is not a department of this file; did you mean Sales\?"
    ):
        load(tmp_path, departments=text.replace("Field,Sales", "Field,Slaes"))
