"""Which name each client was told for an address, and for how long: the client's own DNS answers, and no one else's.

One table for all clients would name a flow after a stranger's look-up. Where a client was told several names for one
address in the same time, as shared servers have them, none of them is believed. A resolver's capture tells of a
million answers, and few flows ask for one: so answers are rows of numbers, put in order when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shadowai.captures.flowkeys import hashes
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shadowai.captures.container import Bytes, Ints

MAX_ROWS = 2_000_000  # answers remembered, one row for each address; what comes after is counted in `dropped`
MAX_TOLD = 4_096  # answers for one pair of client and address; where there are more, none is believed
SLACK = SECOND  # ns; the clock of the capture and the client's patience with an answer that runs out
SINGLE = 4_096  # answers that came one by one, before they are made rows

Rows: TypeAlias = NDArray[np.void]
"""Answers: `pair` of client and address (packed, as in the packets), number of the `name`, `since` and `until` (ns)."""


class Told(NamedTuple):
    """One answer: the name that was asked for, and from when until when it holds (ns)."""

    name: bytes
    since: int
    until: int


class Asked(NamedTuple):
    """What is asked: by which name a client knew an address (both packed) at a time (ns)."""

    client: bytes
    address: bytes
    time: int | None


class Lookups:
    """The DNS answers of a capture by client and address. Merging is commutative, but for what the bound cuts off."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._rows: dict[int, list[Rows]] = {}
        self._single: list[tuple[bytes, int, int, int]] = []
        self._size = 0
        self._whole_until: int | None = None
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Give how many answers there was no room for."""
        self._gather()
        return self._dropped

    def number(self, name: bytes) -> int:
        """Give the number that stands for a name in rows."""
        return self._numbers.setdefault(name, len(self._numbers))

    def learn(self, client: bytes, addresses: Iterable[bytes], told: Told) -> None:
        """Remember that a client was told a name for addresses; those of the other IP family it cannot reach itself."""
        number = self.number(told.name)
        for address in addresses:
            if len(address) == len(client):
                self._single.append((client + address, number, told.since, told.until))
        if len(self._single) >= SINGLE:
            self._gather()

    def learn_all(self, pairs: Bytes, numbers: Ints, since: Ints, until: Ints) -> None:
        """Remember many answers; `pairs` are clients and addresses of one family, shape (n, 8) or (n, 32)."""
        rows = np.empty(len(pairs), _kind_of(pairs.shape[1]))
        rows["pair"] = np.ascontiguousarray(pairs).view(rows.dtype["pair"])[:, 0]
        rows["name"], rows["since"], rows["until"] = numbers, since, until
        self._take(rows)

    def merge(self, other: Lookups) -> None:
        """Take in the answers of another part of the capture."""
        self._gather()
        other._gather()
        numbers = np.array([self.number(name) for name in other._numbers], np.int64)
        for rows in (rows for some in other._rows.values() for rows in some):
            renumbered = rows.copy()
            renumbered["name"] = numbers[rows["name"]]
            self._take(renumbered)
        self._lose(other.dropped, other._whole_until)

    def names_of(self, asked: Sequence[Asked]) -> list[bytes | None]:
        """Give the one name by which each client knew its address at its time; None where there is none, or several.

        The answers are put in order for it: ask for many at once, when everything is learnt.
        """
        found: list[bytes | None] = [None] * len(asked)
        names = list(self._numbers)
        self._gather()
        for width, some in self._rows.items():
            mine = [
                (at, one.client + one.address, one.time)
                for at, one in enumerate(asked)
                if 2 * len(one.client) == width and one.time is not None and self._is_whole(one.time)
            ]
            if not mine:
                continue
            rows = np.concatenate(some)
            keys = _keys(rows["pair"])
            order = np.argsort(keys, kind="stable")
            wanted = _keys(np.array([pair for _, pair, _ in mine], rows.dtype["pair"]))
            ends = (np.searchsorted(keys, wanted, side, sorter=order).tolist() for side in ("left", "right"))
            for (at, pair, time), first, last in zip(mine, *ends, strict=True):
                if 0 < last - first <= MAX_TOLD:
                    numbers = _valid(rows[order[first:last]], pair, time)
                    found[at] = names[numbers.pop()] if len(numbers) == 1 else None
        return found

    def _is_whole(self, time: int) -> bool:
        """Say whether all that was told up to a time is remembered: what is not could be another name."""
        return self._whole_until is None or time < self._whole_until - SLACK

    def _gather(self) -> None:
        """Make rows of the answers that came one by one."""
        single, self._single = self._single, []
        for width in {len(pair) for pair, *_ in single}:
            self._take(np.array([one for one in single if len(one[0]) == width], _kind_of(width)))

    def _take(self, rows: Rows) -> None:
        room = MAX_ROWS - self._size
        if len(rows) > room:
            self._lose(len(rows) - room, int(rows["since"][room:].min()))
            rows = rows[:room]
        self._size += len(rows)
        if len(rows):
            self._rows.setdefault(rows.dtype["pair"].itemsize, []).append(rows)

    def _lose(self, count: int, since: int | None) -> None:
        self._dropped += count
        times = [time for time in (self._whole_until, since) if time is not None]
        self._whole_until = min(times, default=None)


def _kind_of(width: int) -> np.dtype[np.void]:
    return np.dtype([("pair", np.void, width), ("name", np.int32), ("since", np.int64), ("until", np.int64)])


def _keys(pairs: NDArray[Any]) -> NDArray[np.uint64]:
    """Give numbers by which pairs are put in order."""
    return hashes(np.ascontiguousarray(pairs).view(np.uint8).reshape(len(pairs), -1))


def _valid(rows: Rows, pair: bytes, time: int) -> set[int]:
    """Give the numbers of the names that hold for a pair at a time; other pairs may have the same key."""
    valid = rows[(rows["since"] <= time + SLACK) & (rows["until"] >= time - SLACK)]
    told = zip(valid["pair"].tolist(), valid["name"].tolist(), strict=True)
    return {number for one, number in told if one == pair}
