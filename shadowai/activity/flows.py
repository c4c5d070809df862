"""Bytes that a source logs apart from the names: which rows want those of a flow, what it came to, and adding the two.

Notes and totals are mergeable values as activity is: any sharding in any order comes to the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from shadowai.activity.rollup import Key, Sums
from shadowai.model import Action, Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shadowai.activity.rollup import Activity
    from shadowai.model import Observation

LIMIT = 500_000  # flows; bounds memory to some 200 MB


class Total(NamedTuple):
    """Bytes of a whole flow, client to server and back; None where no record told them."""

    up: int | None
    down: int | None


@dataclass(slots=True)
class Note:
    """What is known of one flow by name.

    `key` is the row that gets its bytes: of those that lack some the first in time, so that they count once however
    many records share the flow. `up` and `down` are what its records with a name told themselves, `by_address` what was
    added to rows that know the server's address alone: such a record is the flow's own total, and no second visit.
    `count` counts the records.
    """

    key: Key | None = None
    time: int | None = None
    count: int = 0
    up: int = 0
    down: int = 0
    by_address: dict[Key, Sums] | None = None  # an empty one in each of 500,000 would take 30 MB

    def offer(self, key: Key, time: int | None) -> None:
        """Take a row for the flow's, if it comes before the one there is."""
        if self.key is None or _order(key, time) < _order(self.key, self.time):
            self.key, self.time = key, time

    def address_row(self, key: Key) -> Sums:
        """Give what was added to a row by the flow's address."""
        if self.by_address is None:
            self.by_address = {}
        return self.by_address.setdefault(key, Sums())

    def merge(self, other: Note) -> None:
        """Take in what another shard noted of the same flow."""
        if other.key is not None:
            self.offer(other.key, other.time)
        self.count += other.count
        self.up += other.up
        self.down += other.down
        for key, sums in (other.by_address or {}).items():
            self.address_row(key).add(sums)


@dataclass(slots=True)
class Notes:
    """Flows of AI services by id. `folder` numbers the folder of a shard, whose flows are no other folder's.

    No more than `LIMIT` flows are kept: those whose ids have the smallest checksums, whatever shard they are of.
    `left_out` counts the records of the others.
    """

    folder: int = 0
    flows: dict[str, Note] = field(default_factory=dict)
    left_out: int = 0
    _ceiling: tuple[int, str] | None = None

    def take(self, seen: Observation, key: Key) -> None:
        """Note a detection of the row `key`. Bytes of a look-up went to a resolver and are no service's."""
        if seen.flow is None or seen.evidence is Evidence.DNS:
            return
        note = self._note(f"{self.folder}:{seen.flow}")
        if note is None:
            self.left_out += 1
            return
        note.count += 1
        if seen.evidence is Evidence.ADDRESS:
            note.address_row(key).take(seen, 0)
            return
        note.up += seen.bytes_up or 0
        note.down += seen.bytes_down or 0
        if seen.bytes_up is None or seen.bytes_down is None:
            note.offer(key, seen.time)

    def merge(self, other: Notes) -> None:
        """Take in the notes of another shard, of any folder."""
        self.left_out += other.left_out
        for flow, theirs in other.flows.items():
            note = self._note(flow)
            if note is None:
                self.left_out += theirs.count
            else:
                note.merge(theirs)

    def wanted(self) -> dict[str, str | None]:
        """Give the flows whose bytes a row lacks, and that row's client address; what exceeds the limit goes."""
        self._cut_down(LIMIT)
        return {flow: note.key.source_ip for flow, note in self.flows.items() if note.key}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle notes as columns of plain values, each row's key once: a tenth of the time of pickling objects."""
        keys: dict[Key | None, int] = {}
        lines = [
            (
                keys.setdefault(note.key, len(keys)),
                note.time,
                note.count,
                note.up,
                note.down,
                [(tuple(key), sums.values()) for key, sums in (note.by_address or {}).items()] or None,
            )
            for note in self.flows.values()
        ]
        rows = [None if key is None else tuple(key) for key in keys]
        return _restored, (
            self.folder,
            self.left_out,
            self._ceiling,
            list(self.flows),
            (rows, list(zip(*lines, strict=True))),
        )

    def warning(self) -> str | None:
        """Say what was left out, None where nothing was."""
        if not self.left_out:
            return None
        return f"bytes were not looked for of {self.left_out} records: they are of more than {LIMIT} connections"

    def _note(self, flow: str) -> Note | None:
        note = self.flows.get(flow)
        if note is None:
            if self._ceiling is not None and _checksum(flow) > self._ceiling:
                return None
            self._cut_down(LIMIT + LIMIT // 4)
            note = self.flows[flow] = Note()
        return note

    def _cut_down(self, most: int) -> None:
        """Cut the flows down to the limit if there are more than `most`."""
        if len(self.flows) <= most:
            return
        order = sorted(self.flows, key=_checksum)
        for flow in order[LIMIT:]:
            self.left_out += self.flows.pop(flow).count
        self._ceiling = _checksum(order[LIMIT - 1])


def _restored(
    folder: int,
    left_out: int,
    ceiling: tuple[int, str] | None,
    flows: list[str],
    columns: tuple[list[tuple[Any, ...] | None], list[tuple[Any, ...]]],
) -> Notes:
    keys = [None if row is None else Key._make(row) for row in columns[0]]
    notes = Notes(folder, left_out=left_out, _ceiling=ceiling)
    for flow, (key, time, count, up, down, by_address) in zip(flows, zip(*columns[1], strict=True), strict=True):
        rows = None if by_address is None else {Key._make(row): Sums(*values) for row, values in by_address}
        notes.flows[flow] = Note(keys[key], time, count, up, down, rows)
    return notes


def merge_totals(totals: dict[str, Total], more: Mapping[str, Total]) -> None:
    """Take in more totals. Of several records of one flow the greatest counts, the others being interim ones."""
    for flow, total in more.items():
        known = totals.get(flow, total)
        totals[flow] = Total(_most(known.up, total.up), _most(known.down, total.down))


def add_totals(activity: Activity, notes: Notes, totals: Mapping[str, Total]) -> None:
    """Give the rows that were noted the bytes of their flows, each flow's once.

    Other records of a flow that told bytes of their own keep them: the row gets the rest. What was added to rows by
    address alone is taken back, for it is the same bytes. A row that is in columns by now gets another line, of the
    bytes alone: the two are added up as all rows of one key are. Activity without any columns stays without.
    """
    for flow, total in totals.items():
        note = notes.flows[flow]
        if note.key is None:
            continue
        row = activity.rows.setdefault(note.key, Sums())
        if total.up is not None:
            row.bytes_up += max(total.up - note.up, 0)
            row.bytes_up_known += 1
        if total.down is not None:
            row.bytes_down += max(total.down - note.down, 0)
            row.bytes_down_known += 1
        for key, sums in (note.by_address or {}).items():
            _take_back(activity.rows.setdefault(key, Sums()), sums)
        if activity.parts:
            activity.pack()


def _take_back(row: Sums, sums: Sums) -> None:
    row.bytes_up -= sums.bytes_up
    row.bytes_up_known -= sums.bytes_up_known
    row.bytes_down -= sums.bytes_down
    row.bytes_down_known -= sums.bytes_down_known


def _most(one: int | None, other: int | None) -> int | None:
    return max((count for count in (one, other) if count is not None), default=None)


def _order(key: Key, time: int | None) -> tuple[object, ...]:
    """Order rows: what was let through first, then by time, then by whatever tells them apart."""
    return key.action is Action.DENIED, time is None, time or 0, [(part is not None, str(part)) for part in key]


def _checksum(flow: str) -> tuple[int, str]:
    return crc32(flow.encode()), flow
