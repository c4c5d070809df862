"""Which name each client was told for an address, and for how long: the client's own DNS answers, and no one else's.

One table for all clients would name a flow after a stranger's look-up. Where a client was told several names for one
address in the same time, as shared servers have them, none of them is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PAIRS = 250_000  # pairs of client and address remembered; what comes after is counted in `dropped`
MAX_TOLD = 8  # answers remembered of one pair; the oldest go first
SLACK = SECOND  # ns; the clock of the capture and the client's patience with an answer that runs out


class Told(NamedTuple):
    """One answer: the name that was asked for, and from when until when it holds (ns)."""

    name: bytes
    since: int
    until: int


class Lookups:
    """The DNS answers of a capture by client and address. Merging is commutative, but for what the bounds cut off."""

    def __init__(self) -> None:
        self._told: dict[bytes, tuple[Told, ...]] = {}
        self.dropped = 0

    def learn(self, client: bytes, addresses: Iterable[bytes], told: Told) -> None:
        """Remember that a client was told a name for addresses (packed, as in the packets)."""
        for address in addresses:
            self._add(client + address, (told,))

    def name_of(self, client: bytes, address: bytes, time: int | None) -> bytes | None:
        """Give the one name by which a client knew an address at a time; None where there is none, or more than one."""
        if time is None:
            return None
        names = {
            told.name
            for told in self._told.get(client + address, ())
            if told.since - SLACK <= time <= told.until + SLACK
        }
        return names.pop() if len(names) == 1 else None

    def merge(self, other: Lookups) -> None:
        """Take in the answers of another part of the capture."""
        for pair, told in other._told.items():
            self._add(pair, told)
        self.dropped += other.dropped

    def _add(self, pair: bytes, told: tuple[Told, ...]) -> None:
        known = self._told.get(pair)
        if known is None:
            if len(self._told) >= MAX_PAIRS:
                self.dropped += 1
                return
            self._told[pair] = told
        elif len(told) == 1 and told[0].since > known[-1].since and (ahead := _and_then(known, told[0])):
            self._told[pair] = ahead
        elif not set(told) <= set(known):
            self._told[pair] = _latest({*known, *told})


def _and_then(known: tuple[Told, ...], told: Told) -> tuple[Told, ...] | None:
    """Give what `_latest` does with an answer that is later than those known, where that needs no sorting; else None.

    Clients ask again and again: in a resolver's capture sorting took a fifth of the time of reading.
    """
    if len(known) < MAX_TOLD:
        return (*known, told)
    return (*known[1:], told) if all(one.name == told.name for one in known) else None


def _latest(told: set[Told]) -> tuple[Told, ...]:
    """Keep the latest answers, those of other names before repeated ones: a second name must not be forgotten."""
    ordered = sorted(told, key=lambda one: (one.since, one))
    newest = set({one.name: one for one in ordered}.values())
    repeated = [one for one in ordered if one not in newest]
    for one in repeated[: max(0, len(ordered) - MAX_TOLD)]:
        ordered.remove(one)
    return tuple(ordered[-MAX_TOLD:])
