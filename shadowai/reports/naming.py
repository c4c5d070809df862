"""The one name in a document that is not the user's: that of the department of everybody whose own is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.reports.language import later, translated
from shadowai.verdicts import UNKNOWN_DEPARTMENT

if TYPE_CHECKING:
    from shadowai.result import Change, DepartmentUse, Result

_MESSAGE = later("Unknown department")


def is_unknown(name: str) -> bool:
    """Say whether a department is that of everybody whose own is unknown, in the language that is being written."""
    return name in (UNKNOWN_DEPARTMENT, translated(_MESSAGE))


def unknown_named(result: Result) -> Result:
    """Give the result with that department named in the language that is being written."""
    said = translated(_MESSAGE)
    if said == UNKNOWN_DEPARTMENT:
        return result
    return result.model_copy(
        update={
            "departments": tuple(_named(one, said) for one in result.departments),
            "divisions": tuple(_named(one, said) for one in result.divisions),
            "candidates": tuple(
                one.model_copy(update={"departments": _names(one.departments, said)}) for one in result.candidates
            ),
            "blind_spots": tuple(
                one.model_copy(update={"departments": _names(one.departments, said)}) for one in result.blind_spots
            ),
            "change": _change(result.change, said),
        }
    )


def _named(department: DepartmentUse, said: str) -> DepartmentUse:
    if department.name != UNKNOWN_DEPARTMENT:
        return department
    return department.model_copy(update={"name": said})


def _names(names: tuple[str, ...], said: str) -> tuple[str, ...]:
    return tuple(said if name == UNKNOWN_DEPARTMENT else name for name in names)


def _change(change: Change | None, said: str) -> Change | None:
    if change is None:
        return None
    services = tuple(
        one.model_copy(update={"department": said}) if one.department == UNKNOWN_DEPARTMENT else one
        for one in change.services
    )
    return change.model_copy(update={"services": services})
