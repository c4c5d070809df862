"""Counting packets: each is a record, and is either parsed or skipped for one reason.

A packet whose headers make no sense is not damage: the file says faithfully what was on the wire. Damage is a record of
the file that cannot be read; the containers count it, and here frames of which nobody knows how to read them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.container import NO_TIME, Block
from shadowai.model import HOUR, Skip, Tally

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Verdict(IntEnum):
    """What the headers of a packet came to."""

    PARSED = 0
    NOT_IP = 1
    CUT_SHORT = 2
    INVALID = 3
    UNKNOWN_LINK = 4
    TUNNEL_UNREAD = 5
    ENCRYPTED = 6
    FRAGMENT = 7


REASONS = {
    Verdict.NOT_IP: "not-ip",
    Verdict.CUT_SHORT: "cut-short",
    Verdict.INVALID: "invalid-header",
    Verdict.UNKNOWN_LINK: "unknown-link-type",
    Verdict.TUNNEL_UNREAD: "tunnel-unread",
    Verdict.ENCRYPTED: "encrypted-wireless",
    Verdict.FRAGMENT: "fragment",
}


CUT = "packets were cut off when captured, and names in them were lost; capture whole ones (tcpdump -s 0)"


def count_block(tally: Tally, block: Block, verdicts: NDArray[np.int8]) -> None:
    """Count the packets of a block by verdict, and widen the period by the times of those that were parsed."""
    for verdict, reason in REASONS.items():
        rows = np.flatnonzero(verdicts == verdict)
        if len(rows):
            is_unread = verdict is Verdict.UNKNOWN_LINK
            tally.skip(Skip(reason, packet=int(block.number[rows[0]]), broken=is_unread), len(rows))
            if verdict is Verdict.CUT_SHORT and (block.original[rows] > block.captured[rows]).any():
                tally.notes.add(CUT)
    parsed = verdicts == Verdict.PARSED
    tally.parsed += int(parsed.sum())
    times = block.time[parsed & (block.time != NO_TIME)]
    if len(times):
        tally.widen(int(times.min()))
        tally.widen(int(times.max()))
        hours, numbers = np.unique(times // HOUR, return_counts=True)
        tally.count_hours(dict(zip(hours.tolist(), numbers.tolist(), strict=True)))


def recount_block(tally: Tally, verdicts: NDArray[np.int8]) -> None:
    """Count packets that were taken out of others, and counted with these as parsed, by what they came to."""
    for verdict, reason in REASONS.items():
        if count := int(np.count_nonzero(verdicts == verdict)):
            reclassify(tally, Skip(reason), count)


def reclassify(tally: Tally, skip: Skip, count: int = 1) -> None:
    """Count packets as skipped that were counted as parsed: their headers were sound, what they carry is not.

    A packet may be wrong in two ways, of which the first is told: there are never more skipped than there are.
    """
    count = min(count, tally.parsed)
    if count:
        tally.parsed -= count
        tally.skip(skip, count)
