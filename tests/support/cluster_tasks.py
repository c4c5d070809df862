"""Work for the workers of a cluster, which import it from here."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_context: list[int] = []


def prepare(offset: int) -> None:
    """Take note of the number that is added to each task."""
    time.sleep(0.01)  # so that two threads of one worker would do it at once
    _context.append(offset)


def add(task: int) -> tuple[int, int, int]:
    """Give the sum, the process, and how often that was prepared for this number."""
    return task + _context[-1], os.getpid(), _context.count(_context[-1])


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
