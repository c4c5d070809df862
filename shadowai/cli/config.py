"""`shadowai config check`: what is wrong with a settings file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from shadowai.cli.exits import Exit, fail
from shadowai.cli.options import FILE
from shadowai.cli.run_options import run_options
from shadowai.errors import UsageError
from shadowai.settings.check import problems_of


@click.group()
def config() -> None:
    """Check the settings.

    \b
    Example:
      shadowai config check shadowai.toml
    """


@config.command()
@click.argument("file", type=FILE, required=False)
def check(file: Path | None) -> None:
    """Say what is wrong with a settings file, line by line.

    Each problem comes with what to do. Exit code 2 where there is a problem. Directory, policy and signatures that it
    names are read, too. Secrets are never printed.

    \b
    Example:
      shadowai config check shadowai.toml
    """
    named = file or (Path(os.environ["SHADOWAI_CONFIG"]) if os.environ.get("SHADOWAI_CONFIG") else None)
    if named is None:
        raise UsageError("name a settings file, or set SHADOWAI_CONFIG")
    steps = (run_options, lambda settings: run_options(settings).rules())
    problems = problems_of(named, os.environ, steps)
    if problems:
        fail("\n".join(dict.fromkeys(problems)), Exit.USAGE)
    click.echo(f"{named}: no problems found")
