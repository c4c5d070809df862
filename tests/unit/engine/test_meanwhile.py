"""What the caller does while the workers begin, and what workers share."""

from __future__ import annotations

import os

import pytest

from shadowai.engine import run, warm_up


def parent(_task: int) -> tuple[int, str | None]:
    return os.getppid(), os.environ.get("OPENBLAS_NUM_THREADS")


@pytest.mark.parametrize("warmed", [False, True])
def test_it_is_done_once_while_workers_have_tasks(*, warmed: bool) -> None:
    if warmed:
        warm_up("json")
    calls: list[int] = []
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    run_of = run(parent, list(range(30)), workers=2, meanwhile=lambda: calls.append(os.getpid()))
    parents = set(run_of)
    assert calls == [os.getpid()]
    assert len(parents) == 1  # all come from one process, which needs its imports once
    assert parents.pop()[1] == "1"
    assert os.environ.get("OPENBLAS_NUM_THREADS") == before


def test_it_is_left_out_where_nobody_waits() -> None:
    calls: list[int] = []
    done = list(run(parent, [1], workers=2, meanwhile=lambda: calls.append(1)))
    assert len(done) == 1
    assert calls == []
