"""Which user was at which address, learnt from the sightings of the same scan (proxy logs name both).

An address is bound to a user at a time by its nearest sightings before and after, of the same lease where leases are
known. They are kept as sets by time, so that the order in which they were met changes nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from shadowai.directory.leases.spans import ALONE
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from shadowai.directory.leases.spans import Timeline

    Sightings = Mapping[str, Mapping[int, frozenset[str]]]

REACH = 12 * 3600 * SECOND
"""How far a sighting tells of an address (ns), where another one on the other side, or a lease, says the same."""

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


class _Stretch(NamedTuple):
    """Sightings of the same identities in one segment of an address's leases, so near that all between is theirs."""

    start: int
    end: int
    keys: frozenset[str]
    place: int


class Learnt:
    """Look-ups over sightings; `timeline` gives the leases of an address, `drift` (ns) how far clocks may differ."""

    def __init__(
        self, sightings: Sightings, timeline: Callable[[str], Timeline | None] | None = None, drift: int = 0
    ) -> None:
        self.sightings = sightings
        self._timeline = timeline
        self._drift = drift
        self._stretches: dict[str, tuple[list[int], list[_Stretch]]] = {}

    def keys_at(self, address: str, time: int, place: int = 0, *, leased: bool = False) -> frozenset[str]:
        """Give the identities whom the sightings nearest to a time name, in one segment of the address's leases.

        Sightings before and after it count within 12 hours. Where there are such on one side only, they count within
        an hour; but within 12 where somebody held a lease (`leased`), since nobody else can have had the address, and
        where no lease is known of the address and nobody else was ever seen at it. One member means bound, several
        mean conflicting, none that nobody was seen.
        """
        if address not in self.sightings:
            return _NOBODY
        starts, stretches = self._of(address)
        at = bisect_right(starts, time) - 1
        sides = [(stretches[side], side) for side in (at, at + 1) if 0 <= side < len(stretches)]
        near: list[tuple[int, frozenset[str]]] = []
        for stretch, _ in sides:
            distance = max(stretch.start - time, time - stretch.end, 0)
            if stretch.place == place and distance == 0:
                return stretch.keys
            if stretch.place == place and distance <= REACH:
                near.append((distance, stretch.keys))
        if len(near) == 1 and near[0][0] > ALONE and not (leased or self._is_one_persons(address)):
            return _NOBODY
        return frozenset().union(*(keys for _, keys in near))

    def breaks(self, address: str) -> list[int]:
        """Give the times at which the answer may change."""
        return [
            moment
            for stretch in self._of(address)[1]
            for reach in (0, ALONE, REACH)
            for moment in (stretch.start - reach, stretch.end + reach + 1)
        ]

    def _is_one_persons(self, address: str) -> bool:
        """Whether nothing says that the address ever had another holder."""
        if self._timeline is not None and self._timeline(address) is not None:
            return False
        return len({stretch.keys for stretch in self._of(address)[1]}) == 1

    def _of(self, address: str) -> tuple[list[int], list[_Stretch]]:
        found = self._stretches.get(address)
        if found is None:
            stretches = self._stretch(address)
            found = self._stretches[address] = ([stretch.start for stretch in stretches], stretches)
        return found

    def _stretch(self, address: str) -> list[_Stretch]:
        """Join sightings that say the same; one next to a change of leases says nothing, since clocks may differ."""
        line = self._timeline(address) if self._timeline else None
        stretches: list[_Stretch] = []
        begin = end = 0
        about: tuple[frozenset[str], int] | None = None  # the identities and the segment of the stretch that is open
        for time, keys in sorted(self.sightings.get(address, {}).items()):
            place = line.place(time, self._drift) if line else 0
            if place is None:
                continue
            if about == (keys, place) and len(keys) == 1 and time - end <= REACH:
                end = time
                continue
            if about is not None:
                stretches.append(_Stretch(begin, end, *about))
            begin = end = time
            about = keys, place
        if about is not None:
            stretches.append(_Stretch(begin, end, *about))
        return stretches
