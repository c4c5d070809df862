"""`shadowai run`: one pass of the scheduled scan."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from shadowai.cli.options import FILE, Moment, with_config
from shadowai.cli.run_once import one_pass, run_settings
from shadowai.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@with_config
@click.option("--all", "folder", type=FILE, metavar="DIR", help="Run the settings of every workspace in a folder.")
@click.option("--since", type=Moment(), help="Read files again whose records reach this time; nothing counts twice.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def run(config: Path | None, folder: Path | None, since: int | None, *, quiet: bool) -> None:
    """Read what is new in the sources, and write the reports anew.

    Those reports are written that it concerns, and the history is kept for those to come. Meant for a timer (see
    `shadowai schedule`). Whatever ends a run, the next one goes on where it was.

    \b
    Examples:
      shadowai run --config shadowai.toml
      shadowai run --config shadowai.toml --since 2026-11-01
      shadowai run --all /etc/shadowai/customers

    \b
    Exit codes:
      0 done, or nothing new         3 done, but some input could not be read,
      2 wrong usage or settings,       or something could not be sent
        or another run is under way  4 nothing could be read, or the history
                                       cannot be used
    """
    if folder is not None:
        if config is not None or since is not None:
            raise UsageError("--all goes with neither --config nor --since")
        from shadowai.cli.workspaces import run_all  # few runs are of many

        sys.exit(run_all(folder, quiet=quiet))
    sys.exit(one_pass(run_settings(config), since=since, quiet=quiet).exit)
