"""Which folders a call of lint reads, and which of the issues it shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shadowai.errors import UsageError
from shadowai.signatures.lint import lint
from shadowai.signatures.load import default_folder, is_database, read_leniently

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from shadowai.signatures.lint.issue import Issue

_LISTS = ("categories.yaml", "blind-spots.yaml", "candidates.yaml", "shared-platforms.yaml")


class Linted(NamedTuple):
    """How much was looked at, and what is wrong with it."""

    services: int
    indicators: int
    issues: list[Issue]


def lint_paths(paths: Sequence[Path], folder: Path | None, today: date) -> Linted:
    """Check some files and folders, or with none the whole of `folder` (or of the shipped database).

    A path within the database narrows down what is shown. A path elsewhere is a database of its own, where it has the
    lists of one, and else an overlay or a part of one, checked together with the database that it is laid over.
    """
    base = (folder or default_folder()).resolve()
    wanted = [path.resolve() for path in paths]
    overlays: list[Path] = []
    for path in wanted:
        root = _root(path)
        if root.is_relative_to(base) or root in overlays:
            continue
        if is_database(root) and len(paths) == 1:
            base = root
        else:
            overlays.append(root)
    files, problems = read_leniently(base, overlays)
    issues = lint(files, today, problems)
    shown = [issue for issue in issues if not wanted or _is_within(issue, wanted, [base, *overlays])]
    services = [one for one in files.services.values() if not wanted or any(map(one.path.is_relative_to, wanted))]
    return Linted(len(services), sum(len(one.indicators) for one in services), shown)


def _root(path: Path) -> Path:
    """Find the signature folder that a path is or lies in: categories are folders in it, services files in these."""
    if path.is_file():
        return path.parent if path.name in _LISTS else path.parent.parent
    if not path.is_dir():
        raise UsageError("is neither a file nor a folder", where=path)
    is_category = any(path.glob("*.yaml")) and not any(path.glob("*/*.yaml"))
    return path.parent if is_category and not any((path / name).exists() for name in _LISTS) else path


def _is_within(issue: Issue, wanted: Sequence[Path], roots: Sequence[Path]) -> bool:
    place = Path(issue.path)
    if not place.is_absolute():  # of a list that stands for all folders together
        return any(path in roots for path in wanted)
    return any(map(place.is_relative_to, wanted))
