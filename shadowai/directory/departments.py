"""The departments of the organisation: who heads them, where they belong, how many people they have."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from shadowai.directory.tables import Columns, Findings, Row, read_table
from shadowai.verdicts import Department, Sensitivity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shadowai.directory.options import DirectoryOptions

COLUMNS = Columns(("department",), ("parent", "head", "email", "headcount", "sensitivity", "together"))
MAX_HEADCOUNT_DIGITS = 8
_ALIKE = 0.75  # of two names, by difflib: a slip of the pen, and no other department


def read_departments(path: Path, findings: Findings, options: DirectoryOptions) -> dict[str, Department]:
    """Read departments.csv into departments by name; problems go to `findings`."""
    lines: dict[str, int] = {}
    departments: dict[str, Department] = {}
    for row in read_table(path, COLUMNS.under(options.columns.get("departments")), findings):
        name = row["department"]
        if not name:
            findings.problem(path, row.line, "department is empty; name the department")
            continue
        if name in departments:
            findings.problem(
                path, row.line, f"department {name!r} is already on line {lines[name]}; keep one of the two"
            )
            continue
        lines[name] = row.line
        departments[name] = Department(
            name,
            parent=row["parent"] or None,
            head=row["head"] or None,
            email=row["email"] or None,
            headcount=_parse_headcount(row, findings),
            sensitivity=_parse_sensitivity(row, findings),
            together=_parse_together(row, findings),
        )
    _add_parents(path, departments, lines, findings)
    _check_parents(path, departments, lines, findings)
    return departments


def _parse_headcount(row: Row, findings: Findings) -> int | None:
    text = row["headcount"]
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= MAX_HEADCOUNT_DIGITS:
        return int(text)
    findings.problem(
        row.file, row.line, f"headcount {text!r} is not a whole number; write digits only or leave it empty"
    )
    return None


def _parse_sensitivity(row: Row, findings: Findings) -> Sensitivity:
    text = row["sensitivity"].lower() or Sensitivity.NORMAL.value
    try:
        return Sensitivity(text)
    except ValueError:
        names = [member.value for member in Sensitivity]
        close = difflib.get_close_matches(text, names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"use one of {', '.join(names)}"
        findings.problem(row.file, row.line, f"sensitivity {row['sensitivity']!r} is unknown; {hint}")
        return Sensitivity.NORMAL


def _parse_together(row: Row, findings: Findings) -> bool:
    text = row["together"].lower()
    if text not in {"", "yes", "no"}:
        message = f"together {row['together']!r} is neither yes nor no: whether it has a report with those below it"
        findings.problem(row.file, row.line, message)
    return text != "no"


def _add_parents(path: Path, departments: dict[str, Department], lines: Mapping[str, int], findings: Findings) -> None:
    """Add parents that have no line of their own, as a tree's top may; one that is nearly another's name is refused."""
    for name, department in list(departments.items()):
        parent = department.parent
        if parent is None or parent in departments:
            continue
        if close := difflib.get_close_matches(parent, lines, n=1, cutoff=_ALIKE):
            message = f"parent {parent!r} is not a department of this file; did you mean {close[0]}?"
            findings.problem(path, lines[name], message)
            continue
        message = f"parent {parent!r} has no line of its own; add one, unless it is meant to be the top"
        findings.warn(path, lines[name], message)
        departments[parent] = Department(parent)


def _check_parents(
    path: Path, departments: Mapping[str, Department], lines: Mapping[str, int], findings: Findings
) -> None:
    """Refuse a department that is its own ancestor: readers walk up this chain."""
    checked: set[str] = set()
    for name in departments:
        walk: set[str] = set()
        at: str | None = name
        while at is not None and at in departments and at not in checked:
            if at in walk:
                findings.problem(path, lines[at], f"department {at!r} is its own ancestor; correct the parents")
                break
            walk.add(at)
            at = departments[at].parent
        checked |= walk
