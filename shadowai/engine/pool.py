"""Running shards and giving back their outcomes as they come."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")

_WAITING = 4  # tasks queued for each worker; more would only hold memory


def run(
    work: Callable[[Task], Outcome],
    tasks: Sequence[Task],
    *,
    workers: int,
    prepare: Callable[..., None],
    context: tuple[object, ...],
) -> Iterator[Outcome]:
    """Do `work` on every task and yield the outcomes in any order.

    `prepare(*context)` runs once in each worker before its first task. With one worker, or one task, all of it runs in
    this process. A worker that dies raises `concurrent.futures.process.BrokenProcessPool`.
    """
    if workers <= 1 or len(tasks) <= 1:
        prepare(*context)
        yield from map(work, tasks)
        return
    # Not fork: the parent holds threads (hashing, numpy), and a fork copies their locks.
    method = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(tasks)), method, prepare, context) as pool:
        yield from _outcomes(pool, work, tasks, workers * _WAITING)


def _outcomes(pool: Executor, work: Callable[[Task], Outcome], tasks: Sequence[Task], window: int) -> Iterator[Outcome]:
    upcoming = iter(tasks)
    pending: set[Future[Outcome]] = set()
    while True:
        for task in upcoming:
            pending.add(pool.submit(work, task))
            if len(pending) >= window:
                break
        if not pending:
            return
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()
