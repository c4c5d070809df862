"""Whom the leases name for an address at a time: users of sessions, owners of devices, devices that nobody owns.

Both kinds hold an address together: a RADIUS session names the user, a DHCP lease the device below. They must not
contradict each other, and clocks may differ by `drift`: whoever held the address within it counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shadowai.directory.identity import parse_login, short_name
from shadowai.directory.leases.records import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.directory.leases import LeaseTable, Lessee, Timeline
    from shadowai.directory.roster import Roster

PERSON = "person:"
"""What the key of a person begins with."""

_DEVICE = "device:"


class Held(NamedTuple):
    """What the leases say: the keys of users and owners, and of the device where it has no owner.

    `conflict` says that they name several, `leased` whether anybody held the address at all.
    """

    people: frozenset[str] = frozenset()
    device: str | None = None
    conflict: bool = False
    leased: bool = False


UNHELD = Held()


class Holders:
    """Look-ups of leases, with the people of the directory put to them."""

    def __init__(self, leases: LeaseTable | None, roster: Roster, drift: int) -> None:
        self._leases = leases
        self._roster = roster
        self._drift = drift
        self._users: dict[str, str] = {}
        self._dated: dict[int, bool] = {}
        self._held: dict[tuple[tuple[int, ...], str | None], Held] = {}

    def timeline(self, address: str) -> Timeline | None:
        """Give the leases of an address, None where there are none."""
        return self._leases.timeline(address) if self._leases is not None else None

    def at(self, address: str, time: int, device: str | None) -> tuple[Held, int]:
        """Give whom the leases name for an address at a time (ns), and the segment of the leases in which that lies.

        `device` is what the contact itself says of its device: leases of other devices are not believed then.
        """
        line = self.timeline(address)
        if line is None:
            return UNHELD, 0
        numbers, place = line.window(time, self._drift)
        held = self._held.get((numbers, device))
        if held is None:
            held = self._judge(numbers, time, device)
            if not any(map(self._is_dated, numbers)):
                self._held[numbers, device] = held
        return held, place

    def is_dated(self, address: str) -> bool:
        """Say whether a record with dates has a say in whom the leases of an address name."""
        line = self.timeline(address)
        return line is not None and any(self._is_dated(number) for numbers in line.lessees for number in numbers)

    def _judge(self, numbers: tuple[int, ...], time: int, device: str | None) -> Held:
        if NOBODY in numbers:
            return Held(conflict=True, leased=True)
        lessees = self._lessees(numbers)
        users = [lessee for lessee in lessees if lessee.user is not None]
        devices = [one for one in lessees if one.user is None and (device is None or _is_same(device, one))]
        keys = {key for lessee in devices for key in self._device_keys(lessee, time)}
        owners = {key for key in keys if key.startswith(PERSON)}
        people = owners | {self._user_key(lessee.user or "") for lessee in users}
        alone = keys - owners
        return Held(
            people=frozenset(people),
            device=next(iter(alone)) if len(alone) == 1 else None,
            conflict=len(keys) > 1 or len(people) > 1 or _contradict(users, devices),
            leased=bool(numbers),
        )

    def _lessees(self, numbers: tuple[int, ...]) -> list[Lessee]:
        return [self._leases.lessees[number] for number in numbers if number != NOBODY] if self._leases else []

    def _is_dated(self, number: int) -> bool:
        dated = self._dated.get(number)
        if dated is None:
            dated = self._dated[number] = not all(
                self._roster.is_timeless(person)
                for lessee in self._lessees((number,))
                for person in self._persons_of(lessee)
            )
        return dated

    def _persons_of(self, lessee: Lessee) -> Iterator[str]:
        """Give every person whom a lessee may turn out to be."""
        if lessee.user is not None:
            key = self._user_key(lessee.user)
            yield from [key.removeprefix(PERSON)] if key.startswith(PERSON) else []
        for name in self._names(lessee):
            yield from self._roster.owners(name, None)

    def breaks(self, address: str) -> list[int]:
        """Give the times at which the answer for an address may change, but for the midnights of dated records."""
        line = self.timeline(address)
        return line.breaks(self._drift) if line is not None else []

    def _user_key(self, user: str) -> str:
        key = self._users.get(user)
        if key is None:
            login = parse_login(user)
            persons = self._roster.find(login) if login else frozenset()
            key = self._users[user] = f"{PERSON}{next(iter(persons))}" if len(persons) == 1 else f"user:{user}"
        return key

    def _device_keys(self, lessee: Lessee, time: int) -> frozenset[str]:
        """Give the keys of the device's owners at a time, its own where it has none."""
        owners = frozenset(
            f"{PERSON}{owner}" for name in self._names(lessee) for owner in self._roster.owners(name, time)
        )
        return owners or frozenset({f"{_DEVICE}{self._leases.name(lessee) if self._leases else ''}"})

    def _names(self, lessee: Lessee) -> frozenset[str]:
        """Give the names by which records of people may know a device."""
        if self._leases is None or lessee.user is not None:
            return frozenset()
        return self._leases.hosts(lessee) | ({lessee.device} if lessee.device else set())


def _is_same(device: str, lessee: Lessee) -> bool:
    """Whether a device's name is that of a lessee; a bare host name and a qualified one meet at the first label."""
    if device in (lessee.device, lessee.host):
        return True
    if lessee.host is None:
        return False
    return device == short_name(lessee.host) or lessee.host == short_name(device)


def _contradict(users: list[Lessee], devices: list[Lessee]) -> bool:
    """Whether sessions and leases name different devices."""
    of_users = {lessee.device for lessee in users} - {None}
    of_devices = {lessee.device for lessee in devices} - {None}
    return bool(of_users and of_devices) and of_users.isdisjoint(of_devices)
