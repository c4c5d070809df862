"""The command line: options in, one call, exit code out."""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from shadowai import __version__
from shadowai.cli.exits import Exit, exit_of_error, fail
from shadowai.errors import ShadowaiError, unknown_name

if TYPE_CHECKING:
    from types import FrameType

BIG = 64 << 20  # bytes; a file of this size is cut into several tasks
COMMANDS = (
    "demo",
    "scan",
    "observe",
    "match",
    "formats",
    "signatures",
    "policy",
    "directory",
    "report",
    "reveal",
    "run",
    "watch",
    "history",
    "schedule",
    "config",
    "init",
    "export",
    "send",
)


class _Commands(click.Group):
    """Imports a command's module only when it is asked for: pandas alone takes a third of a second to load."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            raise unknown_name("command", cmd_name, COMMANDS, "see `shadowai --help`")
        if cmd_name == "scan" and (big := list(filter(_is_big, sys.argv[2:]))):
            from shadowai.engine import warm_up  # few commands need it

            # Takes as long as importing the command itself, on another core; captures are read by more than logs are.
            warm_up("shadowai.detect", *(["shadowai.captures.reader"] if any(map(_is_binary, big)) else []))
        command: click.Command = getattr(importlib.import_module(f"shadowai.cli.{cmd_name}"), cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="shadowai")
def cli() -> None:
    """Find unsanctioned AI use in packet captures, DNS logs and proxy logs.

    \b
    Begin with:
      shadowai demo                                    scan the shipped samples
      shadowai scan access.log office.pcap --out report
      shadowai match chat.openai.com
    """


def _is_big(argument: str) -> bool:
    try:
        return os.path.getsize(argument) >= BIG  # noqa: PTH202  # an option's text is no path
    except (OSError, ValueError):
        return False


def _is_binary(path: str) -> bool:
    """Say whether a file begins as no text does."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # see above
            return not file.read(4).decode("ascii", "replace").isprintable()
    except OSError:
        return False


def main() -> None:
    """Run the command line; every error that is meant for the user becomes one message and an exit code."""
    gc.set_threshold(50_000, 20, 100)  # Python's own takes a third of the time of putting a big result together
    atexit.register(gc.freeze)  # else Python looks through all there is before it ends: 0.2 s after a big scan
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads, started at its import, do nothing here
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a closed pipe ends the program quietly, as in other tools
    signal.signal(signal.SIGTERM, _terminate)
    _ready_streams()
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        fail("interrupted; no unfinished report was left", Exit.INTERRUPTED)
    except ShadowaiError as error:
        fail(str(error), exit_of_error(error))
    except OSError as error:
        # Inputs have errors of their own, so this is what a command writes: standard output, or a temporary file.
        _give_up_output()
        fail(f"cannot write: {error.strerror or error}", Exit.USAGE)
    except MemoryError:
        fail("out of memory; try again with --workers 1, or with fewer inputs at once", Exit.INTERNAL)
    except Exception as error:  # noqa: BLE001  # the process boundary
        fail(f"internal error ({type(error).__name__}: {error}); please report it", Exit.INTERNAL)
    else:
        sys.exit(code or Exit.DONE)


def _ready_streams() -> None:
    """Give the null device in the place of a standard stream that is closed, and let no text fail for its encoding."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # else the next file that is opened would be taken for it
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123  # stays open as long as the program runs
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not where a test has put something else there
            stream.reconfigure(errors="backslashreplace")


def _give_up_output() -> None:
    """Send what standard output still holds nowhere: Python writes it at its end, and ends with a code of its own."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """End as after an interrupt: a parent that is simply gone would leave its workers waiting for ever."""
    fail("ended; no unfinished report was left", Exit.TERMINATED)
