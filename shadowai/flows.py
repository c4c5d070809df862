"""Bringing bytes to names: the records of whole flows are read again for those whose names the scan has found.

Files join only within one folder, for two sensors may give the same id to two flows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shadowai import detect, logs, sources
from shadowai.activity.flows import Notes, Total, add_totals, merge_totals
from shadowai.engine import run
from shadowai.kept_readers import reader_of
from shadowai.model import Evidence, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from shadowai.activity.rollup import Activity
    from shadowai.inputs import Input


@dataclass(slots=True)
class Found:
    """What a shard said of the flows that were sought; `error` says why reading ended early."""

    number: int
    totals: dict[str, Total] = field(default_factory=dict)
    error: str | None = None


@dataclass(slots=True)
class Seeker:
    """Reads shards again for the bytes of some flows. Picklable.

    `wanted` has the flows by their ids in `Notes`, each with the client's address, without which the id alone would
    have to be believed.
    """

    reading: detect.Reading
    wanted: Mapping[str, str | None]
    _filters: dict[tuple[int | None, str], logs.FlowFilter] = field(default_factory=dict, init=False, repr=False)

    def seek(self, task: detect.Task) -> Found:
        """Read one shard. Whatever goes wrong inside it is this shard's error and stops no other."""
        found = Found(task.number)
        with detect.faults_told(found):
            sources.at_hand(task.shard.source)
            for flow, total in self._totals(task):
                merge_totals(found.totals, {flow: total})
        return found

    def _totals(self, task: detect.Task) -> Iterator[tuple[str, Total]]:
        fmt = task.format
        if fmt is None:
            return
        reader = reader_of(task.shard, fmt, self.reading.zone)
        for seen in logs.read_blocks(sources.line_blocks(task.shard), reader, Tally(), self._filter(task.folder, fmt)):
            flow = f"{task.folder}:{seen.flow}"
            is_total = seen.evidence is Evidence.ADDRESS and (seen.bytes_up, seen.bytes_down) != (None, None)
            if is_total and flow in self.wanted and self.wanted[flow] == seen.source_ip:
                yield flow, Total(seen.bytes_up, seen.bytes_down)

    def _filter(self, folder: int | None, fmt: logs.Format) -> logs.FlowFilter:
        key = folder, fmt.id
        if key not in self._filters:
            self._filters.clear()  # of the folder before
            prefix = f"{folder}:"
            written = (flow.rpartition(":")[2] for flow in self.wanted if flow.startswith(prefix))
            ids = {one.partition("@")[0] for one in written}  # behind a short one stands the client's port
            self._filters[key] = logs.FlowFilter(ids, fmt)
        return self._filters[key]


def with_folders(tasks: Sequence[detect.Task], spool: Path) -> list[detect.Task]:
    """Give tasks that know their folder, where bytes and names of one folder stand in different records.

    What was read from a pipe lies in the folder `spool` with what came from elsewhere: it is a folder of its own.
    """
    places = [_place(task.shard.source.path, spool) for task in tasks]
    told = {place for task, place in zip(tasks, places, strict=True) if task.format and task.format.tells_flows}
    numbers = {place: number for number, place in enumerate(sorted(told))}
    return [
        replace(task, folder=numbers[place]) if place in numbers and task.format and task.format.flow_columns else task
        for task, place in zip(tasks, places, strict=True)
    ]


def _place(path: Path, spool: Path) -> Path:
    folder = path.parent.resolve()
    return path if folder == spool.resolve() else folder


def tasks_for(tasks: Sequence[detect.Task], wanted: Mapping[str, str | None]) -> list[detect.Task]:
    """Give the tasks in whose shards the bytes of a flow may stand that are sought."""
    folders = {int(flow.partition(":")[0]) for flow in wanted}
    return [task for task in tasks if task.folder in folders and task.format and task.format.tells_flows]


def join(activity: Activity, notes: Notes, inputs: Sequence[Input], again: detect.Again) -> frozenset[str]:
    """Read the records of whole flows and give the rows of the activity that lack bytes those of their flows.

    Gives the flows of which there was a record, by their ids in the notes.
    """
    wanted = notes.wanted()
    if not wanted:
        return frozenset()
    again = again.only(tasks_for(again.tasks, wanted))
    totals: dict[str, Total] = {}
    seeker = Seeker(again.reading, wanted)
    for found in run(seeker.seek, again.tasks, workers=again.workers):
        one = inputs[found.number]
        merge_totals(totals, found.totals)
        one.error = min(filter(None, (one.error, found.error)), default=None)
    add_totals(activity, notes, totals)
    if warning := notes.warning():
        for number in sorted({task.number for task in again.tasks}):
            inputs[number].notes.append(warning)
    return frozenset(totals)
