"""Reading what a plan names: pieces of files to readings that the history can keep."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shadowai import detect, flows, sources
from shadowai.activity.columns import columns_of
from shadowai.activity.rollup import Activity, Sums
from shadowai.errors import SourceError
from shadowai.gathering import Work, gather
from shadowai.history.store import Reading
from shadowai.history.waiting import FlowChange
from shadowai.inputs import Input, tasks_of
from shadowai.nightly.continued import Rings
from shadowai.nightly.intake import is_as_planned
from shadowai.nightly.late_bytes import Late

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shadowai.activity.flows import Notes
    from shadowai.detect import Detector, Task
    from shadowai.engine import Workers
    from shadowai.gathering import Advance
    from shadowai.history.checkpoints import Lineage
    from shadowai.history.waiting import WaitingFlow
    from shadowai.nightly.intake import Piece

CHANGED = "has changed while it was read; it will be read by the next run"


@dataclass(slots=True)
class Read:
    """What a batch gave: `readings` that can be kept, `inputs` with what is to be told of each file.

    `spoilt` are the checkpoints of what could not be read as planned, put back as they were; `flows` says of which
    flows the bytes are still to come.
    """

    readings: list[Reading] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    spoilt: list[Lineage] = field(default_factory=list)
    flows: FlowChange = field(default_factory=FlowChange)


@dataclass(frozen=True, slots=True)
class Before:
    """What earlier runs left open: flows of which they read the names and no bytes, and captures that may go on."""

    waiting: Sequence[WaitingFlow] = ()
    captures: Sequence[Input] = ()


def read(
    pieces: Sequence[Piece], detector: Detector, workers: Workers, before: Before, advance: Advance | None = None
) -> Read:
    """Read pieces; one whose file changed meanwhile, or could not be read to its end, is left for the next time."""
    inputs = [piece.input for piece in pieces]
    in_parts = detector.reading.keylog is None
    captures = [one if one.format is None else Input(one.name) for one in inputs]
    rings = Rings.of(captures, before.captures) if in_parts else Rings(captures)
    tasks = [*log_tasks(pieces), *tasks_of(rings.inputs, in_parts=in_parts, rings=rings.rings)]
    everything = [*inputs, *rings.inputs[len(inputs) :]]
    activities: dict[int, Activity] = defaultdict(Activity)
    work = Work(tasks, rings.rings, detector, workers, by_key=True)
    notes = gather(work, everything, activities.__getitem__, advance)
    rings.settle(activities)
    again = detect.Again(tasks, detector.reading, workers)
    told = _bring_bytes(activities, notes, inputs, again)
    late = Late.of(before.waiting, _folders(pieces), notes)
    late.seek(inputs, again)
    spoilt = _spoilt(pieces, rings)
    owners = {
        piece.file.feed.name: activities[number]
        for number, piece in enumerate(pieces)
        if id(piece.after) not in spoilt and piece.input.format and piece.input.format.flow_columns
    }
    unsure = {piece.file.feed.name for piece in pieces if id(piece.after) in spoilt}
    change = late.settle(owners, unsure, told)
    return Read(list(_readings(pieces, activities, spoilt)), inputs, list(spoilt.values()), change)


def log_tasks(pieces: Sequence[Piece]) -> Iterator[Task]:
    """Cut pieces of logs into tasks; the number of a task is the place of its piece."""
    folders = _folders(pieces)
    for number, piece in enumerate(pieces):
        fmt = piece.input.format
        if fmt is None:
            continue
        shards = [piece.shard]
        try:
            if not fmt.is_whole:
                shards = sources.cut_further(
                    piece.shard, directives=fmt.directives, has_header_line=fmt.has_header_line
                )
        except SourceError as error:
            piece.input.error = error.message
            continue
        folder = folders.get(piece.file.feed.name) if fmt.flow_columns else None
        yield from (detect.Task(number, shard, fmt, folder=folder) for shard in shards)


def _folders(pieces: Sequence[Piece]) -> dict[str, int]:
    """Number the sources in which bytes and names of one flow stand in different records: each is one sensor's."""
    names = {piece.file.feed.name for piece in pieces if piece.input.format and piece.input.format.flow_columns}
    return {name: number for number, name in enumerate(sorted(names))}


def _bring_bytes(
    activities: dict[int, Activity], notes: Notes, inputs: Sequence[Input], again: detect.Again
) -> frozenset[str]:
    """Add the bytes of flows to the rows that have their names, whichever files those were read from."""
    found = Activity(defaultdict(Sums))
    told = flows.join(found, notes, inputs, again)
    for key, sums in found.rows.items():
        owner = next(one for one in activities.values() if key in one.rows)
        owner.rows[key].add(sums)
    return told


def _spoilt(pieces: Sequence[Piece], rings: Rings) -> dict[int, Lineage]:
    """Find the checkpoints of pieces that are to be read again, and put them back as they were before the first."""
    for piece in pieces:
        if piece.input.error is None and not is_as_planned(piece):
            piece.input.error = CHANGED
    bad = [number for number, piece in enumerate(pieces) if _is_to_be_read_again(piece)]
    for number in rings.spoilt_with(bad):
        pieces[number].input.error = CHANGED
    found = {id(piece.after): piece.after for piece in pieces if _is_to_be_read_again(piece)}
    for piece in reversed(pieces):
        if id(piece.after) in found:
            for name in ("source", "place", "mark", "dataset", "format", "rest", "error"):
                setattr(piece.after, name, getattr(piece.lineage, name))
    return found


def _readings(
    pieces: Sequence[Piece], activities: dict[int, Activity], spoilt: dict[int, Lineage]
) -> Iterator[Reading]:
    for number, piece in enumerate(pieces):
        if id(piece.after) not in spoilt:
            piece.after.error = piece.input.error
            if undated := activities[number].undated():
                piece.input.notes.append(f"records about AI without a time, which are in no report: {undated}")
            tally = replace(piece.input.tally, defects={})
            yield Reading(piece.after, columns_of(activities[number]), tally, fresh=piece.fresh)


def _is_to_be_read_again(piece: Piece) -> bool:
    """Say whether what was read is to be thrown away: of damaged captures and compressed files what came counts."""
    if piece.input.error is None:
        return False
    if piece.input.dataset is None:  # no worker could have it
        return True
    is_log = piece.input.format is not None and not sources.is_compressed(piece.file.source)
    return piece.input.error == CHANGED or is_log
