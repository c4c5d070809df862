"""Captures that go on where those of an earlier run ended: bytes of a connection find the name that it had there.

Writers cut a capture into files (`shadowai.sources.rings`). The files that an earlier run read last are read again with
those that follow them, as one capture, and once more by themselves: what the first gave more than the second is what
the connections from there have sent since.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

from shadowai import sources
from shadowai.activity.columns import ADDED, activity_rows, columns_of
from shadowai.activity.rollup import Activity, Sums
from shadowai.errors import SourceError
from shadowai.history.checkpoints import ARCHIVE, Content
from shadowai.inputs import Input, rings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shadowai.activity.rollup import Key
    from shadowai.history.checkpoints import Book
    from shadowai.nightly.intake import File, Piece

MOST = 3
"""Files of a ring that are read again: of a connection that lasts longer than those, later bytes have no name."""


@dataclass(slots=True)
class Rings:
    """The captures of a run that belong together, with those before them.

    `inputs` are the `new` ones, as many, then those that are read again, then the same once more by themselves; `rings`
    are their numbers. `behind` gives for the first new file of a ring the numbers of those before it, and of the same
    alone.
    """

    inputs: list[Input]
    new: int = 0
    rings: list[tuple[int, ...]] = field(default_factory=list)
    behind: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, inputs: Sequence[Input], earlier: Sequence[Input]) -> Rings:
        """Find what belongs together; earlier captures that no new one goes on from are left out."""
        found, count = cls(list(inputs), len(inputs)), len(inputs)
        whole = [*inputs, *earlier]
        for ring in rings_of(whole):
            new = tuple(number for number in ring if number < count)
            if new == ring:
                found.rings.append(ring)
            elif new and ring[-len(new) :] == new:
                found._continue(new, [whole[number] for number in ring[: -len(new)]])
            elif len(new) > 1:
                found.rings += [tuple(new[at] for at in one) for one in rings_of([inputs[number] for number in new])]
        return found

    def _continue(self, new: tuple[int, ...], before: list[Input]) -> None:
        start, size = len(self.inputs), len(before)
        self.inputs += [replace(one) for one in (*before, *before)]
        again, alone = tuple(range(start, start + size)), tuple(range(start + size, start + 2 * size))
        self.rings += [(*again, *new), *([alone] if size > 1 else [])]
        self.behind[new[0]] = again, alone

    def settle(self, activities: dict[int, Activity]) -> None:
        """Give each first new file what connections have sent since the files before it, and let go of those."""
        for first, parts in self.behind.items():
            whole, known = (_rows([activities.pop(number, Activity()) for number in some]) for some in parts)
            if all(self.inputs[number].error is None for some in parts for number in some):
                activities[first].merge(Activity(dict(_more(whole, known))))

    def spoilt_with(self, spoilt: Iterable[int]) -> set[int]:
        """Give the numbers of new files that are to be read again since another of their ring is."""
        bad = set(spoilt)
        return {number for ring in self.rings if bad & set(ring) for number in ring if number < self.new} - bad


def earlier_captures(pieces: Sequence[Piece], files: Sequence[File], book: Book) -> list[Input]:
    """Give the captures that were read last of the rings whose next files are to be read now, as they still are."""
    stems = {sources.stem(piece.input.name) for piece in pieces if piece.input.format is None}
    mine = {id(piece.after) for piece in pieces}
    found: dict[str, list[tuple[int, Input]]] = defaultdict(list)
    for file in files if stems else ():
        lineage, stem = book.at(file.place), sources.stem(file.place.path)
        if lineage is None or stem not in stems or id(lineage) in mine or lineage.number is None:
            continue
        if lineage.format is None and lineage.dataset not in (None, ARCHIVE) and lineage.last is not None:
            source = replace(file.source, name=file.feed.name)
            one = Input(file.place.path, source, lineage.dataset)
            if _is_whole(source, lineage.mark.position) and Content(source).goes_on_from(lineage.mark):
                found[stem].append((lineage.last, one))
    return [one for group in found.values() for _, one in sorted(group, key=lambda item: item[0])[-MOST:]]


def _is_whole(source: sources.Source, position: int) -> bool:
    try:
        return not sources.is_compressed(source) and sources.size(source) == position
    except SourceError:
        return False


def _rows(parts: Iterable[Activity]) -> dict[Key, Sums]:
    whole = Activity()
    for part in parts:
        whole.merge(part)
    return dict(activity_rows(columns_of(whole)))


def _more(whole: dict[Key, Sums], known: dict[Key, Sums]) -> Iterable[tuple[Key, Sums]]:
    """Give what rows have more than others; one that has nothing more is left out."""
    for key, sums in whole.items():
        before = known.get(key, Sums())
        more = {name: max(getattr(sums, name) - getattr(before, name), 0) for name in ADDED}
        if any(more.values()):
            rest = {one.name: getattr(sums, one.name) for one in fields(Sums) if one.name not in ADDED}
            yield key, Sums(**more, **rest)
