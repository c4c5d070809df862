"""Reading the folder that the user keeps: every problem of every file is told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.directory.departments import read_departments
from shadowai.directory.directory import Content, Directory
from shadowai.directory.networks import read_networks
from shadowai.directory.people import read_people
from shadowai.directory.tables import Findings
from shadowai.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

FILES = ("networks.csv", "people.csv", "departments.csv")


def load_directory(folder: Path) -> Directory:
    """Read `networks.csv`, `people.csv` and `departments.csv` of a folder; each may be absent, one must be there.

    Raises UsageError with all problems of all files, one a line, each as `file:line: message`.
    """
    paths = [folder / name for name in FILES]
    if not any(path.is_file() for path in paths):
        message = f"is no directory folder: it holds none of {', '.join(FILES)}; give the folder that holds them"
        raise UsageError(message, where=folder)
    findings = Findings()
    networks, people, departments = paths
    content = Content(
        networks=tuple(read_networks(networks, findings)) if networks.exists() else (),
        people=tuple(read_people(people, findings)) if people.exists() else (),
        departments=tuple(read_departments(departments, findings).values()) if departments.exists() else (),
    )
    findings.raise_if_any()
    directory = Directory(content)
    warnings = [str(warning) for warning in sorted(set(findings.warnings))]
    return Directory(content, [*warnings, *_odd_names(folder, content, directory)])


def _odd_names(folder: Path, content: Content, directory: Directory) -> list[str]:
    """Warn of departments that are probably one in two spellings, or missing from departments.csv."""
    listed = {department.name for department in content.departments}
    warnings = []
    spellings: dict[str, str] = {}
    for name in directory.departments:
        first = spellings.setdefault(name.casefold(), name)
        if first != name:
            warnings.append(f"{folder}: departments {first!r} and {name!r} differ only in case and are counted apart")
        if listed and name not in listed:
            warnings.append(f"{folder / 'departments.csv'}: department {name!r} of the other files is not listed here")
    return warnings
