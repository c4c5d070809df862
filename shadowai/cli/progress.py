"""The progress of long work on standard error: bytes read, and how long it will take; silent when not a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from shadowai.reports.text import size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task

READING = "reading"
FINISHING = "putting together"  # second looks, who it was, and the report: they take no known time


class Amount(ProgressColumn):
    """The bytes read of how many: `1.2 GB of 3.4 GB`; empty while the amount is not known."""

    def render(self, task: Task) -> Text:
        """Write the amount for one line of progress."""
        if task.total is None:
            return Text()
        return Text(f"{size(int(task.completed))} of {size(int(task.total))}", style="progress.download")


class Remaining(TimeRemainingColumn):
    """The estimate of the time that is left; empty while none can be made."""

    def render(self, task: Task) -> Text:
        """Write the estimate for one line of progress."""
        if task.total is None or task.time_remaining is None:
            return Text()
        return Text.assemble(super().render(task), " left")


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Show progress on standard error where that is a terminal; it is called with the bytes read, and of how many.

    The bar moves to and fro without an end until the first bytes are told, and again once all are read: it never stands
    at 100% while there is work.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), Amount(), Remaining(compact=True))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(READING, total=None)

        def advance(done: int, total: int) -> None:
            if done < total:
                progress.update(bar, completed=done, total=total)
            elif progress.tasks[-1].id == bar:
                progress.update(bar, visible=False)
                progress.add_task(FINISHING, total=None)

        yield advance
