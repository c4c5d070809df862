"""The people of the made-up organisation, their departments, their moves, their names and their devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.organisation.clock import date_of, day_of, dice

if TYPE_CHECKING:
    import random
    from datetime import date

    from support.organisation.clock import Size

DOMAIN, REALM = "harbour.example", "HARBOUR"

DEPARTMENTS: dict[str, str | None] = {
    "Board": None,
    "Engineering": None,
    "Platform": "Engineering",
    "Applications": "Engineering",
    "Research": "Applications",
    "Commercial": None,
    "Sales": "Commercial",
    "Marketing": "Commercial",
    "Administration": None,
    "Finance": "Administration",
    "Legal": "Administration",
    "Works": None,
}
"""Every department and the one above it; those above have people of their own too."""

DECLARED = {"Board": 4, "Sales": 60}
"""Headcounts that departments.csv declares; of the others, the people of people.csv are counted."""

_FIRST_TEXT = (
    "Anna Bruno Comfort Dora Emil Filipa Ghassan Hanna Ingrid Jisoo Karl Lena Marta Noor Odile Petra Quirin Ruben "
    "Simone Tove Ulysse Vito Wanda Xenia Yara Zoe Aiko Bilal Chiara Deniz"
)
_FIRST = _FIRST_TEXT.split()
_LAST_TEXT = (
    "Lind Moreau Osei Varga Novak Silva Haddad Berg Aasen Park Weber Tan Costa Meyer Castel Quist Amari Rossi Field "
    "Lemaire Stone Patel Jansen Kim Wolf Okafor Sato Adler Dubois Eriksen Fontaine Greco Hughes Larsen Bauer Cohen"
)
_LAST = _LAST_TEXT.split()
_SEATS = ("hq", "branch", "works", "hq", "vpn", "branch", "hq", "nat", "works", "desk", "hq", "lab", "branch")
_MOVING, _ALIASED, _BY_MAC, _PILOT = 0.12, 0.1, 0.15, 0.1  # shares of the people


@dataclass(frozen=True)
class Person:
    """One human. `moved` is the department from the day `since` on, for those who change.

    `alias` is a second mail address. `seat` is where the person works: hq, branch, works, vpn, nat, desk (a fixed
    address that people.csv lists) or lab (one that nothing lists). `listed` is what people.csv names as the device: a
    host name, a MAC address or a fixed address.
    """

    user: str
    name: str
    department: str
    seat: str
    host: str
    mac: str
    listed: str
    alias: str | None = None
    moved: str | None = None
    since: date | None = None
    is_pilot: bool = False

    @property
    def key(self) -> str:
        """The identity that a report should find."""
        return f"person:{self.user}"

    @property
    def mail(self) -> str:
        """Mail address."""
        return f"{self.name.lower().replace(' ', '.')}@{DOMAIN}"

    @property
    def upn(self) -> str:
        """User principal name, which is not the mail address here."""
        return f"{self.user}@{DOMAIN}"

    @property
    def logon(self) -> str:
        """Down-level logon name."""
        return f"{REALM}\\{self.user}"

    def department_at(self, time: int) -> str:
        """Department on the UTC day of a time (ns)."""
        return self.moved if self.moved and self.since and day_of(time) >= self.since else self.department


def lineage(department: str | None) -> tuple[str, ...]:
    """Give a department and those above it, nearest first."""
    found = []
    while department is not None:
        found.append(department)
        department = DEPARTMENTS.get(department)
    return tuple(found)


def make_people(seed: int, size: Size) -> list[Person]:
    """Make everybody, deterministic for a seed."""
    rng = dice(seed, "people")
    names = [f"{first} {last}" for first in _FIRST for last in _LAST]
    users: set[str] = set()
    return [_person(rng, number, name, users, size) for number, name in enumerate(rng.sample(names, size.people))]


def _person(rng: random.Random, number: int, name: str, users: set[str], size: Size) -> Person:
    department = rng.choice(list(DEPARTMENTS))
    user = _user(name, users)
    mac = ":".join(f"{octet:02x}" for octet in (2, 0, 94, 16, number >> 8, number & 255))
    host = f"lap-{number:04d}"
    seat = _SEATS[number % len(_SEATS)]
    listed = mac if rng.random() < _BY_MAC else host
    moves = rng.random() < _MOVING
    others = [one for one in DEPARTMENTS if one != department]
    return Person(
        user,
        name,
        department,
        seat,
        host,
        mac,
        fixed_address(number) if seat == "desk" else listed,
        alias=f"{user.replace('.', '-')}.{number}@{DOMAIN}" if rng.random() < _ALIASED else None,
        moved=rng.choice(others) if moves else None,
        since=date_of(size.half) if moves else None,
        is_pilot=rng.random() < _PILOT or number == 1,
    )


def fixed_address(number: int) -> str:
    """Address of a desk whose computer has the same one for ever."""
    return f"10.10.220.{number % 240 + 10}"


def _user(name: str, users: set[str]) -> str:
    first, last = name.lower().split()
    user = next(one for one in _spellings(first, last) if one not in users)
    users.add(user)
    return user


def _spellings(first: str, last: str) -> list[str]:
    return [f"{first[:length]}.{last}" for length in range(1, len(first) + 1)]
