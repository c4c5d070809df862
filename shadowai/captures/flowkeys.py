"""What tells one flow from another: canonical keys of both ends, and the numbers that flows were given by them.

A key is the lesser end's address and port, the greater end's, and the protocol. Of IPv4 it fits into two words of 64
bits, and a small table knows the numbers of nearly all packets' flows by them; what it does not know is grouped by a
hash and asked for by its whole key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from shadowai.captures.container import Bytes, Ints
    from shadowai.captures.headers import Mask
    from shadowai.captures.transport import Segments

Words: TypeAlias = NDArray[np.uint64]

IPV4_BYTES = 4
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, bits well spread: the golden ratio in 64 bits
_FOLD = np.uint64(29)
_PORT_BITS, _END_BITS = np.uint64(16), np.uint64(48)
_SLOT_BITS = 17
_SLOT_SHIFT = np.uint64(64 - _SLOT_BITS)


class Recent:
    """The numbers that IPv4 flows had last, by their keys as two words; it may forget, but never errs."""

    def __init__(self) -> None:
        self._number = np.full(1 << _SLOT_BITS, -1, np.int64)
        self._low = np.zeros(1 << _SLOT_BITS, np.uint64)
        self._high = np.zeros(1 << _SLOT_BITS, np.uint64)

    def find(self, low: Words, high: Words) -> Ints:
        """Give the number of each flow, -1 where it is not known."""
        slot = _slots(low, high)
        known = (self._low[slot] == low) & (self._high[slot] == high)
        number: Ints = np.where(known, self._number[slot], -1)
        return number

    def learn(self, low: Words, high: Words, numbers: Ints) -> None:
        """Remember the numbers of flows; of those that fall into one place, and of one flow, the last remains."""
        slot = _slots(low, high)
        self._low[slot], self._high[slot], self._number[slot] = low, high, numbers


def _slots(low: Words, high: Words) -> Words:
    slots: Words = ((low * _MIX ^ high) * _MIX) >> _SLOT_SHIFT
    return slots


def pack(segments: Segments) -> tuple[Words, Words, Mask]:
    """Give the keys of IPv4 segments as two words, and whether the segment goes from the greater end to the lesser."""
    here, there = (
        (address.view(">u4")[:, 0].astype(np.uint64) << _PORT_BITS) | port.astype(np.uint64)
        for address, port in (
            (np.ascontiguousarray(segments.source), segments.source_port),
            (np.ascontiguousarray(segments.destination), segments.destination_port),
        )
    )
    low, high = np.minimum(here, there), np.maximum(here, there)
    return low, high | (segments.is_tcp.astype(np.uint64) << _END_BITS), here > there


def keys_of(segments: Segments) -> tuple[Bytes, Mask]:
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


def hashes(rows: Bytes) -> Words:
    """Give rows of bytes as numbers: equal ones for equal rows, and for others only where hostile input wants it so."""
    return _mixed(_words(rows))


def _mixed(words: Words) -> Words:
    mixed = np.zeros(len(words), np.uint64)
    for column in range(words.shape[1]):
        mixed = (mixed ^ words[:, column]) * _MIX
        mixed ^= mixed >> _FOLD
    return mixed


def group(keys: Bytes) -> tuple[Ints, Ints, list[bytes]]:
    """Number equal rows alike: give the first row of each number, the number of each row, and the key of each number.

    Rows are grouped by a hash, then compared with their group's first row; where two rows share a hash without being
    equal, which only hostile input brings about, they are grouped by sorting whole rows.
    """
    words = _words(keys)
    _, first, index = np.unique(_mixed(words), return_index=True, return_inverse=True)
    if not np.array_equal(words, words[first[index]]):
        _, first, index = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        index = index.reshape(-1)
    width = keys.shape[1]
    raw = keys[first].tobytes()
    return first, index.astype(np.int64), [raw[at : at + width] for at in range(0, len(raw), width)]
