"""Detections rolled up by minute: the only thing that is merged, stored and shipped.

Merging is adding up, commutative and associative, so any sharding in any order gives the same activity (a property test
proves it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shadowai.activity.columns import NO_MINUTE, Columns, added_up, columns_of_rows
from shadowai.activity.memory import give_back
from shadowai.activity.rows import Finding, Key, Subject, Sums, values_of
from shadowai.model import MINUTE

if TYPE_CHECKING:
    from shadowai.model import Client, Observation

__all__ = ["Activity", "Finding", "Key", "Subject", "Sums"]

FEW = 1 << 17  # rows in columns; fewer new ones are not worth adding up yet
MOST_OBJECTS = 1 << 14  # rows that are objects, in a worker: some 16 MB


@dataclass(slots=True)
class Activity:
    """Rows by key. A mergeable value: `add` takes a detection in, `take` columns of many, `merge` another activity.

    What comes as columns stays so, in `parts`: a row of `rows` is two Python objects of a kilobyte. The same key may be
    in both, and in several parts; `shadowai.activity.columns.columns_of` adds everything up.
    """

    rows: dict[Key, Sums] = field(default_factory=dict)
    parts: list[Columns] = field(default_factory=list)

    def add(self, seen: Observation, found: Finding, client: Client | None = None) -> Key:
        """Take in one detection, made by a sort of program where that is known, and give its row."""
        minute = None if seen.time is None else seen.time // MINUTE
        who, what = (minute, seen.source_ip, seen.user, seen.device), found[:3]
        # Not by the class's own constructor, which takes twice as long.
        key = tuple.__new__(Key, (*who, *what, seen.evidence, seen.action, seen.kind, found.account, client, seen.file))
        row = self.rows.get(key)
        if row is None:
            self.rows[key] = row = Sums()
        row.take(seen, found.confidence)
        return key

    def pack(self) -> None:
        """Make columns of the rows that are objects, if there are many: nobody will ask for one of them by its key."""
        if len(self.rows) >= MOST_OBJECTS:
            part = columns_of_rows(self.rows)
            self.rows.clear()
            self.take(part)

    def take(self, part: Columns) -> None:
        """Take in rows that are columns. They are added up once there are twice as many as after the last time."""
        if not len(part):
            return
        self.parts.append(part)
        if sum(map(len, self.parts[1:])) > max(len(self.parts[0]), FEW):
            self.tidy()

    def tidy(self) -> None:
        """Add up what came as columns: one part is left, or none."""
        if len(self.parts) > 1:
            self.parts[:] = [added_up(self.parts)]
            if len(self.parts[0]) > FEW:
                give_back()

    def merge(self, other: Activity) -> None:
        """Take in all rows of another activity."""
        for key, sums in other.rows.items():
            row = self.rows.get(key)
            if row is None:
                self.rows[key] = Sums(*values_of(sums))
            else:
                row.add(sums)
        for part in other.parts:
            self.take(part)

    def undated(self) -> int:
        """Count the detections that name no time."""
        alone = sum(sums.detections for key, sums in self.rows.items() if key.minute is None)
        return alone + sum(
            int(part.numbers["detections"][part.numbers["minute"] == NO_MINUTE].sum()) for part in self.parts
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle rows as plain tuples: that is a fifth of the time, and a third of the bytes, of pickling objects."""
        self.tidy()
        sums = map(values_of, self.rows.values())
        return _restored, (list(zip(*self.rows, strict=True)), list(zip(*sums, strict=True)), self.parts)


def _restored(keys: list[tuple[Any, ...]], sums: list[tuple[Any, ...]], parts: list[Columns]) -> Activity:
    rows = zip(zip(*keys, strict=True), zip(*sums, strict=True), strict=True)
    return Activity({tuple.__new__(Key, key): Sums(*values) for key, values in rows}, parts)
