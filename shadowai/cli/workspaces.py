"""Several workspaces, one after the other: each has its own settings, history, key and output, and nothing crosses."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import click

from shadowai.cli.common import settings
from shadowai.cli.exits import Exit, exit_of_error
from shadowai.cli.run_once import one_pass, told
from shadowai.cli.run_options import database_url
from shadowai.errors import ShadowaiError, UsageError
from shadowai.reports.text import clean, listing, plural
from shadowai.settings.nightly import default_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from shadowai.config import Settings


class Own(NamedTuple):
    """Something that a workspace has for itself: the key in its settings, the thing, and how it is told."""

    key: str
    thing: str
    told: str


@dataclass(frozen=True, slots=True, eq=False)
class Workspace:
    """One settings file and what it says; `problem` where it cannot be used, `own` what no other may have."""

    name: str
    settings: Settings | None
    problem: str | None = None
    own: tuple[Own, ...] = ()


class Ran(NamedTuple):
    """How one workspace's run ended, a sentence about it, and what it did."""

    code: Exit
    says: str
    records: int = 0
    reports: int = 0


def workspaces_of(folder: Path) -> list[Workspace]:
    """Read all settings of a folder: `NAME.toml` or `NAME/shadowai.toml`; a wrong one stops no other.

    UsageError where there are none, or where two would share what each is to have for itself.
    """
    files = sorted([*folder.glob("*.toml"), *folder.glob("*/shadowai.toml")])
    if not files:
        raise UsageError("holds no settings (NAME.toml or NAME/shadowai.toml)", where=folder)
    found = list(map(_workspace, files))
    owners: dict[tuple[str, str], Workspace] = {}
    for one in found:
        for key, thing, shown in one.own:
            other = owners.setdefault((key, thing), one)
            if other is not one:
                problem = f"{other.name} and {one.name} have the same {key}, {shown}; give each its own"
                raise UsageError(problem, where=folder)
    return found


def _workspace(file: Path) -> Workspace:
    name = file.absolute().parent.name if file.name == "shadowai.toml" else file.stem
    try:
        chosen = settings(config=file)
        return Workspace(name, chosen, own=tuple(_own(chosen)))
    except UsageError as error:
        return Workspace(name, None, f"{str(error).splitlines()[0]}; `shadowai config check {file}` tells more")


def _own(chosen: Settings) -> Iterator[Own]:
    metrics = chosen.channels.metrics
    for key, path in (
        ("[history] state", chosen.history.state or default_state()),
        ("[reports] out", chosen.reports.out),
        ("key_file", chosen.key_file),
        ("[metrics] path", metrics.path if metrics else None),
    ):
        if path is not None:
            yield Own(key, str(path.resolve()), str(path.resolve()))
    if url := database_url(chosen, os.environ):  # it may hold a password, and is not shown
        workspace = chosen.history.workspace
        yield Own("[history] database and workspace", f"{url} {workspace}", workspace)


def run_all(folder: Path, *, quiet: bool) -> Exit:
    """Run every workspace; one that fails stops no other. Sums up, and gives the worst exit code."""
    done: dict[Workspace, Ran] = {}
    for one in workspaces_of(folder):
        ran = done[one] = _run(one)
        if ran.code is not Exit.DONE or not quiet:
            click.echo(clean(f"{one.name}: {ran.says}"), err=ran.code is Exit.USAGE)
    bad = [one.name for one, ran in done.items() if ran.code is not Exit.DONE]
    if bad or not quiet:
        click.echo(clean(_summed(tuple(done.values()), bad)))
    return max(ran.code for ran in done.values())


def _summed(done: Sequence[Ran], bad: Sequence[str]) -> str:
    """Sum up for who looks after all of them."""
    how = f"{len(bad)} of them not well ({listing(bad, 10)})" if bad else "all well"
    records = plural(sum(ran.records for ran in done), "new record")
    return f"{plural(len(done), 'workspace')}, {how}: {records}, {plural(sum(ran.reports for ran in done), 'report')}"


def _run(one: Workspace) -> Ran:
    if one.settings is None:
        return Ran(Exit.USAGE, one.problem or "")
    try:
        done = one_pass(one.settings, quiet=True)
    except ShadowaiError as error:
        return Ran(exit_of_error(error), str(error))
    records, reports = done.outcome.records, len(done.outcome.written)
    return Ran(done.exit, f"{told(done.outcome)[0]}; {plural(reports, 'report')}", records, reports)
