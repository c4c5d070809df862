"""Running shards and giving back their outcomes as they come."""

from __future__ import annotations

import multiprocessing
import pickle
import tempfile
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from pathlib import Path
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
    with tempfile.NamedTemporaryFile(prefix="shadowai-") as file:
        # By file and not as arguments: multiprocessing hangs for ever when a worker dies before it has read its
        # arguments and these are larger than a pipe holds.
        pickle.dump((prepare, context), file)
        file.flush()
        with ProcessPoolExecutor(min(workers, len(tasks)), method, _prepare_from, (file.name,)) as pool:
            yield from _outcomes(pool, work, tasks, workers * _WAITING)


def _prepare_from(path: str) -> None:
    with Path(path).open("rb") as file:
        prepare, context = pickle.load(file)  # noqa: S301  # written by our parent, readable by this user alone
    prepare(*context)


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
