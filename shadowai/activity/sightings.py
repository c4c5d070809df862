"""Who was seen at which address, as sources show that name both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shadowai.activity.columns import NO_TIME, Columns, columns_of, rows_by
from shadowai.model import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shadowai.activity.rollup import Activity

REACH = 12 * HOUR  # no sighting tells of more (`shadowai.directory.learnt`)


@dataclass(frozen=True, slots=True)
class Sightings:
    """Who was where: (address, user, time in ns), about the days of an address of which nothing is missing.

    `days` are (address, day since 1970-01-01 UTC).
    """

    seen: tuple[tuple[str, str, int], ...] = ()
    days: frozenset[tuple[str, int]] = frozenset()


def about(seen: Iterable[tuple[str, str, int]], days: frozenset[tuple[str, int]]) -> Sightings:
    """Keep what tells of some days of an address: what lies in them, or so near that it names or contradicts."""
    kept = {one for one in seen if not days.isdisjoint(told_of(one[0], one[2]))}
    return Sightings(tuple(sorted(kept)), days)


def told_of(address: str, time: int) -> tuple[tuple[str, int], tuple[str, int]]:
    """Give the days of an address of which it may tell that somebody was there at a time (ns)."""
    return (address, (time - REACH) // DAY), (address, (time + REACH) // DAY)


def sightings(activity: Activity | Columns) -> Iterator[tuple[str, str, int]]:
    """Yield (address, user, time in ns) wherever a source named both: who held an address, as the scan itself shows.

    Each once, in no order that means anything.
    """
    columns = activity if isinstance(activity, Columns) else columns_of(activity)
    addresses, users = columns.texts["source_ip"], columns.texts["user"]
    first = columns.numbers["first"]
    rows = np.flatnonzero((addresses.codes >= 0) & (users.codes >= 0) & (first != NO_TIME))
    _, distinct = rows_by((first[rows], users.codes[rows], addresses.codes[rows]))
    kept = rows[distinct]
    pairs = zip(addresses.codes[kept].tolist(), users.codes[kept].tolist(), first[kept].tolist(), strict=True)
    for address, user, time in pairs:
        yield addresses.distinct[address], users.distinct[user], time
