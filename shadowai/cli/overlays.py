"""The option that lays an organisation's own signatures over the database."""

from __future__ import annotations

import os
from pathlib import Path

import click

VARIABLES = ("SHADOWAI_SIGNATURES", "SHADOWAI_CONFIG")

with_signatures = click.option(
    "--signatures",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Services of your own: added to the database, or in the place of one with the same id.",
)
"""Give a command the option; `overlays_of` says what follows from it."""


def overlays_of(given: Path | None) -> tuple[Path, ...]:
    """Say which folder is laid over the database: the option's, else the one of the environment or the settings file.

    Commands that read sources have it from their settings; this is for those that need no others, and start quickly.
    """
    if given is None and any(os.environ.get(name) for name in VARIABLES):
        from shadowai.config import load_settings  # brings a validator: half a cold start

        given = load_settings(None, os.environ).signatures
    return (given,) if given else ()
