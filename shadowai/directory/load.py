"""Reading the folder that the user keeps: every problem of every file is told at once."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from shadowai.directory.departments import COLUMNS as DEPARTMENTS
from shadowai.directory.departments import read_departments
from shadowai.directory.directory import Content, Directory
from shadowai.directory.exports import read_exports
from shadowai.directory.exports.kinds import FIELDS
from shadowai.directory.leases import read_leases
from shadowai.directory.networks import COLUMNS as NETWORKS
from shadowai.directory.networks import read_networks
from shadowai.directory.options import DirectoryOptions
from shadowai.directory.people import read_people
from shadowai.directory.persons import join_people
from shadowai.directory.tables import Findings
from shadowai.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DEFAULTS = DirectoryOptions()
FILES = ("networks.csv", "people.csv", "departments.csv")
EXPORTS = "people"
"""The folder, inside the directory's, with other systems' exports of people."""
LEASES = "leases"
"""The folder, inside the directory's, with what DHCP servers, VPNs and RADIUS record of who held an address."""

MANY = 1_000_000
"""Objects that a directory is made of (some twenty a person), from which on the collector would take seconds."""


def load_directory(folder: Path, options: DirectoryOptions = DEFAULTS) -> Directory:
    """Read `networks.csv`, `people.csv`, `departments.csv`, `people/` and `leases/` of a folder; one must be there.

    Raises UsageError with all problems of all files, one a line, each as `file:line: message`.
    """
    paths = [folder / name for name in FILES]
    if not any(path.is_file() for path in paths) and not any((folder / name).is_dir() for name in (EXPORTS, LEASES)):
        message = f"is no directory folder: it holds none of {', '.join(FILES)}; give the folder that holds them"
        raise UsageError(message, where=folder)
    with _no_collector():
        return _load(folder, paths, options)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Keep Python's collector from looking through half a million people again and again: a third of the time.

    Objects that were made meanwhile are then put out of its sight, where they are many: they last as long as the scan.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if gc.get_count()[0] > MANY:
                gc.freeze()
            gc.enable()


def _load(folder: Path, paths: Sequence[Path], options: DirectoryOptions) -> Directory:
    _check_columns(options)
    findings = Findings()
    networks, people, departments = paths
    rows = read_people(people, options, findings) if people.exists() else []
    rows += read_exports(folder / EXPORTS, options, findings)
    content = Content(
        networks=tuple(read_networks(networks, findings, options)) if networks.exists() else (),
        departments=tuple(read_departments(departments, findings, options).values()) if departments.exists() else (),
        options=options,
        leases=read_leases(folder / LEASES, options, findings) if (folder / LEASES).is_dir() else None,
    )
    findings.raise_if_any()
    content = replace(content, people=join_people(rows, folder, options, findings))
    directory = Directory(content)
    directory.warnings = (*findings.told(findings.warnings), *_odd_names(folder, content, directory))
    return directory


def _check_columns(options: DirectoryOptions) -> None:
    """Refuse a column map for a column that there is not: its values would be lost without a word."""
    known = {"people": FIELDS, "networks": NETWORKS.all, "departments": DEPARTMENTS.all}
    for table, headers in options.columns.items():
        for column in headers:
            if column not in known[table]:
                there_are = f"there are {', '.join(known[table])}"
                raise UsageError(f"directory_columns.{table}: {column!r} is no column of ours; {there_are}")


def _odd_names(folder: Path, content: Content, directory: Directory) -> list[str]:
    """Warn of departments that are probably one in two spellings, or missing from departments.csv."""
    listed = {department.name for department in content.departments}
    warnings = []
    spellings: dict[str, str] = {}
    for name in directory.named:
        first = spellings.setdefault(name.casefold(), name)
        if first != name:
            warnings.append(f"{folder}: departments {first!r} and {name!r} differ only in case and are counted apart")
        if listed and name not in listed:
            warnings.append(f"{folder / 'departments.csv'}: department {name!r} of the other files is not listed here")
    return warnings
