"""Tasks to activity: workers read, captures that were cut are put together, and it is told how far reading has come."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai import logs
from shadowai.activity.flows import Notes
from shadowai.detect import Detector
from shadowai.engine import run
from shadowai.finder import Finder
from shadowai.joining import Joining
from shadowai.signatures import Matcher, needles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shadowai.activity.rollup import Activity
    from shadowai.detect import Outcome, Reading, Task
    from shadowai.engine import Workers
    from shadowai.inputs import Input
    from shadowai.rules import Rules

    Advance = Callable[[int, int], None]
    Into = Callable[[int], Activity]

LITTLE = 8 << 20  # bytes; before workers have started, this process has read as much


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be read: tasks, the rings of captures among their inputs, by what, and with which workers.

    With `by_key`, rows that get the bytes of flows stay objects, to be asked for by their keys.
    """

    tasks: Sequence[Task]
    rings: Sequence[Sequence[int]]
    detector: Detector
    workers: Workers = 1
    meanwhile: Callable[[], None] | None = None
    by_key: bool = False


def detector_of(rules: Rules, reading: Reading, since: int | None = None, until: int | None = None) -> Detector:
    """Make what a worker needs to tell what records are about; `since` and `until` bound times, in ns."""
    literals = tuple(logs.Needle(*literal) for literal in needles(rules.database))
    return Detector(Finder(Matcher(rules.database), rules.policy.tenants), literals, reading, since, until)


def gather(work: Work, inputs: Sequence[Input], into: Into, advance: Advance | None = None) -> Notes:
    """Read everything; what an input gave is merged into its activity, which `into` gives by the input's number.

    Gives the flows whose bytes stand in other records. `advance(done, total)` is called after each task, in bytes.
    """
    joining, notes, measure = Joining(work.detector, work.tasks, work.rings), Notes(), Measure(work.tasks)
    outcomes = run(
        work.detector.detect,
        work.tasks,
        workers=_worth(work.workers, measure),
        meanwhile=work.meanwhile,
    )
    with closing(outcomes):
        for outcome in outcomes:
            for whole in joining.take(outcome):
                _take(into(whole.number), whole, work)
                notes.merge(whole.notes or Notes())
                inputs[whole.number].take(whole)
            if advance:
                advance(measure.finish(outcome.number), measure.total)
    for whole in joining.finish():
        _take(into(whole.number), whole, work)
        inputs[whole.number].take(whole)
    return notes


def _take(activity: Activity, outcome: Outcome, work: Work) -> None:
    activity.merge(outcome.activity)
    if outcome.notes is None or not work.by_key:
        activity.pack()


def _worth(workers: Workers, measure: Measure) -> Workers:
    """Give as many workers as are worth their start; a cluster was asked for by name."""
    return 1 if isinstance(workers, int) and measure.total < LITTLE else workers


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
