"""Which user was at which address, learnt from the sightings of the same scan (proxy logs name both).

An address is bound to a user at a time by its nearest sightings before and after. They are kept as sets by time, so
that the order in which they were met changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping

from shadowai.model import SECOND

REACH = 12 * 3600 * SECOND  # nanoseconds; DHCP leases and shifts make an older sighting worthless

Sightings = Mapping[str, Mapping[int, frozenset[str]]]


def merge_sightings(known: Sightings, new: Iterable[tuple[str, str, int]]) -> Sightings:
    """Add sightings (address, identity key, time in ns) to known ones."""
    merged = {address: dict(times) for address, times in known.items()}
    for address, key, time in new:
        times = merged.setdefault(address, {})
        times[time] = times.get(time, frozenset()) | {key}
    return merged


class Learnt:
    """Look-ups over sightings."""

    def __init__(self, sightings: Sightings) -> None:
        self.sightings = sightings
        self._times = {address: sorted(times) for address, times in sightings.items()}

    def keys_at(self, address: str, time: int | None) -> frozenset[str]:
        """Give the identities whom the last sighting until a time and the first one from it name, each within 12 hours.

        One member means bound, several mean conflicting, none that nobody was seen or the time is unknown.
        """
        times = self._times.get(address)
        if times is None or time is None:
            return frozenset()
        before = bisect_right(times, time) - 1
        after = bisect_left(times, time)
        near = [times[at] for at in {before, after} if 0 <= at < len(times) and abs(times[at] - time) <= REACH]
        return frozenset().union(*(self.sightings[address][moment] for moment in near))
