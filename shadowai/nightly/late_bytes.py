"""Bytes of flows whose names an earlier run has read: they are added to the rows of then.

Zeek writes a connection's bytes when it ends, and its name when it begins. Between the two a run may lie, and where
runs follow each other by minutes one often does.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shadowai import flows
from shadowai.activity.flows import Notes
from shadowai.activity.rollup import Activity, Sums
from shadowai.history.waiting import FlowChange, WaitingFlow

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shadowai import detect
    from shadowai.inputs import Input


@dataclass(slots=True)
class Late:
    """The flows that wait, by their ids in notes, and what this run notes of its own."""

    numbers: Mapping[str, int]
    notes: Notes
    waiting: dict[str, WaitingFlow] = field(default_factory=dict)
    superseded: list[WaitingFlow] = field(default_factory=list)
    found: dict[str, Activity] = field(default_factory=dict)

    @classmethod
    def of(cls, waiting: Sequence[WaitingFlow], numbers: Mapping[str, int], notes: Notes) -> Late:
        """Sort out the flows that wait; `numbers` are those of the sources in `notes`.

        Whose name is read again is no longer one that waits.
        """
        late = cls(numbers, notes)
        for one in waiting:
            flow = f"{numbers.get(one.source)}:{one.flow}"
            if flow in notes.flows and notes.flows[flow].key is not None:
                late.superseded.append(one)
            elif one.source in numbers:
                late.waiting[flow] = one
        return late

    def seek(self, inputs: Sequence[Input], again: detect.Again) -> None:
        """Look for the bytes of the flows that wait in what was read now."""
        rows = Activity(defaultdict(Sums))
        notes = Notes(flows={flow: one.note for flow, one in self.waiting.items()})
        for flow in flows.join(rows, notes, inputs, again):
            self._take(flow, rows)

    def _take(self, flow: str, rows: Activity) -> None:
        """Note that a flow has its bytes; its row has its time, by which it is known whose it was."""
        note = self.waiting[flow].note
        if note.key is not None and note.time is not None:
            rows.rows[note.key].add(Sums(first=note.time, last=note.time))
        self.found[flow] = rows

    def settle(self, owners: Mapping[str, Activity], unsure: Collection[str], told: Collection[str]) -> FlowChange:
        """Add what was found to the activity that is kept of each source, and say what waits from now on.

        `owners` has an activity of each source of which something is kept. A source with something that will be read
        again (`unsure`) lets nothing new wait: its names come again, too. `told` are the flows of this run that have
        their bytes.
        """
        gone = [one for one in self.superseded if one.source not in unsure]
        added: set[str] = set()
        for flow, rows in self.found.items():
            source = self.waiting[flow].source
            if source not in owners:
                continue
            gone.append(self.waiting[flow])
            if source not in added:
                added.add(source)
                mine = {key: sums for key, sums in rows.rows.items() if key.file == source}
                owners[source].merge(Activity(mine))
        return FlowChange([one.number for one in gone if one.number is not None], self._new(unsure, told))

    def _new(self, unsure: Collection[str], told: Collection[str]) -> list[WaitingFlow]:
        names = {number: name for name, number in self.numbers.items() if name not in unsure}
        new = []
        for flow, note in self.notes.flows.items():
            number, _, rest = flow.partition(":")
            if note.key is not None and not note.by_address and flow not in told and int(number) in names:
                new.append(WaitingFlow(names[int(number)], rest, note))
        return new
