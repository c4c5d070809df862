"""Tasks to activity: workers read, captures that were cut are put together, and bytes are brought to their names."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai import detect
from shadowai.activity.flows import Notes
from shadowai.engine import run
from shadowai.joining import Joining
from shadowai.measuring import Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shadowai.activity.rollup import Activity
    from shadowai.detect import Detector, Task
    from shadowai.engine import Workers
    from shadowai.inputs import Input

    Advance = Callable[[int, int], None]
    Into = Callable[[int], Activity]


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be read: tasks, the rings of captures among their inputs, by what, and with which workers."""

    tasks: Sequence[Task]
    rings: Sequence[Sequence[int]]
    detector: Detector
    workers: Workers = 1
    meanwhile: Callable[[], None] | None = None


def gather(work: Work, inputs: Sequence[Input], into: Into, advance: Advance | None = None) -> Notes:
    """Read everything; what an input gave is merged into its activity, which `into` gives by the input's number.

    Gives the flows whose bytes stand in other records. `advance(done, total)` is called after each task, in bytes.
    """
    joining, notes, measure = Joining(work.detector, work.tasks, work.rings), Notes(), Measure(work.tasks)
    outcomes = run(
        detect.work,
        work.tasks,
        workers=work.workers,
        prepare=detect.prepare,
        context=(work.detector,),
        meanwhile=work.meanwhile,
    )
    with closing(outcomes):
        for outcome in outcomes:
            for whole in joining.take(outcome):
                into(whole.number).merge(whole.activity)
                notes.merge(whole.notes or Notes())
                inputs[whole.number].take(whole)
            if advance:
                advance(measure.finish(outcome.number), measure.total)
    for whole in joining.finish():
        into(whole.number).merge(whole.activity)
        inputs[whole.number].take(whole)
    return notes
