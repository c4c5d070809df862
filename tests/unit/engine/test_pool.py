from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from shadowai.engine import run
from shadowai.errors import WorkerError

if TYPE_CHECKING:
    from pathlib import Path


class Adder:
    """Adds a number to tasks, and counts those that one process has done."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.done = 0

    def add(self, task: int) -> tuple[int, int, int]:
        self.done += 1
        return task + self.offset, os.getpid(), self.done


def die(_task: int) -> None:
    os._exit(3)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_is_done_once(workers: int) -> None:
    tasks = list(range(40))
    outcomes = list(run(Adder(100).add, tasks, workers=workers))
    assert sorted(value for value, _, _ in outcomes) == [task + 100 for task in tasks]
    pids = Counter(pid for _, pid, _ in outcomes)
    assert (set(pids) == {os.getpid()}) == (workers == 1)
    for pid, number in pids.items():
        assert sorted(done for _, one, done in outcomes if one == pid) == list(range(1, number + 1)), "the object stays"


def test_a_single_task_needs_no_pool() -> None:
    assert list(run(Adder(1).add, [1], workers=8)) == [(2, os.getpid(), 1)]


def test_no_task_is_no_outcome() -> None:
    assert list(run(str, [], workers=2)) == []


def test_no_process_imports_from_the_current_folder(tmp_path: Path) -> None:
    # pickle itself tries to import a module named org. A fresh interpreter starts the resource tracker as well.
    (tmp_path / "org.py").write_text(f"open({str(tmp_path / 'planted')!r}, 'w').close()")
    program = (
        "import os, sys; sys.path.remove('')\n"
        "from shadowai.engine import run\n"
        "if __name__ == '__main__':\n"
        "    done = sorted(run(str, [1, 2, 3], workers=2))\n"
        "    print(done, 'PYTHONSAFEPATH' in os.environ)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "['1', '2', '3'] False\n", done.stderr
    assert not (tmp_path / "planted").exists()


def test_workers_that_die_at_their_start_do_not_hang_the_parent(tmp_path: Path) -> None:
    # Without the usual guard each worker runs the script again and dies; the work is larger than a pipe holds.
    script = tmp_path / "unguarded.py"
    script.write_text(
        "from functools import partial\nfrom shadowai.engine import run\n"
        "print(list(run(partial(max, 'x' * 1_000_000), ['1', '2'], workers=2)))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "WorkerError: a worker process died" in done.stderr


def test_a_worker_that_dies_is_loud() -> None:

    with pytest.raises(WorkerError, match="--workers 1"):
        list(run(die, [1, 2], workers=2))
