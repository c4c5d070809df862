"""Cutting a big capture into parts that are read by themselves, at once and on several processors.

Neither format has marks to start from, so a boundary is where several plausible records follow one another. That may
be wrong: a capture can hold another capture as payload. Each part therefore says where its walk came to, and where two
do not meet (`fit`) the file is read as one. A part's size comes from the file's: the cut depends on the file alone.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from shadowai.captures import pcap, pcapng
from shadowai.captures.container import HEAD, Part, opened, recognise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PART_BYTES = 64 << 20  # at most,
LEAST_PART = 8 << 20  # and at least
MANY = 4  # parts, for as many processors, where they are not too small
_BOUNDARIES = {"pcap": pcap.boundary, "pcapng": pcapng.boundary}


def cut(path: Path, size: int | None = None) -> list[Part]:
    """Cut a capture file into parts of about `size` bytes. SourceError where it cannot be opened."""
    with opened(path) as capture:
        size = size or min(PART_BYTES, max(LEAST_PART, capture.size // MANY))
        dataset = recognise(bytes(capture.raw[:HEAD]))
        if dataset is None or capture.size <= size + size // 2:
            return [Part()]
        starts = [0]
        for near in range(size, capture.size - size // 2, size):
            found = _BOUNDARIES[dataset](capture, near)
            if found is not None and found > starts[-1]:
                starts.append(found)
        return [Part(start, end) for start, end in zip(starts, [*starts[1:], None], strict=True)]


def fit(parts: Sequence[Part]) -> bool:
    """Say whether parts that have been read, in order, make up their file: each ends where the next one begins."""
    meet = all(one.reached == following.start for one, following in pairwise(parts))
    return meet and all(one.is_steady for one in parts[:-1])
