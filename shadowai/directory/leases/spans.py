"""Who held one address, from when to when, worked out of what the records say of it.

The law, in the order in which it is applied:

1. The records of one lessee (and session) join into a stay: it begins at the first grant, goes on with each renewal
   while the lease runs, and ends with a release, an expiry, or the end of its time. A renewal, an interim report or a
   release whose beginning nobody told proves one hour before it. A session whose end nobody told is believed for twelve
   hours after its last sign.
2. A grant to somebody else ends every earlier stay that gives no sign of life afterwards.
3. Where two stays overlap all the same, both hold the address: the answer there is a conflict.

Everything is decided by the times, never by the order of the records.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from shadowai.directory.leases.records import NOBODY, OPEN, Sign
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ALONE = 3600 * SECOND
"""What a proof of holding at one moment is worth before it (ns)."""
UNENDED = 12 * 3600 * SECOND
"""How long a session without an end is believed after its last sign (ns)."""
MOST = 8
"""Lessees that an address may have at once; more are nobody."""
MANY = (NOBODY,)
"""Lessees of a time at which there are too many."""

_LONGEST_WINDOW = 64  # segments looked at for one question; so many changes within a minute are a conflict anyway
_BEGINNING = -(1 << 63)
# Plain integers: comparing members of an enumeration takes three times as long.
_HELD, _GRANT, _FRESH, _LEFT, _OVER = map(int, Sign)
_ORDER = {_HELD: 0, _LEFT: 1, _OVER: 2, _GRANT: 3, _FRESH: 4}
_SESSION_ORDER = {_GRANT: 0, _FRESH: 1, _HELD: 2, _LEFT: 3, _OVER: 4}


class Entry(NamedTuple):
    """One record of an address, with sign and names by number."""

    time: int
    until: int
    sign: int
    lessee: int
    session: int


class Window(NamedTuple):
    """Who may have held an address at a time, clocks being what they are, and the segment that this lies in."""

    lessees: tuple[int, ...]
    place: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Who held one address: `lessees[i]` from `bounds[i - 1]` (or ever) until before `bounds[i]` (or ever)."""

    bounds: Sequence[int]
    lessees: Sequence[tuple[int, ...]]

    def window(self, time: int, drift: int) -> Window:
        """Give everybody who held the address within `drift` (ns) of a time.

        Where nobody held it at the time itself, the place is that of the lessee next to it, if there is one in reach.
        """
        first, last = bisect_right(self.bounds, time - drift), bisect_right(self.bounds, time + drift)
        place = bisect_right(self.bounds, time)
        if last == first:
            return Window(self.lessees[place], place)
        if last - first > _LONGEST_WINDOW:
            return Window(MANY, place)
        near = self.lessees[first : last + 1]
        if not self.lessees[place]:
            place = next((at for at in range(first, last + 1) if self.lessees[at]), place)
        return Window(tuple({lessee for lessees in near for lessee in lessees}), place)

    def place(self, time: int, drift: int) -> int | None:
        """Give the segment in which a time surely lies, None next to a change from one lessee to another."""
        first, last = bisect_right(self.bounds, time - drift), bisect_right(self.bounds, time + drift)
        held = {self.lessees[at] for at in range(first, min(last, first + _LONGEST_WINDOW) + 1)} - {()}
        return self.window(time, drift).place if len(held) <= 1 else None

    def breaks(self, drift: int) -> list[int]:
        """Give the times at which the window may change."""
        return [bound + shift for bound in self.bounds for shift in (-drift, 0, drift)]


@dataclass(slots=True)
class _Stay:
    """One stay of a lessee: `sign` is the last time at which it surely held the address."""

    start: int
    sign: int
    until: int
    lessee: int


def timeline(entries: Iterable[Entry], claims: Sequence[int], users: Sequence[bool]) -> Timeline:
    """Work out who held an address from all its records, in any order.

    By the number of a lessee, `claims` tells which lessees are one, and `users` which are users rather than devices. A
    user and a device hold an address together: a session does not end the lease of the device.
    """
    groups: dict[tuple[int, int], list[Entry]] = {}
    cuts: tuple[list[int], list[int]] = ([], [])
    for entry in entries:
        time, _, sign, lessee, session = entry
        if lessee == NOBODY:
            cuts[0].append(time)
            cuts[1].append(time)
            continue
        groups.setdefault((claims[lessee], session), []).append(entry)
        if sign < _LEFT:
            cuts[users[lessee]].append(time)
    cuts[0].sort()
    cuts[1].sort()
    changes: list[tuple[int, int, int]] = []
    for group in groups.values():
        for stay in _stays(group):
            end = _end(stay, cuts[users[stay.lessee]])
            if stay.start < end:
                changes += ((stay.start, 1, stay.lessee), (end, -1, stay.lessee))
    return _sweep(changes)


def _stays(group: list[Entry]) -> list[_Stay]:
    """Join the records of one lessee and session into stays."""
    time, until, sign, lessee, _ = group[0]
    if len(group) == 1 and sign in (_GRANT, _FRESH):  # nearly all of them
        return [_closed(_Stay(time, time, until, lessee), OPEN)]
    return list(_joined(_in_order(group)))


def _joined(group: list[Entry]) -> Iterator[_Stay]:
    stay: _Stay | None = None
    floor = _BEGINNING
    for entry in group:
        running = stay is not None and entry.time <= stay.until
        since = max(entry.time - ALONE, floor, stay.until if stay else floor)
        if stay is not None and running and _goes_on(stay, entry):
            stay.sign, stay.until = entry.time, entry.until
        elif entry.sign < _LEFT:
            if entry.session and entry.sign == _HELD and stay is None and floor > _BEGINNING:
                continue  # a report that comes in after its session's end
            start = since if entry.sign == _HELD and not running else entry.time
            if stay is not None:
                yield _closed(stay, start)
            stay = _Stay(start, entry.time, entry.until, entry.lessee)
        elif stay is not None and running and (entry.sign == _LEFT or stay.sign < entry.time):
            yield _ended(stay, entry)
            stay = None
        elif entry.sign == _LEFT:
            yield _Stay(since, entry.time, entry.time, entry.lessee)
        if entry.sign >= _LEFT:
            floor = entry.time
    if stay is not None:
        yield _closed(stay, OPEN)


def _goes_on(stay: _Stay, entry: Entry) -> bool:
    return entry.sign in (_HELD, _GRANT) and entry.lessee == stay.lessee


def _ended(stay: _Stay, entry: Entry) -> _Stay:
    stay.until = entry.time
    if entry.sign == _LEFT:
        stay.sign = entry.time
    return stay


def _closed(stay: _Stay, time: int) -> _Stay:
    until = stay.sign + UNENDED if stay.until == OPEN else stay.until
    stay.until = min(until, time)
    return stay


def _in_order(group: list[Entry]) -> list[Entry]:
    """Sort by time, and at one time so that what must come first does.

    A session begins before it ends. An address is given back before it is taken again, unless nobody had it before.
    """
    if len(group) == 1:
        return group
    order = _SESSION_ORDER if group[0].session else _ORDER
    group.sort(key=lambda entry: (entry.time, order[entry.sign], entry.until, entry.lessee))
    held = False
    for at, entry in enumerate(group):
        if entry.sign >= _LEFT and not held and at + 1 < len(group):
            follower = group[at + 1]
            if follower.time == entry.time and follower.sign < _LEFT:
                group[at], group[at + 1] = follower, entry
        held = group[at].sign < _LEFT
    return group


def _end(stay: _Stay, cuts: list[int]) -> int:
    """Give the end of a stay: its own, or the next grant of the address after its last sign of life."""
    at = bisect_right(cuts, stay.sign)
    return min(stay.until, cuts[at]) if at < len(cuts) else stay.until


def _sweep(changes: list[tuple[int, int, int]]) -> Timeline:
    """Cut time at every beginning (1) and end (-1) of a stay, and give who holds in between."""
    changes.sort()
    active: dict[int, int] = {}
    bounds: list[int] = []
    lessees: list[tuple[int, ...]] = [()]
    for at, (time, step, who) in enumerate(changes):
        count = active.get(who, 0) + step
        if count:
            active[who] = count
        else:
            del active[who]
        if at + 1 < len(changes) and changes[at + 1][0] == time:
            continue
        now = tuple(sorted(active)) if len(active) <= MOST else MANY
        if now != lessees[-1]:
            bounds.append(time)
            lessees.append(now)
    return Timeline(bounds, lessees)
