"""Payload bytes of every TCP and UDP flow, both directions, over the whole file.

A flow is told by its exact addresses, ports and protocol, in either direction. Bytes are counted as the headers state
them, retransmitted bytes each time they are seen. Memory grows with the number of flows, not with the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shadowai.captures.container import Bytes, Ints
    from shadowai.captures.link import Mask
    from shadowai.captures.transport import Segments

_FIRST_ROOM = 1024  # flows
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, bits well spread: the golden ratio in 64 bits
_FOLD = np.uint64(29)


@dataclass(frozen=True, slots=True)
class Sides:
    """Which flow each segment belongs to, and whether it goes against the flow's canonical direction."""

    flow: Ints
    back: Mask


class Flows:
    """The flows met so far: a number for each, and its payload bytes there and back."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._bytes = np.zeros((_FIRST_ROOM, 2), np.int64)

    def add(self, segments: Segments) -> Sides:
        """Count the segments' payload and tell the flow of each."""
        keys, back = _keys(segments)
        index, distinct = _group(keys)
        numbers = np.array([self._number(key) for key in distinct], np.int64)
        flow = numbers[index]
        side = index * 2 + back
        sums = np.zeros(2 * len(distinct), np.int64)
        np.add.at(sums, side, segments.length)
        self._bytes[numbers] += sums.reshape(-1, 2)
        return Sides(flow, back)

    def bytes_of(self, flow: int, *, back: bool) -> tuple[int, int]:
        """Give the payload bytes in a direction of a flow, and against it."""
        there, again = self._bytes[flow].tolist()
        return (again, there) if back else (there, again)

    def _number(self, key: bytes) -> int:
        number = self._numbers.setdefault(key, len(self._numbers))
        if number >= len(self._bytes):
            self._bytes = np.concatenate([self._bytes, np.zeros_like(self._bytes)])
        return number


def _keys(segments: Segments) -> tuple[Bytes, Mask]:
    """Give canonical keys, one row each, and whether the segment goes from the greater end to the lesser."""
    ports = np.stack([segments.source_port, segments.destination_port], axis=1).astype(">u2").view(np.uint8)
    here = np.concatenate([segments.source, ports[:, :2]], axis=1)
    there = np.concatenate([segments.destination, ports[:, 2:]], axis=1)
    back = _greater(here, there)[:, None]
    protocol = segments.is_tcp[:, None].astype(np.uint8)
    keys = np.concatenate([np.where(back, there, here), np.where(back, here, there), protocol], axis=1)
    return keys, back[:, 0]


def _words(rows: Bytes) -> NDArray[np.uint64]:
    """Pack rows of bytes into big-endian 64-bit words, filled up with zeros."""
    count, width = rows.shape
    padded = np.zeros((count, (width + 7) // 8 * 8), np.uint8)
    padded[:, :width] = rows
    words: NDArray[np.uint64] = padded.view(">u8").astype(np.uint64)
    return words


def _greater(here: Bytes, there: Bytes) -> Mask:
    """Compare rows of bytes as numbers: whether the first is greater."""
    left, right = _words(here), _words(there)
    answer = np.zeros(len(here), np.bool_)
    for column in range(left.shape[1] - 1, -1, -1):
        answer = (left[:, column] > right[:, column]) | ((left[:, column] == right[:, column]) & answer)
    return answer


def _group(keys: Bytes) -> tuple[Ints, list[bytes]]:
    """Number equal rows alike: give the number of each row, and the row of each number.

    Rows are grouped by a hash, then compared with their group's first row; where two rows share a hash without being
    equal, which only hostile input brings about, they are grouped by sorting whole rows.
    """
    words = _words(keys)
    mixed = np.zeros(len(keys), np.uint64)
    for column in range(words.shape[1]):
        mixed = (mixed ^ words[:, column]) * _MIX
        mixed ^= mixed >> _FOLD
    _, first, index = np.unique(mixed, return_index=True, return_inverse=True)
    if not np.array_equal(words, words[first[index]]):
        _, first, index = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        index = index.reshape(-1)
    width = keys.shape[1]
    raw = keys[first].tobytes()
    return index.astype(np.int64), [raw[at : at + width] for at in range(0, len(raw), width)]
