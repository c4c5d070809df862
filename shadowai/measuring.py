"""How far reading has come, in bytes of the inputs as they lie on disk."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shadowai.detect import Task


class Measure:
    """Counts the bytes of finished tasks. An input's bytes are shared out evenly over its tasks.

    Tasks come back in any order and do not say which they were, only of which input. What has gone, or is no file,
    counts one byte a task.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._left = Counter(task.number for task in tasks)
        sources = {task.number: task.shard.source.path for task in tasks}
        self._bytes: dict[int, int] = {}
        for number, path in sources.items():
            try:
                size = path.stat().st_size
            except OSError:
                size = 0
            self._bytes[number] = max(self._left[number], size)
        self.total = sum(self._bytes.values())
        self.done = 0

    def finish(self, number: int) -> int:
        """Count one finished task of an input and give the bytes done; all of them once every task is finished."""
        if self._left[number]:
            share = self._bytes[number] // self._left[number]
            self._bytes[number] -= share
            self._left[number] -= 1
            self.done += share
        return self.done
