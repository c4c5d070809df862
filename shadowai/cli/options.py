"""Options that several commands share, what follows from them, and questions; nothing here takes long to import."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shadowai.errors import UsageError
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = datetime.fromtimestamp(0, UTC)
MICROSECOND = SECOND // 1_000_000
FILE = click.Path(path_type=Path)

with_config = click.option("--config", type=FILE, help="Settings file [default: the variable SHADOWAI_CONFIG].")
"""Give a command the option that names its settings file."""

with_signatures = click.option(
    "--signatures",
    type=FILE,
    metavar="DIR",
    help="Services of your own: added to the database, or in the place of one with the same id.",
)
"""Give a command the option that lays services over the database; `overlays_of` says what follows from it."""

_OVERLAY_VARIABLES = ("SHADOWAI_SIGNATURES", "SHADOWAI_CONFIG")


class Moment(click.ParamType[int]):
    """A date or time as an option: ISO 8601, UTC where it names no zone; converts to ns since the epoch."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401  # click's own signature
        """Read the option's text."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no ISO 8601 date or time, such as 2026-11-20 or 2026-11-20T08:00", param, ctx)
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (zoned - EPOCH) // timedelta(microseconds=1) * MICROSECOND


def overlays_of(given: Path | None) -> tuple[Path, ...]:
    """Say which folder is laid over the database: the option's, else the one of the environment or the settings file.

    Commands that read sources have it from their settings; this is for those that need no others, and start quickly.
    """
    if given is None and any(os.environ.get(name) for name in _OVERLAY_VARIABLES):
        from shadowai.config import load_settings  # brings a validator: half a cold start

        given = load_settings(None, os.environ).signatures
    return (given,) if given else ()


@contextmanager
def asking(remedy: str) -> Iterator[None]:
    """Ask questions; UsageError with a remedy where standard input ends before all of them are answered."""
    try:
        yield
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):  # an interrupt
            raise
        click.echo()  # ends the line of the question
        raise UsageError(f"standard input has ended, and this command asks questions; {remedy}") from abort
