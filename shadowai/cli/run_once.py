"""One pass of the scheduled scan for the commands that do it: what is said of it, and how it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from shadowai.cli.common import complain
from shadowai.cli.exits import Exit, exit_of
from shadowai.cli.progress import progress_bar
from shadowai.cli.runs import run_options
from shadowai.errors import UsageError
from shadowai.nightly.handover import Handover, Measured, write_run_metrics
from shadowai.nightly.run import run as run_once

if TYPE_CHECKING:
    from shadowai.config import Settings
    from shadowai.nightly.run import Outcome


def one_pass(chosen: Settings, *, since: int | None = None, quiet: bool = False) -> Outcome:
    """Do one pass, and say on the console what became of it."""
    options = run_options(chosen, since=since)
    handover = Handover(options, chosen.channels, chosen.reports.send, options.order.look)
    started = time.time()
    is_well = False
    problems: list[str] = []
    try:
        with progress_bar(quiet=quiet) as advance:
            outcome = run_once(options, advance)
        is_well = True
    finally:
        try:
            write_run_metrics(handover, Measured(is_well, started))
        except UsageError as error:  # a monitor sees that they are old; what was found goes out all the same
            problems.append(str(error))
            if not is_well:
                complain((), problems)
    complain(outcome.sources, [*outcome.problems, *problems, *handover.do()])
    if not quiet:
        for line in told(outcome):
            click.echo(line)
    return outcome


def told(outcome: Outcome) -> list[str]:
    """Say in sentences what a pass did."""
    read = sum(1 for source in outcome.sources if source.records)
    lines = [f"{outcome.records} new records in {read} files" if read else "nothing new"]
    lines[0] += f"; {outcome.unchanged} files unchanged"
    lines += [f"left for later, for it may still be written: {path}" for path in outcome.waiting]
    if outcome.forgotten:
        lines.append(f"old activity deleted: {outcome.forgotten} parts")
    return lines + [f"report: {period.kind} {period.label}" for period in outcome.written]


def exit_of_run(outcome: Outcome) -> Exit:
    """Choose the exit code; where files are unchanged beside those that cannot be read, not all is lost."""
    code = exit_of(outcome.sources)
    return Exit.SOME_UNREAD if code is Exit.NOTHING_READ and outcome.unchanged else code
