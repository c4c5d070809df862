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
from shadowai.run_config import default_state

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.config import Settings


@dataclass(frozen=True, slots=True)
class Workspace:
    """One settings file and what it says."""

    name: str
    settings: Settings


def workspaces_of(folder: Path) -> list[Workspace]:
    """Read all settings of a folder: `NAME.toml` or `NAME/shadowai.toml`.

    UsageError where there are none, where one is wrong, or where two would share a folder of state or of reports.
    """
    files = sorted([*folder.glob("*.toml"), *folder.glob("*/shadowai.toml")])
    if not files:
        raise UsageError("holds no settings (NAME.toml or NAME/shadowai.toml)", where=folder)
    names = {file: file.parent.name if file.name == "shadowai.toml" else file.stem for file in files}
    found = [Workspace(names[file], settings(config=file)) for file in files]
    for what, places in (
        ("[history] state", [(one.settings.history.state or default_state()).resolve() for one in found]),
        ("[reports] out", [out.resolve() for one in found if (out := one.settings.reports.out)]),
    ):
        if twice := next((place for place in places if places.count(place) > 1), None):
            raise UsageError(f"two workspaces have the same {what}, {twice}; give each its own", where=folder)
    return found


def run_all(folder: Path, *, quiet: bool) -> Exit:
    """Run every workspace; one that fails stops no other. Sums up, and gives the worst exit code."""
    worst = Exit.DONE
    lines = []
    for one in workspaces_of(folder):
        try:
            outcome = one_pass(one.settings, quiet=True)
        except ShadowaiError as error:
            code = Exit.USAGE if isinstance(error, UsageError) else Exit.NOTHING_READ
            lines.append(f"{one.name}: {error}")
        else:
            code = exit_of_run(outcome)
            lines.append(f"{one.name}: {told(outcome)[0]}; {len(outcome.written)} reports")
        worst = max(worst, code)
    for line in lines if not quiet else ():
        click.echo(clean(line))
    return worst
