"""The directory of the organisation: the raw identity of a contact becomes a stable key and a department."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from shadowai.directory.clients import MOST_CHANGES, Client, Course, Reason, agreed
from shadowai.directory.headcounts import Headcounts
from shadowai.directory.holders import PERSON, UNHELD, Holders
from shadowai.directory.identity import normalise_device, parse_login
from shadowai.directory.learnt import ByDay, Learnt, merge_sightings
from shadowai.directory.networks import Network, NetworkKind, NetworkTable
from shadowai.directory.options import DirectoryOptions
from shadowai.directory.people import PersonRow
from shadowai.directory.roster import Presence, Roster
from shadowai.directory.throughout import MANY, UNSURE, Spans, codes_throughout
from shadowai.hosts import normalise_address
from shadowai.model import Who
from shadowai.verdicts import Attribution, Department

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import numpy.typing as npt

    from shadowai.directory.headcounts import Days
    from shadowai.directory.leases import LeaseTable

    Ints = npt.NDArray[np.int64]

_NEVER = 1 << 63  # ns; later than every time
_CACHE_LIMIT = 200_000  # distinct identities remembered at once
_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Content:
    """What the files of the folder say, read and checked."""

    networks: tuple[Network, ...] = ()
    people: tuple[PersonRow, ...] = ()
    departments: tuple[Department, ...] = ()
    options: DirectoryOptions = field(default_factory=DirectoryOptions)
    leases: LeaseTable | None = None


class Directory:
    """People, devices and networks.

    `warnings` tells what is odd in the files; `digest` is the SHA-256 of their content.
    """

    def __init__(
        self,
        content: Content,
        warnings: Iterable[str] = (),
        learnt: Learnt | ByDay | None = None,
        roster: Roster | None = None,
    ) -> None:
        self.content = content
        self.warnings = tuple(warnings)
        self._roster = roster or Roster(content.people, content.options.domains)
        self._networks = NetworkTable(content.networks)
        self._holders = Holders(content.leases, self._roster, content.options.drift)
        self._learnt = learnt or Learnt({})
        self._courses: dict[Who, Course] = {}
        self._changes: dict[str, list[int]] = {}
        self._lasting: dict[tuple[str, str | None, Reason], Attribution] = {}

    @classmethod
    def empty(cls) -> Directory:
        """Directory of a scan without one: users keep their names, everything else its address."""
        return cls(Content())

    @property
    def roster(self) -> Roster:
        """The people, under all of their names."""
        return self._roster

    @property
    def networks(self) -> NetworkTable:
        """The networks, and which of them an address belongs to."""
        return self._networks

    @cached_property
    def named(self) -> Mapping[str, Department]:
        """Every department that the files name, by name in alphabetical order, as they are declared."""
        names = {row.department for row in self.content.people if row.department is not None and row.active}
        names |= {net.department for net in self.content.networks if net.department is not None}
        found = {name: Department(name) for name in names}
        found |= {department.name: department for department in self.content.departments}
        return MappingProxyType({name: found[name] for name in sorted(found)})

    def headcounts(self, period: Days | None) -> Headcounts:
        """Give the departments with the people who belonged to them in a period, or ever where there is none."""
        return Headcounts(self.named, self._roster, period)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the content: the order of lines and the way they are written do not matter."""
        parts = {name: sorted(_canonical(row) for row in rows) for name, rows in _rows_of(self.content)}
        if self.content.leases is not None:
            options = self.content.options
            lasting = [f"{server} {time}" for server, time in sorted(options.lease_times.items())]
            parts["leases"] = [self.content.leases.digest, options.zone, str(options.drift), *lasting]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def learn(self, sightings: Iterable[tuple[str, str, int]], searched: Collection[str] = ()) -> Directory:
        """Give a directory that also knows who was seen where: (address, user, time in ns) from logs that name both.

        `searched` are the addresses of which no sighting of these logs is missing. Addresses of nat, shared and server
        networks stand for many and teach nothing.
        """
        merged = merge_sightings(self._learnt.sightings, self._seen(sightings))
        known = self._learnt.searched.union(searched)
        learnt = Learnt(merged, self._holders.timeline, self.content.options.drift, known)
        return Directory(self.content, self.warnings, learnt, self._roster)

    def learn_days(self, sightings: Iterable[tuple[str, str, int]], days: Collection[tuple[str, int]]) -> Directory:
        """Give a directory that knows all who was seen about some days (address, day since 1970-01-01 UTC).

        `sightings` are as in `learn`, which comes first; they say nothing of any other day.
        """
        about = {address for address, _ in days}
        known = {address: times for address, times in self._learnt.sightings.items() if address in about}
        options = self._holders.timeline, self.content.options.drift
        full = Learnt(merge_sightings(known, self._seen(sightings)), *options, about)
        plain = Learnt(self._learnt.sightings, *options, self._learnt.searched)
        return Directory(self.content, self.warnings, ByDay(plain, full, days), self._roster)

    def resolve(self, who: Who, time: int | None) -> Attribution:
        """Say whom a contact belongs to: its user, else the owner of its device, else who held its address, else that.

        `time` is in ns since the epoch, None where unknown. The keys are `person:<user as in people.csv>`,
        `user:<unknown user>`, `device:<name>`, `address:<ip>`, `shared:<ip>`, `server:<ip>` and `unknown`; the reason
        is a member of `Reason`; the department is None where it is not known, or where the files contradict each other.
        """
        return self.resolve_span(who, time, time)

    def resolve_span(self, who: Who, first: int | None, last: int | None) -> Attribution:
        """Say whom contacts between two times (ns, both included) belong to: the same answer throughout, or a conflict.

        A conflict has the key of the device or address, and the department of the network: it is nobody's own.
        """
        course = self._courses.get(who) or self._course(who)
        if course.fixed is not None:
            return course.fixed
        if first is None or last is None:
            return self._judge(course.client, None)
        if course.is_learnt:
            return self._learnt_span(course.client, min(first, last), max(first, last))
        place = course.place(first)
        if first != last and course.place(last) != place:
            return self._across(course, min(first, last), max(first, last))
        return course.known.get(place) or self._learn_answer(course, first)

    def resolve_all(self, who: Who, spans: Iterable[tuple[int | None, int | None]]) -> list[Attribution]:
        """Do what `resolve_span` does for many spans of one identity."""
        course = self._courses.get(who) or self._course(who)
        if course.fixed is not None:
            return [course.fixed for _ in spans]
        known, breaks = course.known, [*course.breaks, _NEVER]
        found = []
        for first, last in spans:
            if first is None or last is None or course.dated:
                found.append(self.resolve_span(who, first, last))
                continue
            at = bisect_right(breaks, first)
            if not first <= last < breaks[at]:
                found.append(self.resolve_span(who, first, last))
                continue
            answer = known.get(at)
            if answer is None:
                answer = known[at] = self._judge(course.client, first)
            found.append(answer)
        return found

    def is_learnt(self, who: Who) -> bool:
        """Say whether sightings alone tell whom an identity belongs to, so that `resolve_learnt` may be asked."""
        return (self._courses.get(who) or self._course(who)).is_learnt

    def resolve_learnt(self, people: Sequence[Who], spans: tuple[Ints, Ints, Ints]) -> tuple[Ints, list[Attribution]]:
        """Do what `resolve_span` does for many spans of identities that are learnt.

        The spans are the number of each one's identity, its first and its last time (ns). Gives the number of each
        span's answer, and the answers.
        """
        clients = [(self._courses.get(who) or self._course(who)).client for who in people]
        codes, named = codes_throughout(self._learnt, [client.address or "" for client in clients], Spans(*spans))
        width = len(named) + MANY - UNSURE + 1  # codes begin with UNSURE
        pairs, numbers = np.unique(spans[0] * width + codes - UNSURE, return_inverse=True)
        unsure = np.flatnonzero(codes == UNSURE)
        numbers[unsure] = np.arange(len(pairs), len(pairs) + len(unsure))
        asked = (divmod(pair, width) for pair in pairs.tolist())
        answers = [self._told_by(clients[at], code + UNSURE, named) for at, code in asked]
        moments = zip(*(some[unsure].tolist() for some in spans), strict=True)
        return numbers, answers + [self.resolve_span(people[at], first, last) for at, first, last in moments]

    def _told_by(self, client: Client, code: int, named: Sequence[str]) -> Attribution:
        if code > MANY:
            return self._bound(named[code - MANY - 1], client, None, Reason.LEARNT)
        return client.unnamed(conflict=code == MANY)

    def _learn_answer(self, course: Course, time: int) -> Attribution:
        place = course.place(time)
        found = course.known[place] = course.known.get(place) or self._judge(course.client, time)
        return found

    def _across(self, course: Course, first: int, last: int) -> Attribution:
        """Give the answer for two times between which it may change."""
        moments = course.changes(first, last)
        if moments is None:
            return course.client.unnamed(conflict=True)
        return agreed({self._learn_answer(course, moment) for moment in (first, *moments)}, course.client)

    def _learnt_span(self, client: Client, first: int, last: int) -> Attribution:
        moments = self._learnt.changes(client.address or "", first, last)
        if len(moments) > MOST_CHANGES:
            return client.unnamed(conflict=True)
        return agreed({self._judge(client, moment) for moment in (first, *moments)}, client)

    def timeless(self, who: Who) -> Attribution | None:
        """Give the answer where time does not matter: no lease, sighting or dated record concerns the identity."""
        return (self._courses.get(who) or self._course(who)).fixed

    def lineage(self, department: str) -> tuple[str, ...]:
        """Give a department and those above it, nearest first; nothing where no file names it."""
        line: dict[str, None] = {}
        at: str | None = department
        while at is not None and at not in line and (found := self.named.get(at)) is not None:
            line[at] = None
            at = found.parent
        return tuple(line)

    def keys_of(self, name: str) -> frozenset[str]:
        """Give the keys of all that a name may stand for: a user, a device, an address."""
        as_any = (Who(None, name, None), Who(None, None, name), Who(name, None, None))
        return frozenset(self.resolve(who, None).key for who in as_any) - {"unknown"}

    def _course(self, who: Who) -> Course:
        if len(self._courses) >= _CACHE_LIMIT:
            self._courses.clear()
            self._lasting.clear()
        client = self._identify(who)
        if client.stranger is not None:
            course = Course(client, client.stranger, list, dated=False)
        else:
            dated, is_watched = self._is_dated(client), self._is_watched(client)
            fixed = None if dated or is_watched else self._judge(client, None)
            is_learnt = is_watched and not dated and not client.owned and self._learnt.is_alone(client.address or "")
            course = Course(client, fixed, partial(self._breaks, client), dated, is_learnt)
        self._courses[who] = course
        return course

    def _is_watched(self, client: Client) -> bool:
        """Whether leases or sightings tell of the client's address."""
        if client.login is not None or client.address is None or not client.is_personal:
            return False
        return client.address in self._learnt.sightings or self._holders.timeline(client.address) is not None

    def _is_dated(self, client: Client) -> bool:
        """Whether the answer depends on records with dates, of anybody whom the client may turn out to be."""
        if self._roster.are_all_timeless:
            return False
        persons: set[str] = set()
        if client.login is not None:
            persons.add(client.user_key.removeprefix(PERSON))
        elif client.owned:
            names = (client.device or "", client.address or "")
            persons.update(owner for name in names for owner in self._roster.owners(name, None))
        if client.address is not None and self._is_watched(client):
            for keys in {*self._learnt.sightings.get(client.address, {}).values()}:
                persons.update(key.removeprefix(PERSON) for key in keys if key.startswith(PERSON))
            if self._holders.is_dated(client.address):
                return True
        return not all(map(self._roster.is_timeless, persons))

    def _breaks(self, client: Client) -> list[int]:
        """Give the times, in order, between which (and between two midnights) the answer cannot change."""
        address = client.address
        if address is None or not self._is_watched(client):
            return []
        found = self._changes.get(address)
        if found is None:
            changes = {*self._holders.breaks(address), *self._learnt.breaks(address)}
            found = self._changes[address] = sorted(changes)
        return found

    def _judge(self, client: Client, time: int | None) -> Attribution:
        if client.login is not None:
            return self._bound(client.user_key, client, time, Reason.USER)
        named = self._owners(client.device, time) if client.owned else _NOBODY
        held, seen = UNHELD, _NOBODY
        if client.address is not None and client.is_personal and time is not None:
            held, place = self._holders.at(client.address, time, client.device)
            seen = self._learnt.keys_at(client.address, time, place, leased=held.leased)
        owners = named or (self._owners(client.address, time) if client.owned else _NOBODY)
        # What the record itself says of its device stands above what a lease says of its address.
        keys = owners | seen if named else owners | seen | held.people
        if len(keys) > 1 or (held.conflict and not named):
            return client.unnamed(conflict=True)
        if keys:
            reason = Reason.DEVICE if owners else Reason.LEASE if held.people else Reason.LEARNT
            return self._bound(next(iter(keys)), client, time, reason)
        if held.device is not None:
            return self._bound(held.device, client, time, Reason.LEASE)
        return client.unnamed(conflict=False)

    def _identify(self, who: Who) -> Client:
        login, named = parse_login(who.user), None
        device = normalise_device(who.device)
        address = normalise_address(who.source_ip) if who.source_ip else None
        if login is not None and (login.computer or login.is_built_in or login.is_address):
            # A computer account, one that all computers have, or an address in the user field names no human.
            named, login = login.computer, None
        if device is not None and normalise_address(device):
            address, device = address or device, None
        network = self._networks.find(address) if address else None
        if network is None or network.kind is NetworkKind.CLIENT:
            device = device or named
        elif network.kind is not NetworkKind.NAT:
            device = None  # of a server, or of a computer that many share: as the network, nobody's own
        if login is None:
            owned = any(name and self._roster.owners(name, None) for name in (device, address))
            return Client(login, "", device, address, network, owned=owned)
        persons = self._roster.find(login)
        if len(persons) == 1:
            return Client(login, f"{PERSON}{next(iter(persons))}", device, address, network)
        reason = Reason.AMBIGUOUS_USER if persons else Reason.UNKNOWN_USER
        department = network.department if network else None
        stranger = Attribution(f"user:{login}", department, individual=not persons, reason=reason)
        return Client(login, stranger.key, device, address, network, stranger)

    def _bound(self, key: str, client: Client, time: int | None, reason: Reason) -> Attribution:
        found = self._lasting.get((key, client.department, reason))
        if found is None:
            found = self._attributed(key, client, time, reason)
            if not key.startswith(PERSON) or self._roster.is_timeless(key.removeprefix(PERSON)):
                self._lasting[key, client.department, reason] = found
        return found

    def _attributed(self, key: str, client: Client, time: int | None, reason: Reason) -> Attribution:
        if not key.startswith(PERSON):
            return Attribution(key, client.department, individual=True, reason=reason)
        name = key.removeprefix(PERSON)
        presence, department, groups = self._roster.standing(name, time)
        if presence is Presence.DISPUTED:
            return Attribution(key, None, individual=True, reason=Reason.CONFLICT, groups=groups)
        if presence is Presence.OUTSIDE:
            reason = Reason.OUTSIDE_PERIOD
        return Attribution(key, department or client.department, individual=True, reason=reason, groups=groups)

    def _owners(self, device: str | None, time: int | None) -> frozenset[str]:
        owners = self._roster.owners(device, time) if device else ()
        return frozenset(f"{PERSON}{person}" for person in owners)

    def _seen(self, sightings: Iterable[tuple[str, str, int]]) -> Iterable[tuple[str, str, list[int]]]:
        times: dict[tuple[str, str], list[int]] = {}
        for address, user, time in sightings:
            times.setdefault((address, user), []).append(time)
        for (address, user), moments in times.items():
            client = self._identify(Who(address, user, None))
            if client.login is not None and client.is_personal and client.address:
                yield client.address, client.user_key, moments


def _rows_of(content: Content) -> list[tuple[str, tuple[Any, ...]]]:
    """Name and rows of each file's content."""
    return [("networks", content.networks), ("people", content.people), ("departments", content.departments)]


def _canonical(row: Network | PersonRow | Department) -> str:
    if isinstance(row, PersonRow):
        return row.canonical
    values = asdict(row)
    if values.get("together", False):
        del values["together"]  # as it is without the column
    return json.dumps(values, sort_keys=True, default=str)
