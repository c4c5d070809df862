"""The leases of all files, by address: who held it, and what a lessee is called.

What the records of an address mean is worked out when it is first asked for, so that five million leases cost an index
and no more.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from shadowai.directory.identity import short_name
from shadowai.directory.leases.records import NOBODY, Lessee, Records
from shadowai.directory.leases.spans import Entry, Timeline, timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COMMON = 4
"""A host name that more MAC addresses than this bear is nobody's own (wired, wireless, dock, and a replacement)."""


class LeaseTable:
    """Look-ups over lease records. `digest` is the SHA-256 (hex) of the files' content, whatever their names."""

    def __init__(self, records: Records, contents: Iterable[str] = ()) -> None:
        self.digest = hashlib.sha256("\n".join(sorted(contents)).encode()).hexdigest()
        # Numbers in the order of the names, so that nothing depends on the order in which they were met.
        ranks = sorted(range(len(records.lessees)), key=list(map(_sort_key, records.lessees)).__getitem__)
        names = list(records.lessees)
        self.lessees: Sequence[Lessee] = [names[number] for number in ranks]
        self._claims = [records.claim_of[number] for number in ranks]
        self._users = [lessee.user is not None for lessee in self.lessees]
        self._numbers = records.addresses
        self._timelines: dict[str, Timeline] = {}
        self._index(records, ranks)
        self._name_devices()

    def __len__(self) -> int:
        return len(self._time)

    def timeline(self, address: str) -> Timeline | None:
        """Give who held an address (canonical form) and when, None where no record names it."""
        found = self._timelines.get(address)
        if found is None and (number := self._numbers.get(address)) is not None:
            found = timeline(self._entries(number), self._claims, self._users)
            self._timelines[address] = found
        return found

    def hosts(self, lessee: Lessee) -> frozenset[str]:
        """Give the host names by which a device may be known at that time: its own, else all it ever had.

        Names that many devices bear are left out.
        """
        names = {lessee.host} if lessee.host else self._names.get(lessee.device or "", set())
        return frozenset(name for name in names if len(self._bearers.get(name, ())) <= COMMON)

    def name(self, lessee: Lessee) -> str:
        """Give the name under which a device is counted: its host name where it has one of its own, else its MAC."""
        if lessee.device is None:
            return lessee.host or ""
        hosts = self.hosts(lessee._replace(host=None))
        labels = {short_name(host) or host for host in hosts}
        return min(hosts) if len(labels) == 1 else lessee.device

    def _index(self, records: Records, ranks: list[int]) -> None:
        """Sort the columns by address and time."""
        address, time = np.asarray(records.address), np.asarray(records.time)
        order = np.lexsort((time, address))
        numbers = np.empty(len(ranks) + 1, dtype=np.int64)
        numbers[np.asarray(ranks, dtype=np.int64)] = np.arange(len(ranks))
        numbers[NOBODY] = NOBODY
        self._time, self._until = time[order], np.asarray(records.until)[order]
        self._sign, self._session = np.asarray(records.sign)[order], np.asarray(records.session)[order]
        self._lessee = numbers[np.asarray(records.lessee)[order]]
        counts = np.bincount(address, minlength=len(records.addresses))
        self._starts = np.concatenate([[0], np.cumsum(counts)])

    def _entries(self, number: int) -> Iterable[Entry]:
        part = slice(self._starts[number], self._starts[number + 1])
        columns = (self._time, self._until, self._sign, self._lessee, self._session)
        return map(Entry, *(column[part].tolist() for column in columns))

    def _name_devices(self) -> None:
        """Note which names each device has, and which devices bear a name."""
        self._names: dict[str, set[str]] = {}
        self._bearers: dict[str, set[str]] = {}
        for lessee in self.lessees:
            if lessee.device and lessee.host and lessee.user is None:
                self._names.setdefault(lessee.device, set()).add(lessee.host)
                self._bearers.setdefault(lessee.host, set()).add(lessee.device)


def _sort_key(lessee: Lessee) -> tuple[str, str, str]:
    return lessee.user or "", lessee.device or "", lessee.host or ""
