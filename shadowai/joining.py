"""Captures that were read in parts, put together again: big files, and rings of files that are one capture."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shadowai import captures
from shadowai.model import Defect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shadowai.detect import Detector, Outcome, Task


@dataclass(slots=True)
class Joining:
    """Holds back the outcomes of parts until the capture can be settled; all else passes through.

    `rings` lists, for each ring, the numbers of its sources in order.
    """

    detector: Detector
    tasks: Sequence[Task]
    rings: Sequence[Sequence[int]] = ()
    _held: dict[int, list[Outcome]] = field(default_factory=dict)

    def take(self, outcome: Outcome) -> Iterator[Outcome]:
        """Take an outcome; give it back unless it is that of a part."""
        if outcome.part is None:
            yield outcome
        else:
            self._held.setdefault(outcome.number, []).append(outcome)

    def finish(self) -> Iterator[Outcome]:
        """Give the outcomes of the captures read in parts, then what their flows came to."""
        in_rings = {number for ring in self.rings for number in ring}
        alone = [(number,) for number in sorted(self._held) if number not in in_rings]
        for group in (*self.rings, *alone):
            yield from self._settled([number for number in group if number in self._held])

    def _settled(self, group: Sequence[int]) -> Iterator[Outcome]:
        """Settle one capture: a file, or the files of a ring in order."""
        whole: captures.Ledger | None = None
        for number in group:
            outcomes = self._fitting(number)
            _number_packets(outcomes)
            yield from outcomes
            for outcome in outcomes:
                if outcome.ledger is None:  # reading broke off: what came before it was told still counts
                    continue
                if whole is None:
                    whole = outcome.ledger
                else:
                    whole.join(outcome.ledger)
        if whole is not None:
            settled = self.detector.settle(whole)
            settled.number = group[0]
            yield settled

    def _fitting(self, number: int) -> list[Outcome]:
        """Give the outcomes of a file's parts in order; of the file read as one where the parts do not meet."""
        outcomes = sorted(self._held.pop(number), key=_place)
        if captures.fit([outcome.part for outcome in outcomes if outcome.part]):
            return outcomes
        last = max((task for task in self.tasks if task.number == number and task.part), key=_place)
        whole = captures.Part(following=last.part.following if last.part else None)
        return [self.detector.detect(replace(last, part=whole))]


def _place(one: Outcome | Task) -> int:
    return one.part.start if one.part else 0


def _number_packets(outcomes: Sequence[Outcome]) -> None:
    """Make the numbers of damaged packets those of the file: each part counted from its own first."""
    before = 0
    for outcome in outcomes:
        tally = outcome.tally
        tally.defects = {
            reason: Defect(defect.place + before, defect.is_packet) if defect.is_packet else defect
            for reason, defect in tally.defects.items()
        }
        before += tally.records
