"""Running shards and giving back their outcomes as they come."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from shadowai.engine.cluster import Cluster
from shadowai.engine.outcomes import WAITING, outcomes
from shadowai.errors import WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from concurrent.futures import Executor, Future

_LONGEST_TEMP = 70  # bytes of the temporary folder's path: the server's socket in it has 32 more, of 107 at most

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")
Workers = int | Cluster

_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
_COLLECTING = (50_000, 20, 100)  # Python's own (700, 10, 10) took a tenth of the time of reading, and found nothing


def warm_up(*modules: str) -> None:
    """Start the process that workers are forked from, and let it import the modules that work; at once, in passing.

    Importing takes a third of a second. Workers share it, and the caller can go on meanwhile. Without it `run` does the
    same. Elsewhere than on Linux (whose way it is from Python 3.14 on) each worker imports for itself.
    """
    if _method() == "forkserver":
        from multiprocessing import forkserver, resource_tracker  # noqa: PLC0415  # are not to be had everywhere

        # Not fork: this process holds threads, and a fork copies their locks. The server never has any.
        multiprocessing.get_context("forkserver").set_forkserver_preload(list(modules))
        for start in (resource_tracker.ensure_running, forkserver.ensure_running):
            with _starting_workers():  # one by one: the first lets go of SIGINT when it is done
                start()


def run(
    work: Callable[[Task], Outcome],
    tasks: Sequence[Task],
    *,
    workers: Workers,
    meanwhile: Callable[[], None] | None = None,
) -> Generator[Outcome]:
    """Do `work` on every task and yield the outcomes in any order.

    `workers` is a number of processes here, or a cluster. Each of them is given `work`, which is picklable, once: where
    it is a method, its object may keep something from task to task. With one worker, or one task, all of it runs in
    this process. `meanwhile` is done here once the workers have something to do. A worker that dies raises WorkerError.
    Close the generator where it is left early: that ends the workers and removes what they were given.
    """
    if isinstance(workers, Cluster):
        yield from workers.run(work, tasks, meanwhile)
        return
    if workers <= 1 or len(tasks) <= 1:
        with _collecting_seldom():
            yield from map(work, tasks)
        return
    warm_up(work.__module__)
    method = multiprocessing.get_context(_method())
    with ExitStack() as owned:
        with interrupts_held_back():  # one that comes while the file is made would leave it behind
            file = owned.enter_context(tempfile.NamedTemporaryFile(prefix="shadowai-"))
        # By file and not as an argument: multiprocessing hangs for ever when a worker dies before it has read its
        # arguments and these are larger than a pipe holds.
        pickle.dump(work, file)
        file.flush()
        with _starting_workers():  # its locks start a process too, multiprocessing's resource tracker
            pool = ProcessPoolExecutor(min(workers, len(tasks)), method, _take_from, (file.name,))
        try:
            with pool:
                try:
                    yield from outcomes(partial(_submit, pool), tasks, workers * WAITING, meanwhile)
                finally:
                    pool.shutdown(cancel_futures=True)  # after an interruption nothing queued is begun
        except BrokenProcessPool as error:
            raise WorkerError(
                "a worker process died, perhaps for lack of memory; try again with --workers 1"
            ) from error


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*_COLLECTING)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _method() -> str:
    """Choose how workers are started: forked from a server on Linux, where its socket finds room, else spawned."""
    has_room = len(os.fsencode(tempfile.gettempdir())) <= _LONGEST_TEMP
    return "forkserver" if sys.platform == "linux" and has_room else "spawn"


_given: list[Callable[[Any], Any]] = []
"""What does the work in this process, where it is a worker."""


def _take_from(path: str) -> None:
    if hasattr(signal, "pthread_sigmask"):  # not on Windows
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # held back while this process was started
    with Path(path).open("rb") as file:
        _given[:] = [pickle.load(file)]  # noqa: S301  # written by our parent, readable by this user alone
    gc.set_threshold(*_COLLECTING)


def _do(task: object) -> Any:  # noqa: ANN401  # whatever the work gives
    return _given[0](task)


@contextmanager
def _starting_workers() -> Iterator[None]:
    """Start workers safely: none imports what lies in the current folder, none ever sees SIGINT.

    A spawned interpreter begins with the current folder on its path, and scans run in folders of strangers' files. A
    terminal sends SIGINT to all processes, and the parent ends the workers. Neither SIGINT nor SIGTERM stops the parent
    halfway through starting one.
    """
    with _variable_restored("PYTHONSAFEPATH"), _variable_restored("OPENBLAS_NUM_THREADS"), interrupts_held_back():
        os.environ["PYTHONSAFEPATH"] = "1"
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # threads that nobody needs, and that a fork would lose
        yield


@contextmanager
def _variable_restored(name: str) -> Iterator[None]:
    before = os.environ.get(name)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Do something that an interrupt must not leave half done; it comes afterwards. For the main thread."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield  # only the main thread may hold signals back, and Windows has no masks
        return
    held: list[int] = []
    handlers = {one: signal.signal(one, lambda number, _frame: held.append(number)) for one in _INTERRUPTS}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTS)  # the new process inherits it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for caught in held:
            signal.raise_signal(caught)


def _submit(pool: Executor, task: Task) -> Future[Any]:
    with _starting_workers():
        return pool.submit(_do, task)
