"""The first and last packet times of a capture, without reading what lies between: to tell which files follow another.

Only a stretch at either end of the file is walked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.captures import pcap, pcapng
from shadowai.captures.container import NO_TIME, Capture, Part, dataset_of, opened
from shadowai.errors import SourceError
from shadowai.model import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shadowai.captures.container import Block

STRETCH = 512 << 10  # bytes walked at either end: twice the largest packet
_FORMATS = {"pcap": (pcap.blocks, pcap.boundary), "pcapng": (pcapng.blocks, pcapng.boundary)}


@dataclass(frozen=True, slots=True)
class Edges:
    """Times of the first and the last packet in ns since the epoch, None where unknown, and the link types met."""

    first: int | None = None
    last: int | None = None
    links: frozenset[int] = frozenset()


def edges(path: Path) -> Edges:
    """Look at both ends of a capture file; what cannot be read there stays unknown."""
    try:
        with opened(path) as capture:
            begin = _stretch(capture, Part(0, min(capture.size, STRETCH)))
            end = begin
            if capture.size > STRETCH:
                boundary = _FORMATS[dataset_of(capture)][1](capture, capture.size - STRETCH)
                end = Edges() if boundary is None else _stretch(capture, Part(boundary))
    except SourceError:
        return Edges()
    return Edges(begin.first, end.last, begin.links | end.links)


def _stretch(capture: Capture, part: Part) -> Edges:
    first = last = None
    links: frozenset[int] = frozenset()
    for block in _blocks(capture, part):
        links |= frozenset(block.link.tolist())
        known = block.time[block.time != NO_TIME]
        if len(known):
            first = int(known[0]) if first is None else first
            last = int(known[-1])
    return Edges(first, last, links)


def _blocks(capture: Capture, part: Part) -> Iterator[Block]:
    return _FORMATS[dataset_of(capture)][0](capture, Tally(), part)
