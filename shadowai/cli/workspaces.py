"""Several workspaces, one after the other: each has its own settings, history, key and output, and nothing crosses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from shadowai.cli.common import settings
from shadowai.cli.exits import Exit
from shadowai.cli.run_once import exit_of_run, one_pass, told
from shadowai.errors import ShadowaiError, UsageError
from shadowai.reports.text import clean
from shadowai.settings.nightly import default_state

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.config import Settings


@dataclass(frozen=True, slots=True)
class Workspace:
    """One settings file and what it says; `problem` where it cannot be used."""

    name: str
    settings: Settings | None
    problem: str | None = None


def workspaces_of(folder: Path) -> list[Workspace]:
    """Read all settings of a folder: `NAME.toml` or `NAME/shadowai.toml`; a wrong one stops no other.

    UsageError where there are none, or where two would share a folder of state or of reports.
    """
    files = sorted([*folder.glob("*.toml"), *folder.glob("*/shadowai.toml")])
    if not files:
        raise UsageError("holds no settings (NAME.toml or NAME/shadowai.toml)", where=folder)
    found = [_workspace(file.parent.name if file.name == "shadowai.toml" else file.stem, file) for file in files]
    usable = [one.settings for one in found if one.settings]
    for what, places in (
        ("[history] state", [(one.history.state or default_state()).resolve() for one in usable]),
        ("[reports] out", [out.resolve() for one in usable if (out := one.reports.out)]),
    ):
        if twice := next((place for place in places if places.count(place) > 1), None):
            raise UsageError(f"two workspaces have the same {what}, {twice}; give each its own", where=folder)
    return found


def _workspace(name: str, file: Path) -> Workspace:
    try:
        chosen = settings(config=file)
        _ = chosen.channels
    except UsageError as error:
        return Workspace(name, None, f"{str(error).splitlines()[0]}; `shadowai config check {file}` tells more")
    return Workspace(name, chosen)


def run_all(folder: Path, *, quiet: bool) -> Exit:
    """Run every workspace; one that fails stops no other. Sums up, and gives the worst exit code."""
    worst = Exit.DONE
    for one in workspaces_of(folder):
        code, line = _run(one)
        if code is not Exit.DONE or not quiet:
            click.echo(clean(f"{one.name}: {line}"), err=code is Exit.USAGE)
        worst = max(worst, code)
    return worst


def _run(one: Workspace) -> tuple[Exit, str]:
    """Run one workspace; give how it ended, and a sentence."""
    if one.settings is None:
        return Exit.USAGE, one.problem or ""
    try:
        outcome = one_pass(one.settings, quiet=True)
    except ShadowaiError as error:
        return Exit.USAGE if isinstance(error, UsageError) else Exit.NOTHING_READ, str(error)
    return exit_of_run(outcome), f"{told(outcome)[0]}; {len(outcome.written)} reports"
