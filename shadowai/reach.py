"""Inputs on a cluster: whether its workers can have them, before anything is read, and what they leave behind after."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from shadowai import sources
from shadowai.engine import Cluster
from shadowai.errors import ShadowaiError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from shadowai.engine import Workers
    from shadowai.inputs import Input

_REMEDY = "give files names that are the same on all machines, or URLs; or use --engine local"


@contextmanager
def reaching(workers: Workers, inputs: Sequence[Input], spool: Path, keylog: Path | None = None) -> Iterator[None]:
    """Set aside inputs that some worker of a cluster cannot have, each with its error; processes here have all.

    At the end what the workers kept in a spool of their own is removed. UsageError where they lack the TLS key log.
    """
    if not isinstance(workers, Cluster):
        yield
        return
    _check(workers, inputs)
    if keylog:
        _check_keylog(workers, keylog)
    try:
        yield
    finally:
        with suppress(ShadowaiError):  # a worker that is gone keeps what it had
            workers.everywhere(sources.forget, spool)


def _check(cluster: Cluster, inputs: Sequence[Input]) -> None:
    readable = [one for one in inputs if one.source and one.dataset]
    wanted = sources.likenesses([one.source for one in readable if one.source])
    answers = cluster.everywhere(sources.unreachable, wanted)
    for number, needed in enumerate(wanted):
        without = {worker: told[number] for worker, told in answers.items() if number in told}
        if not without:
            continue
        worker, reason = min(without.items())
        count = f"{len(without)} of {len(answers)} Dask workers"
        for one in readable:
            if one.source and sources.is_of(one.source, needed.source):
                one.dataset, one.format = None, None
                one.error = f"is not to be had by {count} (the one at {worker}: {reason}); {_REMEDY}"


def _check_keylog(cluster: Cluster, keylog: Path) -> None:
    answers = cluster.everywhere(sources.unreachable, sources.likenesses([sources.Source(str(keylog), keylog)]))
    for worker, told in sorted(answers.items()):
        for reason in told.values():
            raise UsageError(f"the Dask worker {worker} cannot read the TLS key log: {reason}", where=keylog)
