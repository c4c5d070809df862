"""How many people a department had: those who belonged to it at some time of a period, unless departments.csv says.

Whoever moved within the period is one of both departments, and one person of the two together. An account that is
disabled counts for nobody, and neither does a person whose records contradict each other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shadowai.model import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shadowai.directory.people import PersonRow
    from shadowai.directory.roster import Roster
    from shadowai.verdicts import Department

Days = tuple[int, int]
"""First and last day of a period, since 1970-01-01 UTC, both included."""


class Headcounts:
    """The sizes of departments in a period; `departments` are those of the files, by name, each with its headcount."""

    def __init__(self, departments: Mapping[str, Department], roster: Roster, period: Days | None = None) -> None:
        self._declared = {name: one.headcount for name, one in departments.items()}
        self._people = members(roster, period)
        self.departments = {name: replace(one, headcount=self.of([name])) for name, one in departments.items()}

    def of(self, names: Iterable[str]) -> int | None:
        """Give the people of some departments together, each once; None where the files tell of none."""
        declared: list[int] = []
        people: set[str] = set()
        for name in names:
            size = self._declared.get(name)
            if size is None:
                people |= self._people.get(name, set())
            else:
                declared.append(size)
        return sum(declared) + len(people) if declared or people else None


def members(roster: Roster, period: Days | None) -> dict[str, set[str]]:
    """Give the persons who belonged to each department at some time of a period, or ever where there is none."""
    found: dict[str, set[str]] = {}
    for person in roster.persons():
        rows = roster.stays(person)
        if any(row.active for row in rows):
            for department in _departments(roster, person, rows, period):
                found.setdefault(department, set()).add(person)
    return found


def _departments(roster: Roster, person: str, rows: tuple[PersonRow, ...], period: Days | None) -> set[str]:
    if period is None or (len(rows) == 1 and roster.is_timeless(person)):
        return {row.department for row in rows if row.department is not None and row.active}
    named = (roster.department(person, day * DAY) for day in _days_of_change(rows, period))
    return {department for department in named if department is not None}


def _days_of_change(rows: tuple[PersonRow, ...], period: Days) -> set[int]:
    """Give the first day of a period, and those in it at which what the rows say may change."""
    stays = [stay for row in rows for stay in (row.period, row.employed)]
    begins = {stay.first for stay in stays if stay.first is not None}
    begins |= {stay.last + 1 for stay in stays if stay.last is not None}
    return {period[0], *(day for day in begins if period[0] < day <= period[1])}
