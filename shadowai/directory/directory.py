"""The directory of the organisation: the raw identity of a contact becomes a stable key and a department."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from shadowai.directory.identity import Login, normalise_device, parse_login
from shadowai.directory.learnt import Learnt, merge_sightings
from shadowai.directory.networks import Network, NetworkKind, NetworkTable
from shadowai.directory.people import PersonRow, Roster
from shadowai.hosts import normalise_address
from shadowai.model import Attribution, Department, Who

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CACHE_LIMIT = 200_000  # distinct identities remembered at once


class Reason(StrEnum):
    """How an attribution was found; the slugs that are also kinds of blind spot keep those names."""

    USER = "user"
    UNKNOWN_USER = "unknown-user"
    AMBIGUOUS_USER = "ambiguous-user"
    OUTSIDE_PERIOD = "outside-period"
    DEVICE = "device"
    LEARNT = "learnt-identity"
    CONFLICT = "conflicting-identity"
    NETWORK = "network"
    SHARED = "shared-address"
    SERVER = "server-address"
    NO_NETWORK = "unknown-network"
    NOBODY = "no-client-identity"


@dataclass(frozen=True, slots=True)
class Content:
    """What the files of the folder say, read and checked."""

    networks: tuple[Network, ...] = ()
    people: tuple[PersonRow, ...] = ()
    departments: tuple[Department, ...] = ()


@dataclass(frozen=True, slots=True)
class _Client:
    """The part of an identity that does not depend on time.

    `stranger` is the whole answer where a user is named whom people.csv does not know, or not as one person.
    """

    login: Login | None
    user_key: str
    device: str | None
    address: str | None
    network: Network | None
    stranger: Attribution | None = None

    @property
    def department(self) -> str | None:
        return self.network.department if self.network else None

    @property
    def is_personal(self) -> bool:
        """Whether the address stands for one person: no network says that it does not."""
        return self.network is None or self.network.kind is NetworkKind.CLIENT


class Directory:
    """People, devices and networks.

    `warnings` tells what is odd in the files; `digest` is the SHA-256 of their content.
    """

    def __init__(self, content: Content, warnings: Iterable[str] = (), learnt: Learnt | None = None) -> None:
        self.content = content
        self.warnings = tuple(warnings)
        self._roster = Roster(content.people)
        self._networks = NetworkTable(content.networks)
        self._learnt = learnt or Learnt({})
        self._clients: dict[Who, _Client] = {}

    @classmethod
    def empty(cls) -> Directory:
        """Directory of a scan without one: users keep their names, everything else its address."""
        return cls(Content())

    @cached_property
    def departments(self) -> Mapping[str, Department]:
        """Every department that the files name, by name in alphabetical order."""
        people: dict[str, set[str]] = {}
        for row in self.content.people:
            people.setdefault(row.department, set()).add(row.person)
        found = {net.department: Department(net.department) for net in self.content.networks}
        found |= {name: Department(name) for name in people}
        found |= {department.name: department for department in self.content.departments}
        counted = {name: _with_headcount(found[name], people.get(name)) for name in sorted(found)}
        return MappingProxyType(counted)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the content: the order of lines and the way they are written do not matter."""
        parts = {name: sorted(_canonical(row) for row in rows) for name, rows in _rows_of(self.content)}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def learn(self, sightings: Iterable[tuple[str, str, int]]) -> Directory:
        """Give a directory that also knows who was seen where: (address, user, time in ns) from logs that name both.

        Addresses of nat, shared and server networks stand for many and teach nothing.
        """
        new = [(client.address, client.user_key, time) for client, time in self._seen(sightings) if client.address]
        return Directory(self.content, self.warnings, Learnt(merge_sightings(self._learnt.sightings, new)))

    def resolve(self, who: Who, time: int | None) -> Attribution:
        """Say whom a contact belongs to: its user, else the owner of its device, else its address.

        `time` is in ns since the epoch, None where unknown. The keys are `person:<user as in people.csv>`,
        `user:<unknown user>`, `device:<name>`, `address:<ip>`, `shared:<ip>`, `server:<ip>` and `unknown`; the reason
        is a member of `Reason`; the department is None where it is not known.
        """
        client = self._client(who)
        if client.stranger is not None:
            return client.stranger
        if client.login is not None:
            return self._bound(client.user_key, client, time, Reason.USER)
        owners = self._owners(client, time)
        learnt = self._learnt.keys_at(client.address, time) if client.address else frozenset()
        keys = owners | learnt
        if len(keys) == 1:
            return self._bound(next(iter(keys)), client, time, Reason.DEVICE if owners else Reason.LEARNT)
        return _by_machine(client, conflict=len(keys) > 1)

    def _client(self, who: Who) -> _Client:
        found = self._clients.get(who)
        if found is None:
            if len(self._clients) >= _CACHE_LIMIT:
                self._clients.clear()
            found = self._clients[who] = self._identify(who)
        return found

    def _identify(self, who: Who) -> _Client:
        login = parse_login(who.user)
        device = normalise_device(who.device)
        address = normalise_address(who.source_ip) if who.source_ip else None
        if login is not None and (login.computer or normalise_address(login.local)):
            # A computer account or an address in the user field names a machine, not a human.
            device, login = device or login.computer, None
        if device is not None and normalise_address(device):
            address, device = address or device, None
        network = self._networks.find(address) if address else None
        if login is None:
            return _Client(login, "", device, address, network)
        persons = self._roster.find(login)
        if len(persons) == 1:
            return _Client(login, f"person:{next(iter(persons))}", device, address, network)
        reason = Reason.AMBIGUOUS_USER if persons else Reason.UNKNOWN_USER
        department = network.department if network else None
        stranger = Attribution(f"user:{login}", department, individual=True, reason=reason)
        return _Client(login, stranger.key, device, address, network, stranger)

    def _bound(self, key: str, client: _Client, time: int | None, reason: Reason) -> Attribution:
        kind, _, name = key.partition(":")
        if kind != "person":
            return Attribution(key, client.department, individual=True, reason=reason)
        department = self._roster.department(name, time)
        if department is None:
            return Attribution(key, client.department, individual=True, reason=Reason.OUTSIDE_PERIOD)
        return Attribution(key, department, individual=True, reason=reason)

    def _owners(self, client: _Client, time: int | None) -> frozenset[str]:
        owners = self._roster.owners(client.device, time) if client.device else frozenset()
        if not owners and client.address:
            owners = self._roster.owners(client.address, time)
        return frozenset(f"person:{person}" for person in owners)

    def _seen(self, sightings: Iterable[tuple[str, str, int]]) -> Iterable[tuple[_Client, int]]:
        for address, user, time in sightings:
            client = self._client(Who(address, user, None))
            if client.login is not None and client.is_personal:
                yield client, time


def _by_machine(client: _Client, *, conflict: bool) -> Attribution:
    """Attribution without any name: the device, else the address and what its network stands for."""
    if client.device is not None:
        reason = Reason.CONFLICT if conflict else Reason.DEVICE
        return Attribution(f"device:{client.device}", client.department, individual=True, reason=reason)
    if client.address is None:
        return Attribution("unknown", None, individual=False, reason=Reason.NOBODY)
    if not client.is_personal:
        server = client.network is not None and client.network.kind is NetworkKind.SERVER
        prefix, reason = ("server", Reason.SERVER) if server else ("shared", Reason.SHARED)
        return Attribution(f"{prefix}:{client.address}", client.department, individual=False, reason=reason)
    reason = Reason.NETWORK if client.network else Reason.NO_NETWORK
    return Attribution(
        f"address:{client.address}", client.department, individual=True, reason=Reason.CONFLICT if conflict else reason
    )


def _with_headcount(department: Department, people: set[str] | None) -> Department:
    if department.headcount is not None or not people:
        return department
    return replace(department, headcount=len(people))


def _rows_of(content: Content) -> list[tuple[str, tuple[Any, ...]]]:
    """Name and rows of each file's content."""
    return [("networks", content.networks), ("people", content.people), ("departments", content.departments)]


def _canonical(row: Network | PersonRow | Department) -> str:
    return json.dumps(asdict(row), sort_keys=True, default=str)
