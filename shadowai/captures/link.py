"""Link layers, a block of packets at once: where the IP packet begins, or why there is none.

Which header a frame begins with is told by its LINKTYPE; `layers` steps over it and what follows. What is not known
there, and may still hold IP, goes to `oddlinks`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.counting import Verdict
from shadowai.captures.headers import IPV4, Header, Mask, Path, big32
from shadowai.captures.layers import descend
from shadowai.captures.pseudo import of_links

if TYPE_CHECKING:
    from shadowai.captures.container import Block, Capture, Ints

COOKED2 = 276  # LINKTYPE
INDEX_AT = 4  # where a Linux cooked v2 header holds the number of the interface
INDEX_SHIFT = 32  # bits by which it is set apart from the capture's own number of the interface

ENDS = {
    Header.SHORT: Verdict.CUT_SHORT,
    Header.UNREAD: Verdict.TUNNEL_UNREAD,
    Header.ENCRYPTED: Verdict.ENCRYPTED,
    Header.DAMAGED: Verdict.INVALID,
    Header.PIECE: Verdict.FRAGMENT,
    Header.UNKNOWN: Verdict.UNKNOWN_LINK,
}
"""Ends of the way down to IP, and what they come to; every other end is a packet without IP."""


@dataclass(frozen=True, slots=True)
class Frames:
    """The IP packets of a block: `row` in the block, `at` where the IP header begins in the file, `family` 4 or 6.

    `stop` is where the bytes at hand end, `wire` where the packet ended on the wire.
    """

    row: Ints
    at: Ints
    family: Ints
    stop: Ints
    wire: Ints

    def pick(self, chosen: Mask | Ints) -> Frames:
        """Give the chosen ones."""
        return Frames(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(slots=True)
class Sorted:
    """A block sorted by link layer: IP packets, rows that need a closer look, and what the others came to."""

    frames: Frames
    odd: Ints
    ended: list[tuple[Verdict, Ints]]


def sort_block(capture: Capture, block: Block) -> Sorted:
    """Find the IP header of every packet of a block.

    Where the frames themselves tell the interface (Linux cooked v2), `block.interface` is made to tell it too.
    """
    _name_interfaces(capture, block)
    stop = block.start + block.captured
    kind = of_links(block.link)
    kind[kind == Header.UNKNOWN] = Header.ODD
    path = descend(capture, kind, block.start, stop)
    wire = block.start + np.maximum(block.original, block.captured)
    odd = path.kind == Header.ODD
    return Sorted(
        frames=frames_of(path, path.item, wire),
        odd=path.item[odd],
        ended=ends_of(path.pick(~odd), path.item[~odd]),
    )


def frames_of(path: Path, row: Ints, wire: Ints) -> Frames:
    """Give the packets of a path that have come to IP; `row` and `wire` are by item."""
    found = path.pick(path.is_ip())
    return Frames(row[found.item], found.at, np.where(found.kind == IPV4, 4, 6), found.stop, wire[found.item])


def ends_of(path: Path, row: Ints) -> list[tuple[Verdict, Ints]]:
    """Give what the packets of a path that have not come to IP came to; `row` is by place in the path."""
    rest = np.flatnonzero(~path.is_ip())
    kinds = path.kind[rest]
    return [(ENDS.get(kind, Verdict.NOT_IP), row[rest[kinds == kind]]) for kind in np.unique(kinds).tolist()]


def _name_interfaces(capture: Capture, block: Block) -> None:
    cooked = np.flatnonzero(block.link == COOKED2)
    if len(cooked):
        index = big32(capture.rows(block.start[cooked], 8), INDEX_AT)
        block.interface[cooked] = (block.interface[cooked] & (1 << INDEX_SHIFT) - 1) | (index << INDEX_SHIFT)
