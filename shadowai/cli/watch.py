"""`shadowai watch`: the scheduled scan in the foreground, for containers."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import click

from shadowai.cli.common import FILE, settings
from shadowai.cli.exits import Exit
from shadowai.cli.run_once import one_pass
from shadowai.errors import ShadowaiError, UsageError
from shadowai.reports.text import clean

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType


@click.command()
@click.option("--config", type=FILE, help="Settings file [default: the variable SHADOWAI_CONFIG].")
@click.option("--every", type=click.IntRange(1, 1440), default=15, show_default=True, help="Minutes between passes.")
@click.option("--passes", type=click.IntRange(1), help="End after so many passes [default: never].")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def watch(config: Path | None, every: int, passes: int | None, *, quiet: bool) -> None:
    """Do what `shadowai run` does, again and again, until SIGTERM or SIGINT.

    A signal that comes while nothing is read ends it at once; a pass that is under way is broken off, and the next
    start goes on where its last commit was. What goes wrong in one pass is told, and the next one tries again.

    \b
    Example:
      shadowai watch --config /etc/shadowai.toml --every 15
    """
    chosen = settings(config=config)
    if not chosen.feeds:
        raise UsageError("no [[sources]] in the settings: name a file with --config, or write one with `shadowai init`")
    stop = threading.Event()
    done, code = 0, Exit.DONE
    while True:
        try:
            code = one_pass(chosen, quiet=quiet).exit
        except ShadowaiError as error:
            code = Exit.USAGE if isinstance(error, UsageError) else Exit.NOTHING_READ
            click.echo(f"shadowai: {clean(str(error))}", err=True)
        done += 1
        if done == passes or _waited(stop, every * 60):
            break
    raise SystemExit(Exit.DONE if stop.is_set() else code)


def _waited(stop: threading.Event, seconds: float) -> bool:
    """Wait, and say whether a signal ended it."""

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        return stop.wait(seconds)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
