"""The directory seen as a whole, for who keeps it: how many, who has several names, which networks lie in others."""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.directory.roster import Presence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shadowai.directory.directory import Directory
    from shadowai.directory.networks import AnyNetwork, Network
    from shadowai.directory.people import PersonRow


@dataclass(frozen=True, slots=True)
class Survey:
    """Counts, and what a look by eye is worth.

    `names` are the names of each person who has several to log on or to write with; `overlaps` are pairs of a network
    and the smallest one around it, where they differ in department or kind; `files` are the records of each file.
    """

    people: int
    without_department: int
    disputed: int
    inactive: int
    devices: int
    departments: int
    networks: int
    files: Mapping[str, int]
    names: Mapping[str, tuple[str, ...]]
    overlaps: tuple[tuple[Network, Network], ...]


def survey(directory: Directory) -> Survey:
    """Look at a directory as it stands at the end of all its periods."""
    roster = directory.roster
    rows = directory.content.people
    presences = [roster.standing(person, None).presence for person in roster.persons()]
    # A record with several devices has a row for each.
    files = Counter(origin.file for origin in dict.fromkeys(row.origin for row in rows))
    names = {person: names_of(roster.stays(person)) for person in roster.persons()}
    return Survey(
        people=len(presences),
        without_department=presences.count(Presence.NO_DEPARTMENT),
        disputed=presences.count(Presence.DISPUTED),
        inactive=sum(not any(row.active for row in roster.stays(person)) for person in roster.persons()),
        devices=len({row.device for row in rows if row.device}),
        departments=len(directory.named),
        networks=len(directory.content.networks),
        files=files,
        names={person: found for person, found in names.items() if len(found) > 1},
        overlaps=tuple(_overlaps(directory.networks.networks)),
    )


def names_of(rows: Iterable[PersonRow]) -> tuple[str, ...]:
    """Give every name to log on or to write with that records know a person by, in their order."""
    return tuple(dict.fromkeys(str(name) for row in rows for name in (*row.logins, *row.mails, *row.others)))


def _overlaps(networks: Iterable[Network]) -> Iterable[tuple[Network, Network]]:
    """Pair each network with the smallest one around it; they come in the order of addresses, larger ones first."""
    around: list[Network] = []
    for entry in networks:
        while around and not _lies_in(entry.network, around[-1].network):
            around.pop()
        if around and (around[-1].department, around[-1].kind) != (entry.department, entry.kind):
            yield entry, around[-1]
        around.append(entry)


def _lies_in(inner: AnyNetwork, outer: AnyNetwork) -> bool:
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    return (
        isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)
    )
