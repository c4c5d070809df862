"""Which capture files are one capture that its writer cut into files, in which order: a ring of files.

Writers number their files or put the time into the name: dumpcap and tshark `-b` (`x_00001_20260115100000.pcapng`),
tcpdump `-C` and `-W` (`x.pcap0`, `x.pcap1`), tcpdump `-G` (`x-20260115-100000.pcap`, by strftime(3)). Numbers wrap
around in a ring, so files are put in order by their first packet; they belong together where the names differ in number
and time only, the link types are the same, and the times adjoin. What is carried over from one file to the next is the
state of its flows, so a wrong guess here does no harm.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from shadowai.model import MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = 5 * MINUTE
"""Longest silence between two files of a ring, in ns. Writers go on without a pause, so the silence is the network's;
a UDP flow idle for five minutes is a new flow to the devices on its way too (RFC 4787 section 4.3)."""
OVERLAP = SECOND
"""How far the first packet of a file may lie before the last of the file before: packets of several queues are written
slightly out of order."""

_PACKED = re.compile(r"\.(?:gz|zst|xz|bz2|lz4)$", re.IGNORECASE)
_DATE = r"(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:[0-2]\d|3[01])"
_CLOCK = r"(?:[01]\d|2[0-3])[-_.:]?[0-5]\d(?:[-_.:]?[0-6]\d)?"
_TIME = re.compile(rf"(?<!\d){_DATE}[-_.T ]?{_CLOCK}Z?(?!\d)|(?<!\d)1\d{{9}}(?!\d)")  # the last: seconds since 1970
_COUNTER = re.compile(r"(?<=[_-])\d{5,10}(?=\.|[_-]?$|[_-]\*)")  # dumpcap's, of five digits or more
_BEHIND = re.compile(r"(?<=\D)\d{1,9}$")  # tcpdump's, at the very end


@dataclass(frozen=True, slots=True)
class File:
    """A capture file: its name with its path, its link types, and the times of its first and last packet in ns.

    A time is None where it is not known; such a file is in no ring.
    """

    name: str
    links: frozenset[int]
    first: int | None
    last: int | None


def stem(name: str) -> str:
    """Give a file's name with number and time taken out: equal for the files of a ring.

    `a/x_00001_20260115100000.pcapng` becomes `a/x_*_*.pcapng`, `x.pcap12` becomes `x.pcap`. A plain `x.pcap` stays as
    it is: tcpdump does not number the first file.
    """
    path = PurePath(name)
    bare = _PACKED.sub("", path.name)
    timed = _TIME.sub("*", bare)
    counted = _COUNTER.sub("*", timed)
    return str(path.with_name(_BEHIND.sub("", counted) or counted))


def rings(files: Sequence[File]) -> list[tuple[int, ...]]:
    """Find the rings among files: the places of each ring's files, in the order of time; two files or more each."""
    alike: dict[tuple[str, frozenset[int]], list[int]] = defaultdict(list)
    for place, file in enumerate(files):
        if file.first is not None:
            alike[stem(file.name), file.links].append(place)
    found = [ring for group in alike.values() if len(group) > 1 for ring in _chains(files, group)]
    return sorted(found)


def _chains(files: Sequence[File], group: Sequence[int]) -> list[tuple[int, ...]]:
    """Cut files of like names, put in order, where their times do not adjoin."""
    ordered = sorted(group, key=lambda place: (files[place].first or 0, files[place].name))
    chains = [[ordered[0]]]
    for place in ordered[1:]:
        if _adjoin(files[chains[-1][-1]], files[place]):
            chains[-1].append(place)
        else:
            chains.append([place])
    return [tuple(chain) for chain in chains if len(chain) > 1]


def _adjoin(one: File, following: File) -> bool:
    """Say whether a file can go on with another."""
    if one.first is None or one.last is None or following.first is None:
        return False
    return -OVERLAP <= following.first - one.last <= GAP and following.first >= one.first
