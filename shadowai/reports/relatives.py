"""The departments above and below one, and the addresses of their pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shadowai.reports import text
from shadowai.reports.language import say
from shadowai.result import DepartmentUse, Result


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses relative to a department's page: of the index, and of departments and divisions by name."""

    index: str = ""
    departments: Mapping[str, str] = field(default_factory=dict)
    divisions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relative:
    """Another page about the same people: what it is, and its address or nothing."""

    name: str
    page: str


@dataclass(frozen=True, slots=True)
class Below:
    """One department of a division, compared in a line."""

    name: str
    page: str
    people: str
    unsanctioned: str
    people_unsanctioned: str
    score: str


def above(result: Result, department: DepartmentUse, links: Links) -> tuple[Relative, ...]:
    """List the divisions that a department belongs to, the nearest last; its own division is the nearest of all."""
    found = [
        Relative(say("{department} and the departments below it", department=name), links.divisions.get(name, ""))
        for name in _lineage(result, department)
    ]
    return tuple(reversed(found))


def below(result: Result, division: DepartmentUse, links: Links) -> tuple[Below, ...]:
    """Compare the departments of a division; none for a department."""
    if not division.below:
        return ()
    wanted = {division.name, *division.below}
    return tuple(_below(one, links.departments.get(one.name, "")) for one in result.departments if one.name in wanted)


def _below(department: DepartmentUse, page: str) -> Below:
    totals, score = department.totals, department.score
    return Below(
        name=department.name,
        page=page,
        people=text.people_of(totals.people, department.headcount),
        unsanctioned=text.number(totals.services_unsanctioned),
        people_unsanctioned=text.number(totals.people_unsanctioned),
        score=say("unknown") if score is None else text.points(score.points),
    )


def _lineage(result: Result, department: DepartmentUse) -> Iterator[str]:
    divisions = {one.name for one in result.divisions}
    parents = {one.name: one.parent for one in result.departments}
    name = department.parent if department.below else department.name
    met: set[str] = set()
    while name is not None and name not in met:  # a document from elsewhere may hold a ring
        met.add(name)
        if name in divisions:
            yield name
        name = parents.get(name)
