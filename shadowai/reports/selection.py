"""A result document about one department alone, to be handed to those who may not read about the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.errors import unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shadowai.result import BlindSpot, Candidate, Change, DepartmentUse, Result


def only(result: Result, name: str) -> Result:
    """Give the document of a department, or of a division with the departments below it; UsageError without such.

    Figures over the organisation become those of the department. Candidates, blind spots and changes that do not
    concern it are left out, as are the policy and the warnings, which are about everybody.
    """
    found = find(result, name)
    names = {found.name, *found.below}
    return result.model_copy(
        update={
            "totals": found.totals,
            "departments": tuple(one for one in result.departments if one.name in names),
            "divisions": tuple(one for one in result.divisions if one.name in names),
            "candidates": tuple(_candidate(one, names) for one in result.candidates if names & {*one.departments}),
            "blind_spots": tuple(_spot(one, names) for one in result.blind_spots if _concerns(one.departments, names)),
            "warnings": (),
            "policy": None,
            "change": _change(result.change, names),
        }
    )


def find(result: Result, name: str) -> DepartmentUse:
    """Find a division or department by name, a division first: it holds the department of its name."""
    everyone = (*result.divisions, *result.departments)
    wanted = name.strip().casefold()
    for one in everyone:
        if one.name.casefold() == wanted:
            return one
    known = sorted({one.name for one in everyone})
    raise unknown_name("department", name, known, "result.json names them")


def _concerns(departments: Iterable[str], names: set[str]) -> bool:
    told = set(departments)
    return not told or bool(told & names)


def _candidate(candidate: Candidate, names: set[str]) -> Candidate:
    return candidate.model_copy(update={"departments": tuple(one for one in candidate.departments if one in names)})


def _spot(spot: BlindSpot, names: set[str]) -> BlindSpot:
    return spot.model_copy(update={"departments": tuple(one for one in spot.departments if one in names)})


def _change(change: Change | None, names: set[str]) -> Change | None:
    if change is None:
        return None
    return change.model_copy(update={"services": tuple(one for one in change.services if one.department in names)})
