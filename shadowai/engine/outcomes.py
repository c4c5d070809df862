"""Handing tasks to workers, wherever these are, and giving back their outcomes as they come."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

WAITING = 4  # tasks queued for each worker; more would only hold memory

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


def outcomes(
    submit: Callable[[Task], Future[Outcome]],
    tasks: Sequence[Task],
    window: int,
    meanwhile: Callable[[], None] | None,
) -> Iterator[Outcome]:
    """Submit all tasks, `window` at a time, and yield their outcomes; `meanwhile` is done once some are under way."""
    upcoming = iter(tasks)
    pending: set[Future[Outcome]] = set()
    while True:
        for task in upcoming:
            pending.add(submit(task))
            if len(pending) >= window:
                break
        if not pending:
            return
        if meanwhile:
            meanwhile()
            meanwhile = None
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()
