"""A Dask cluster as the place where shards run: other machines, with the same version of this program (extra `dask`).

`Client.get_executor()` is a concurrent.futures.Executor, so tasks are handed out as they are to a pool of processes.
What does the work is scattered to all workers once, as a pool gives it to each process; a task brings only itself.
"""

from __future__ import annotations

import importlib
import threading
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from shadowai import __version__
from shadowai.engine.outcomes import WAITING, outcomes
from shadowai.errors import UsageError, WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

TIMEOUT = 10.0
"""Seconds in which a scheduler must answer, and workers must take what does the work."""
MISSING = "--engine dask needs Dask: pip install 'shadowai[dask]'"

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")
Answer = TypeVar("Answer")


class Cluster:
    """A connection to a scheduler and its workers."""

    def __init__(self, client: Any, address: str) -> None:  # noqa: ANN401  # Dask has no types of its own
        self._client = client
        self.address = address

    def run(
        self, work: Callable[[Task], Outcome], tasks: Sequence[Task], meanwhile: Callable[[], None] | None = None
    ) -> Iterator[Outcome]:
        """Do `work`, which is picklable, on every task and yield the outcomes in any order.

        Dask gives the tasks of a worker that dies to others, a few times. WorkerError where that does not help, and
        where the scheduler is gone.
        """
        window = max(1, len(self._client.nthreads())) * WAITING
        executor = None
        with _losses_told(self.address):
            try:
                shared = self._client.scatter(work, broadcast=True, hash=False, timeout=TIMEOUT)
                executor = self._client.get_executor(pure=False)  # the same task again is not the same: files change
                yield from outcomes(partial(_submit, executor, shared), tasks, window, meanwhile)
            finally:
                if executor:
                    executor.shutdown(wait=False)  # after an interruption nothing queued is begun

    def everywhere(self, ask: Callable[..., Answer], *arguments: object) -> dict[str, Answer]:
        """Call a function in every worker, and give what it says by the worker's address.

        UsageError where a worker cannot, as where another version of this program, or none, is installed there.
        """
        with _losses_told(self.address):
            answers: dict[str, Answer] = self._client.run(ask, *arguments, on_error="return")
        for worker, answer in answers.items():
            if isinstance(answer, BaseException):
                raise UsageError(f"the Dask worker {worker} cannot do its part: {answer}; {_REMEDY}")
        return answers


_REMEDY = f"install shadowai {__version__} there"


def _submit(executor: Any, shared: object, task: object) -> Future[Any]:  # noqa: ANN401  # Dask has no types of its own
    future: Future[Any] = executor.submit(_do, shared, task)
    return future


@contextmanager
def connected(address: str, timeout: float = TIMEOUT) -> Iterator[Cluster]:
    """Connect to the scheduler of a cluster.

    UsageError where Dask is not installed, nobody listens at the address, no worker is there, or one has another
    version of this program, which could find other things.
    """
    try:
        distributed = importlib.import_module("distributed")
    except ImportError:
        raise UsageError(MISSING) from None
    try:
        client = distributed.Client(address, timeout=timeout, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = "cannot be reached, or is no Dask scheduler; start one with `dask scheduler`, and see --dask-address"
        raise UsageError(f"{reason} ({type(error).__name__})", where=address) from error
    try:
        cluster = Cluster(client, address)
        versions = cluster.everywhere(_version)
        if not versions:
            raise UsageError(f"has no workers; start some with `dask worker {address} --nthreads 1`", where=address)
        for worker, version in versions.items():
            if version != __version__:
                raise UsageError(f"the Dask worker {worker} has shadowai {version}; {_REMEDY}")
        yield cluster
    finally:
        client.close(timeout=timeout)


@contextmanager
def _losses_told(address: str) -> Iterator[None]:
    """Say in the user's words that workers or the scheduler are gone."""
    distributed = importlib.import_module("distributed")
    try:
        yield
    except distributed.KilledWorker as error:
        reason = "a shard ended every worker that it was given to, perhaps for lack of memory"
        raise WorkerError(f"{reason}; see the workers' logs, or try --engine local", where=address) from error
    except (CancelledError, distributed.CancelledError, distributed.TimeoutError, OSError) as error:
        raise WorkerError(f"the cluster was lost on the way ({type(error).__name__})", where=address) from error


def _version() -> str:
    return __version__


_ONE_AT_A_TIME = threading.Lock()


def _do(work: Callable[[Task], Outcome], task: Task) -> Outcome:
    """Do one task in a worker. One at a time: all threads of a process share what does the work."""
    with _ONE_AT_A_TIME:
        return work(task)
