"""`--live`: the options of a live capture, its progress line, and the capture as a source of the command."""

from __future__ import annotations

import re
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shadowai.cli.options import FILE
from shadowai.errors import UsageError
from shadowai.inputs import Recorded
from shadowai.reports.text import clean
from shadowai.sources import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shadowai.captures.live import Order, Recording

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30}
LEAST = 1 << 16  # bytes of file that are of any use
_AMOUNT = re.compile(r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,6})?) ?(?P<unit>[a-z]{0,3})", re.ASCII)
CLEAR = "\r\033[K"  # back to the begin of the line, and empty it


class Amount(click.ParamType[float]):
    """A number with a unit as an option, such as 10m or 2h, 500MB or 1GiB; converts to seconds or bytes."""

    def __init__(self, name: str, units: Mapping[str, int], example: str) -> None:
        self.name = name
        self._units = units
        self._example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401  # click's own signature
        """Read the option's text."""
        found = _AMOUNT.fullmatch(str(value).strip().lower())
        unit = found["unit"].removesuffix("b") if found else ""
        if found is None or unit not in self._units or not float(found["number"]):
            self.fail(f"{value!r} is no {self.name}, such as {self._example}", param, ctx)
        return float(found["number"]) * self._units[unit]


def captures_live(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a live capture (see `recorded`)."""
    duration, size = Amount("duration", SECONDS, "30s, 10m or 2h"), Amount("size", BYTES, "500MB or 1GiB")
    for add in (
        click.option("--filter", "bpf", metavar="BPF", help="With --live: only packets that this pcap filter passes."),
        click.option("--max-size", type=size, help="With --live: end at this size of file [default: 1GiB]."),
        click.option("--keep", type=FILE, help="With --live: keep the capture in this pcapng file."),
        click.option("--for", "seconds", type=duration, help="With --live: how long [default: until Ctrl-C]."),
        click.option("--live", metavar="IFACE", help="Capture from this interface first; Ctrl-C ends it and reports."),
    ):
        command = add(command)
    return command


@contextmanager
def recorded(options: Mapping[str, Any], *, quiet: bool = False) -> Iterator[list[Recorded]]:
    """Capture if the options ask for it, and give the capture as a source; its file goes at the end unless kept.

    Raises UsageError where there is neither a capture to be made nor a source, and where it cannot be made.
    """
    if options["live"] is None:
        given = [name for name, key in _COMPANIONS.items() if options[key] is not None]
        if given:
            raise UsageError(f"{given[0]} goes with --live")
        if not options["sources"]:
            raise click.UsageError("Missing argument 'SOURCE...': name what to read, or an interface with --live.")
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="shadowai-live-") as folder:
        name = str(options["keep"] or f"live:{options['live']}")
        source = Source(name, options["keep"] or Path(folder, "live.pcapng"))
        yield [Recorded(source, _record(options, source.path, quiet=quiet).notes())]


_COMPANIONS = {"--for": "seconds", "--keep": "keep", "--max-size": "max_size", "--filter": "bpf"}


def _record(options: Mapping[str, Any], path: Path, *, quiet: bool) -> Recording:
    from shadowai.captures.live import Order, record  # brings scapy, a second's worth of modules

    most = int(options["max_size"] or BYTES["gi"])
    if most < LEAST:
        raise UsageError(f"--max-size must be {LEAST:,} bytes or more")
    order = Order(options["live"], path, options["seconds"], most, options["bpf"])
    is_shown = not quiet and is_terminal()
    try:
        return record(order, lambda so_far: _show(order, so_far) if is_shown else None)
    finally:
        if is_shown:
            click.echo(CLEAR, err=True, nl=False)


def is_terminal() -> bool:
    """Say whether standard error is a terminal, where a line may be written over."""
    return sys.stderr.isatty()


def _show(order: Order, so_far: Recording) -> None:
    """Write the progress line: what has come in, and how much time is left."""
    left = "Ctrl-C ends it" if order.seconds is None else f"{_clock(order.seconds - so_far.seconds)} left"
    sizes = f"{so_far.packets:,} packets, {so_far.size / 1e6:,.1f} MB"
    click.echo(f"{CLEAR}capturing on {clean(order.interface)}: {sizes}, {left}", err=True, nl=False)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02d}"
