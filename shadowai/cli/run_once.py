"""One pass of the scheduled scan for the commands that do it: what is said of it, and how it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from shadowai.cli.common import complain, settings
from shadowai.cli.exits import Exit, exit_of
from shadowai.cli.progress import progress_bar
from shadowai.cli.run_options import run_options
from shadowai.errors import UsageError
from shadowai.nightly.handover import Handover, Measured, write_run_metrics
from shadowai.nightly.run import run as run_once
from shadowai.reports.text import plural

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.config import Settings
    from shadowai.nightly.run import Outcome


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass that came to its end: what it did, and a sentence about each thing that could not be handed over."""

    outcome: Outcome
    unsent: tuple[str, ...] = ()

    @property
    def exit(self) -> Exit:
        """How it ends: where files are unchanged beside those that cannot be read, not all is lost."""
        code = exit_of(self.outcome.sources)
        if code is Exit.NOTHING_READ and self.outcome.unchanged:
            return Exit.SOME_UNREAD
        return Exit.SOME_UNREAD if code is Exit.DONE and self.unsent else code


def run_settings(config: Path | None) -> Settings:
    """Read the settings of a scheduled scan; UsageError where they name nothing to read."""
    chosen = settings(config=config)
    if not chosen.feeds:
        raise UsageError("no [[sources]] in the settings: name a file with --config, or write one with `shadowai init`")
    return chosen


def one_pass(chosen: Settings, *, since: int | None = None, quiet: bool = False) -> Pass:
    """Do one pass, and say on the console what became of it."""
    options = run_options(chosen, since=since)
    handover = Handover(options, chosen.channels, chosen.reports.send, options.order.look)
    started = time.time()
    is_well = False
    unsent: list[str] = []
    try:
        with progress_bar(quiet=quiet) as advance:
            outcome = run_once(options, advance)
        is_well = True
        unsent += handover.do()
    finally:
        # After the handover: a monitor is to see tonight what the outbox could not send tonight.
        unsent += _measured(handover, Measured(is_well, started))
        if not is_well:
            complain((), unsent)
    complain(outcome.sources, [*outcome.problems, *unsent])
    if not quiet:
        for line in told(outcome):
            click.echo(line)
    return Pass(outcome, tuple(unsent))


def _measured(handover: Handover, run: Measured) -> list[str]:
    """Write the metrics; say what went wrong, which a monitor sees by their age, and which keeps nothing else back."""
    try:
        write_run_metrics(handover, run)
    except UsageError as error:
        return [str(error)]
    return []


def told(outcome: Outcome) -> list[str]:
    """Say in sentences what a pass did."""
    read = sum(1 for source in outcome.sources if source.records)
    lines = [f"{plural(outcome.records, 'new record')} in {plural(read, 'file')}" if read else "nothing new"]
    lines[0] += f"; {plural(outcome.unchanged, 'file')} unchanged"
    lines += [f"left for later, for it may still be written: {path}" for path in outcome.waiting]
    if outcome.forgotten:
        lines.append(f"old activity deleted: {plural(outcome.forgotten, 'part')}")
    return lines + [f"report: {period.kind} {period.label}" for period in outcome.written]
