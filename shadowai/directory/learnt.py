"""Which user was at which address, learnt from the sightings of the same scan (proxy logs name both).

An address is bound to a user at a time by its nearest sightings before and after, of the same lease where leases are
known. They are kept as sets by time, so that the order in which they were met changes nothing. How far a sighting tells
of an address depends on whether anybody else at it would have been seen: see docs/decisions/learnt-identities.md.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from shadowai.directory.leases.spans import ALONE
from shadowai.model import DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from shadowai.directory.leases.spans import Timeline

    Sightings = Mapping[str, Mapping[int, frozenset[str]]]


class Reach(NamedTuple):
    """How far a sighting tells of its address (ns): between two that say the same, and beside a single one."""

    between: int
    beside: int


HELD = Reach(12 * ALONE, 12 * ALONE)
"""While one device held the address, as a lease says, and nothing was missed of whom the logs name there."""
SEARCHED = Reach(ALONE // 2, ALONE // 4)
"""Without a lease: devices that no log names a user of take an address for minutes too."""
UNSEARCHED_HELD = Reach(ALONE, ALONE)
"""With a lease, where others who used the device may have gone unseen."""
UNSEARCHED = Reach(ALONE // 12, ALONE // 12)
"""Without a lease, where others may have gone unseen: DHCP gives an address to somebody else within minutes."""

AT_ONCE = ((3 * MINUTE, ALONE // 4), (MINUTE // 2, 5 * MINUTE))
"""How near a sighting, and beyond how much somebody else's, does not contradict it (ns).

A visit's look-up and capture lie so near the proxy's line that names the user, clocks being what they are.
"""
DISTANCES = (0, *chain.from_iterable(AT_ONCE), ALONE)
"""Distances from a stretch (ns) at which the answer may change, beside those of its `Reach`."""

_NOBODY: frozenset[str] = frozenset()


def merge_sightings(known: Sightings, new: Iterable[tuple[str, str, Iterable[int]]]) -> Sightings:
    """Add sightings (address, identity key, times in ns) to known ones."""
    merged = {address: dict(times) for address, times in known.items()}
    for address, key, moments in new:
        times, alone = merged.setdefault(address, {}), frozenset((key,))
        for time in moments:
            known_keys = times.get(time)
            times[time] = alone if known_keys is None else known_keys | alone
    return merged


class Stretch(NamedTuple):
    """Sightings of the same identities in one segment of an address's leases, so near that all between is theirs."""

    start: int
    end: int
    keys: frozenset[str]
    place: int

    def edges(self, reach: int) -> tuple[int, int]:
        """Give the first moment from which the stretch is no farther away (ns), and the first at which it is again."""
        return self.start - reach, self.end + reach + 1


class Learnt:
    """Look-ups over sightings.

    `searched` are the addresses of which no sighting is missing: the logs that name users were searched for them. Of
    the others only who used AI services is known. `timeline` gives the leases of an address, `drift` (ns) how far
    clocks may differ.
    """

    def __init__(
        self,
        sightings: Sightings,
        timeline: Callable[[str], Timeline | None] | None = None,
        drift: int = 0,
        searched: Collection[str] = (),
    ) -> None:
        self.sightings = sightings
        self.searched = frozenset(searched)
        self._timeline = timeline
        self._drift = drift
        self._stretches: dict[str, tuple[list[int], list[Stretch]]] = {}

    def keys_at(self, address: str, time: int, place: int = 0, *, leased: bool = False) -> frozenset[str]:
        """Give the identities whom the sightings nearest to a time name, in one segment of the address's leases.

        They count as far as `Reach` says, less where there are such on one side only; somebody else within an hour
        makes it doubtful, unless the one was there at once and the other is far away. One member means bound, several
        mean conflicting, none that nobody was seen.
        """
        if address not in self.sightings:
            return _NOBODY
        starts, stretches = self._of(address)
        reach = self._reach(address, leased=leased)
        at = bisect_right(starts, time)
        near: list[tuple[int, frozenset[str]]] = []
        for stretch in stretches[max(at - 1, 0) : at + 1]:
            if stretch.place != place:
                continue
            distance = max(stretch.start - time, time - stretch.end)
            if distance <= 0:
                return stretch.keys
            if distance <= max(reach.between, ALONE):
                near.append((distance, stretch.keys))
        if not near:
            return _NOBODY
        near.sort(key=itemgetter(0))
        (nearest, keys), (farthest, others) = near[0], near[-1]
        if keys != others:
            if any(nearest <= near_by and farthest > beyond for near_by, beyond in AT_ONCE):
                return keys
            return keys | others if nearest <= reach.between else _NOBODY
        is_between = len(near) > 1 and farthest <= reach.between
        return keys if is_between or nearest <= reach.beside else _NOBODY

    def is_alone(self, address: str) -> bool:
        """Say whether no lease tells of an address that was seen, so that all is told by its stretches."""
        return address in self.sightings and (self._timeline is None or self._timeline(address) is None)

    def reach(self, address: str) -> Reach:
        """Say how far sightings tell of an address without leases."""
        return self._reach(address, leased=False)

    def stretches(self, address: str) -> list[Stretch]:
        """Give the times at which the address was one's, in order."""
        return self._of(address)[1]

    def changes(self, address: str, first: int, last: int) -> set[int]:
        """Give the moments between two times, the latter included, at which the answer may change without leases."""
        starts, stretches = self._of(address)
        near = stretches[max(bisect_right(starts, first) - 1, 0) : bisect_right(starts, last) + 1]
        reaches = {*DISTANCES, *self.reach(address)}
        moments = (moment for stretch in near for reach in reaches for moment in stretch.edges(reach))
        return {moment for moment in moments if first < moment <= last}

    def breaks(self, address: str) -> list[int]:
        """Give the times at which the answer may change."""
        is_leased = self._timeline is not None and self._timeline(address) is not None
        ways = (self._reach(address, leased=leased) for leased in {is_leased, False})
        reaches = set(DISTANCES).union(*ways)
        return [moment for stretch in self._of(address)[1] for reach in reaches for moment in stretch.edges(reach)]

    def _reach(self, address: str, *, leased: bool) -> Reach:
        """Say how far sightings tell of an address; `leased` where somebody held it all the while."""
        if address in self.searched:
            return HELD if leased else SEARCHED
        return UNSEARCHED_HELD if leased else UNSEARCHED

    def _of(self, address: str) -> tuple[list[int], list[Stretch]]:
        found = self._stretches.get(address)
        if found is None:
            stretches = self._stretch(address)
            found = self._stretches[address] = ([stretch.start for stretch in stretches], stretches)
        return found

    def _stretch(self, address: str) -> list[Stretch]:
        """Join sightings that say the same; one next to a change of leases says nothing, since clocks may differ."""
        line = self._timeline(address) if self._timeline else None
        stretches: list[Stretch] = []
        begin = end = 0
        about: tuple[frozenset[str], int] | None = None  # the identities and the segment of the stretch that is open
        reach = self._reach(address, leased=False)
        for time, keys in sorted(self.sightings.get(address, {}).items()):
            place = line.place(time, self._drift) if line else 0
            if place is None:
                continue
            if line:
                reach = self._reach(address, leased=bool(line.lessees[place]))
            if about == (keys, place) and len(keys) == 1 and time - end <= reach.between:
                end = time
                continue
            if about is not None:
                stretches.append(Stretch(begin, end, *about))
            begin = end = time
            about = keys, place
        if about is not None:
            stretches.append(Stretch(begin, end, *about))
        return stretches


class ByDay:
    """Look-ups over two sets of sightings: for some days of an address over those of which nothing is missing.

    `days` are (address, day since 1970-01-01 UTC). `full` knows of their addresses whatever `plain` does, and more: its
    answers hold for those days, the others' are `plain`'s.
    """

    def __init__(self, plain: Learnt, full: Learnt, days: Collection[tuple[str, int]]) -> None:
        self.searched = plain.searched
        self.sightings = {**plain.sightings, **full.sightings}
        self._plain = plain
        self._full = full
        self._days: dict[str, set[int]] = {}
        for address, day in days:
            self._days.setdefault(address, set()).add(day)

    def keys_at(self, address: str, time: int, place: int = 0, *, leased: bool = False) -> frozenset[str]:
        """Give the identities whom the sightings nearest to a time name, as `Learnt.keys_at` does."""
        is_full = time // DAY in self._days.get(address, ())
        return (self._full if is_full else self._plain).keys_at(address, time, place, leased=leased)

    def is_alone(self, address: str) -> bool:
        """Say whether neither a lease nor a day of its own tells of an address: its stretches say all."""
        return address not in self._days and self._plain.is_alone(address)

    def reach(self, address: str) -> Reach:
        """Say how far sightings tell of an address of which `is_alone` is true."""
        return self._plain.reach(address)

    def stretches(self, address: str) -> list[Stretch]:
        """Give the times at which such an address was one's, in order."""
        return self._plain.stretches(address)

    def changes(self, address: str, first: int, last: int) -> set[int]:
        """Give the moments at which the answer for such an address may change, as `Learnt.changes` does."""
        return self._plain.changes(address, first, last)

    def breaks(self, address: str) -> list[int]:
        """Give the times at which the answer may change."""
        days = self._days.get(address, ())
        bounds = [(day + more) * DAY for day in days for more in (0, 1)]
        return [*self._plain.breaks(address), *bounds, *(self._full.breaks(address) if days else ())]
