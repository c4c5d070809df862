"""Work for the workers of a cluster, which import it from here."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_given: Counter[int] = Counter()


class Adder:
    """Adds a number to tasks, and knows how often this process was given it."""

    def __init__(self, offset: int) -> None:
        time.sleep(0.01)  # so that two threads of one worker would do it at once
        self.offset = offset
        _given[offset] += 1

    def __reduce__(self) -> tuple[type[Adder], tuple[int]]:
        return Adder, (self.offset,)

    def add(self, task: int) -> tuple[int, int, int]:
        """Give the sum, the process, and how often that was given the number."""
        return task + self.offset, os.getpid(), _given[self.offset]


def die(_task: int) -> None:
    """End the worker."""
    os._exit(3)


def die_once(mark: str) -> int:
    """End the first worker that does this."""
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return 1
    os._exit(3)


def slow(_task: int) -> int:
    """Take some time."""
    time.sleep(0.2)
    return 1


def here() -> str:
    """Give the current folder."""
    return str(Path.cwd())


def nothing_reachable(wanted: Sequence[object]) -> dict[int, str]:
    """Say of every source that it is not there."""
    return dict.fromkeys(range(len(wanted)), "is not there")
