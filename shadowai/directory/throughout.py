"""Whom sightings name throughout many spans of time, at addresses of which no lease tells.

Says what `Learnt.keys_at` says, of a hundred thousand spans at once: one by one they took four times as long.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shadowai.directory.learnt import AT_ONCE
from shadowai.directory.leases.spans import ALONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from shadowai.directory.learnt import ByDay, Learnt

    Ints = npt.NDArray[np.int64]

UNSURE, NOBODY, MANY = -1, 0, 1  # codes of answers; the others stand for one identity each
_FAR = 100 * ALONE  # ns; farther than any sighting tells


class Spans(NamedTuple):
    """Spans of time (ns, both ends included), each at one of some addresses, given by its number."""

    at: Ints
    first: Ints
    last: Ints


class _Line(NamedTuple):
    """The stretches of all addresses, one address after the other; before and after each is one of nobody, far away."""

    owner: Ints
    start: Ints
    end: Ints
    code: Ints
    keys: Ints  # equal where two stretches name the same identities, however many


def codes_throughout(learnt: Learnt | ByDay, addresses: Sequence[str], spans: Spans) -> tuple[Ints, list[str]]:
    """Give a code of whom sightings name all through each span, and the identities for which codes above MANY stand.

    UNSURE: the answer may change within the span, or it ends before it begins. MANY: several identities.
    """
    line, named = _line(learnt, addresses, spans)
    between, beside = np.array([learnt.reach(address) for address in addresses], dtype=np.int64)[spans.at].T
    # Times as ranks leave room for the address in the same number, so that one search finds both.
    times = np.unique(line.start)
    width = len(times) + 1
    places = line.owner * width + np.searchsorted(times, line.start)
    sought = spans.at * width + np.searchsorted(times, spans.first, side="right") - 1
    before = np.searchsorted(places, sought, side="right") - 1
    after = before + 1
    begin = np.maximum(spans.first, line.end[before] + 1)
    end = np.minimum(spans.last, line.start[after] - 1)
    since, until = begin - line.end[before], line.start[after] - begin
    length = np.maximum(end - begin, 0)
    code, contested = _nearest(line, before, _Distances(since, until, between, beside))
    is_sure = (spans.last >= spans.first) & (spans.last <= line.end[after])
    for bound in (between, beside, ALONE):
        is_sure &= (since <= bound) == (since + length <= bound)
        is_sure &= (until <= bound) == (until - length <= bound)
    since, until, length = since[contested], until[contested], length[contested]
    for bound in chain.from_iterable(AT_ONCE):
        is_sure[contested] &= (since <= bound) == (since + length <= bound)
        is_sure[contested] &= (until <= bound) == (until - length <= bound)
    code = np.where(begin > end, line.code[before], code)
    is_sure &= (spans.first > line.end[before]) | (code == line.code[before])
    is_sure &= (spans.last < line.start[after]) | (code == line.code[after])
    is_inside = (spans.last <= line.end[before]) & (spans.last >= spans.first)
    code = np.where(is_sure, code, UNSURE)
    return np.where(is_inside, line.code[before], code), named


class _Distances(NamedTuple):
    """How far moments are from the stretches beside them, and how far those tell (see `Reach`)."""

    since: Ints
    until: Ints
    between: Ints
    beside: Ints


def _nearest(line: _Line, before: Ints, far: _Distances) -> tuple[Ints, Ints]:
    """Give the code of whom sightings name at moments between a stretch, by its number, and the next.

    And the moments of which they name somebody on one side and somebody else on the other.
    """
    limit = np.maximum(far.between, ALONE)
    has_before, has_after = far.since <= limit, far.until <= limit
    has_before &= line.code[before] != NOBODY
    has_after &= line.code[before + 1] != NOBODY
    nearest, farthest = np.minimum(far.since, far.until), np.maximum(far.since, far.until)
    either = np.where(has_before, line.code[before], line.code[before + 1])
    code = np.where((has_before | has_after) & (nearest <= far.beside), either, NOBODY)
    both, is_same = has_before & has_after, line.keys[before] == line.keys[before + 1]
    code = np.where(both & is_same & (farthest <= far.between), either, code)
    contested = np.flatnonzero(both & ~is_same)
    nearest, farthest = nearest[contested], farthest[contested]
    code[contested] = np.where(nearest <= far.between[contested], MANY, NOBODY)
    at_once = contested[np.any([(nearest <= near) & (farthest > beyond) for near, beyond in AT_ONCE], axis=0)]
    code[at_once] = line.code[before[at_once] + (far.until[at_once] < far.since[at_once])]
    return code, contested


def _line(learnt: Learnt | ByDay, addresses: Sequence[str], spans: Spans) -> tuple[_Line, list[str]]:
    """Put the stretches of all addresses behind each other."""
    stretches = [learnt.stretches(address) for address in addresses]
    sizes = np.array([len(some) + 2 for some in stretches], dtype=np.int64)
    inner = np.ones(int(sizes.sum()), dtype=bool)
    ends = np.cumsum(sizes)
    inner[ends - 1] = inner[ends - sizes] = False
    every = list(chain.from_iterable(stretches))
    start, end = (np.array([one[which] for one in every], dtype=np.int64) for which in (0, 1))
    keys_of: dict[frozenset[str], int] = {}
    keys = np.array([keys_of.setdefault(one.keys, len(keys_of) + 1) for one in every], dtype=np.int64)
    named = {next(iter(one)): number for one, number in keys_of.items() if len(one) == 1}
    codes = np.array([NOBODY, *(MANY + 1 if len(one) == 1 else MANY for one in keys_of)], dtype=np.int64)
    codes[codes > MANY] = np.arange(len(named)) + MANY + 1
    least = min(int(start.min(initial=0)), int(spans.first.min(initial=0))) - _FAR
    most = max(int(end.max(initial=0)), int(spans.last.max(initial=0))) + _FAR
    line = _Line(
        owner=np.repeat(np.arange(len(addresses)), sizes),
        start=_between(inner, start, ends, (least, most)),
        end=_between(inner, end, ends, (least, most)),
        code=_between(inner, codes[keys], ends, (NOBODY, NOBODY)),
        keys=_between(inner, keys, ends, (0, 0)),
    )
    return line, list(named)


def _between(inner: npt.NDArray[np.bool_], values: Ints, ends: Ints, bounds: tuple[int, int]) -> Ints:
    """Put values where they belong, and each address's last and, everywhere else, first bound beside them."""
    found = np.full(len(inner), bounds[0], dtype=np.int64)
    found[ends - 1] = bounds[1]
    found[inner] = values
    return found
