"""Record headers by the thousand: a chain of records is walked from many places at once, and nothing is believed.

Each record says where the next one begins, so a chain can only be walked step by step; but it can be walked from many
places at the same time. The places are guesses. A stretch counts only if the walk from the true beginning comes upon
the very offset at which it begins: then it is the chain itself, whatever led to the guess. The walk that asks does the
last step of every stretch by itself, so that all that is unusual (damage, the file's end) is its own business.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Iterable, Iterator

    from shadowai.captures.container import Ints

STRIDE = 24 << 10  # bytes between two guesses
SEARCHED = 4 << 10  # bytes searched for a guess
MAX_CANDIDATES = 8  # of one guess
WORTH = 16  # stretches; with fewer, walking them at once takes longer than one by one
WINDOW = 4 << 20  # bytes walked at once before it is known how long records are
MAX_WINDOW = 16 << 20  # bytes walked at once

Stretches: TypeAlias = "dict[int, tuple[Ints, int]]"
"""By the offset at which a stretch of records begins: the offsets of its records but for the last, and that one."""


class Leaps:
    """The stretches of a block of `wanted` records from `begin` on, window by window; `walk` finds those of a window.

    No record that begins at `stop` or behind it is in a stretch.
    """

    def __init__(self, begin: int, stop: int, wanted: int, walk: Callable[[int, int], Stretches]) -> None:
        self._begin, self._stop, self._wanted, self._walk = begin, stop, wanted, walk
        self._beyond = begin
        self._known: Stretches = {}

    def take(self, at: int, count: int) -> tuple[Ints, int] | None:
        """Give the stretch that begins at an offset, with `count` records in front of it; None where there is none."""
        if self._beyond <= at < self._stop:
            self._beyond = min(at + self._window(at, count), self._stop)
            self._known = self._walk(at, self._beyond)
        return self._known.pop(at, None)

    def _window(self, at: int, count: int) -> int:
        """Give how many bytes to walk at once: about as many as the rest of the block has."""
        if not count:
            return WINDOW
        return max(WINDOW // 4, min(MAX_WINDOW, (at - self._begin) * (self._wanted - count) // count))


def stretches(begin: int, stop: int, guesses: Iterable[int], advance: Callable[[Ints], Ints]) -> Stretches:
    """Walk from an offset and from guesses behind it, all at once, each to where the next one begins or to `stop`.

    `advance` gives, for offsets of records before `stop`, where the next one begins, or anything beyond `stop` where
    there is no usual record.
    """
    seeds = np.unique(np.array([begin, *guesses], np.int64))
    if len(seeds) < WORTH:
        return {}
    at, ends, lane = seeds, np.append(seeds[1:], stop), np.arange(len(seeds), dtype=np.uint16)
    passed: list[Ints] = []
    lanes = []
    last = seeds.copy()
    while len(at) >= WORTH:
        following = advance(at)
        going = following < ends
        if np.count_nonzero(going) < len(going):
            last[lane[~going]] = at[~going]
            at, following, ends, lane = at[going], following[going], ends[going], lane[going]
        passed.append(at)
        lanes.append(lane)
        at = following
    last[lane] = at
    of = np.concatenate(lanes)
    # Numbers of 16 bits are sorted by radix: in time linear to their count.
    order = np.argsort(of, kind="stable")
    places = np.concatenate(passed)[order]
    behind = np.cumsum(np.bincount(of, minlength=len(seeds))).tolist()
    whole = (places[first:end] for first, end in pairwise([0, *behind]))
    return dict(zip(seeds.tolist(), zip(whole, last.tolist(), strict=True), strict=True))


def marks(begin: int, stop: int, mark: bytes, fits: Callable[[int], bool], raw: mmap.mmap | bytes) -> Iterator[int]:
    """Give places between two offsets where a mark is found that fits, one behind each stride at the most."""
    for near in range(begin + STRIDE, stop - SEARCHED, STRIDE):
        piece = bytes(raw[near : near + SEARCHED])
        found = -1
        for _ in range(MAX_CANDIDATES):
            found = piece.find(mark, found + 1)
            if found < 0:
                break
            if fits(near + found):
                yield near + found
                break
