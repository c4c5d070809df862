"""`shadowai watch`: the scheduled scan in the foreground, for containers."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import click

from shadowai.cli.common import complain
from shadowai.cli.exits import Exit, exit_of_error
from shadowai.cli.options import with_config
from shadowai.cli.run_once import one_pass, run_settings
from shadowai.errors import ShadowaiError

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType


@click.command()
@with_config
@click.option("--every", type=click.IntRange(1, 1440), default=15, show_default=True, help="Minutes between passes.")
@click.option("--passes", type=click.IntRange(1), help="End after so many passes [default: never].")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def watch(config: Path | None, every: int, passes: int | None, *, quiet: bool) -> None:
    """Do what `shadowai run` does, again and again.

    SIGTERM or SIGINT ends it. A signal that comes while nothing is read ends it at once; a pass that is under way is
    broken off, and the next start goes on where its last commit was. What goes wrong in one pass is told, and the next
    one tries again.

    \b
    Example:
      shadowai watch --config /etc/shadowai.toml --every 15
    """
    chosen = run_settings(config)
    stop = threading.Event()
    done, code = 0, Exit.DONE
    while True:
        try:
            code = one_pass(chosen, quiet=quiet).exit
        except ShadowaiError as error:
            code = exit_of_error(error)
            complain((), [str(error)])
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
