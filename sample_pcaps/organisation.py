"""The small organisation of the samples: Harbour Works, five departments on two sites, and the files it keeps.

All names are invented; addresses are private (RFC 1918) or for documentation (RFC 3849, RFC 5737), and so is the domain
(RFC 2606).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DOMAIN = "harbour.example"
DEPARTMENTS = {"Engineering": 1, "Sales": 2, "Finance": 3, "Legal": 4, "Marketing": 5}
HEADCOUNTS = {"Engineering": 14, "Sales": 10, "Finance": 7, "Legal": 4, "Marketing": None}
HEADS = {
    "Engineering": "Ingrid Aasen",
    "Sales": "Ruben Castel",
    "Finance": "Mina Okafor",
    "Legal": "Jonas Adler",
    "Marketing": "Elif Demir",
}


@dataclass(frozen=True)
class Actor:
    """Who does something: a person at a desk, or a place where nobody is known.

    `key` is the identity that the report should find, `department` None where none can be known, `individual` False for
    what stands for many or for a machine. `addresses` are the IPv4 and, for some, the IPv6 address; `login` the user
    name that a proxy records, None where it records none.
    """

    key: str
    department: str | None
    addresses: tuple[str, ...]
    individual: bool = True
    login: str | None = None
    device: str | None = None
    vlan: int | None = None


@dataclass(frozen=True)
class Person:
    """One human: `site` is hq or branch, `listed` an address that people.csv names as this person's device."""

    user: str
    name: str
    department: str
    site: str = "hq"
    listed: str | None = None


# Engineering, Finance and Legal sit at headquarters, Marketing at the branch, Sales at both.
PEOPLE = [
    Person("a.lind", "Anna Lind", "Engineering"),
    Person("b.moreau", "Bruno Moreau", "Engineering"),
    Person("c.osei", "Comfort Osei", "Engineering", listed="2001:db8:20:1::c"),
    Person("d.varga", "Dora Varga", "Engineering"),
    Person("e.novak", "Emil Novak", "Engineering", listed="10.20.1.14"),
    Person("f.silva", "Filipa Silva", "Engineering"),
    Person("g.haddad", "Ghassan Haddad", "Engineering"),
    Person("h.berg", "Hanna Berg", "Engineering"),
    Person("i.aasen", "Ingrid Aasen", "Engineering"),
    Person("j.park", "Jisoo Park", "Engineering"),
    Person("k.weber", "Karl Weber", "Engineering"),
    Person("l.tan", "Lena Tan", "Engineering"),
    Person("i.costa", "Ines Costa", "Sales"),
    Person("j.meyer", "Julia Meyer", "Sales"),
    Person("r.castel", "Ruben Castel", "Sales"),
    Person("s.quist", "Sven Quist", "Sales"),
    Person("t.amari", "Tariq Amari", "Sales"),
    Person("m.rossi", "Marta Rossi", "Sales", "branch"),
    Person("n.field", "Noor Field", "Sales", "branch"),
    Person("o.lemaire", "Odile Lemaire", "Sales", "branch"),
    Person("p.stone", "Petra Stone", "Sales", "branch"),
    Person("n.patel", "Nisha Patel", "Finance"),
    Person("o.jansen", "Olaf Jansen", "Finance", listed="10.20.3.11"),
    Person("p.kim", "Paul Kim", "Finance"),
    Person("q.wolf", "Quirin Wolf", "Finance"),
    Person("m.okafor", "Mina Okafor", "Finance"),
    Person("y.sato", "Yuki Sato", "Finance"),
    Person("j.adler", "Jonas Adler", "Legal"),
    Person("s.dubois", "Simone Dubois", "Legal"),
    Person("t.eriksen", "Tove Eriksen", "Legal"),
    Person("u.fontaine", "Ulysse Fontaine", "Legal", listed="10.20.4.13"),
    Person("v.greco", "Vito Greco", "Marketing", "branch"),
    Person("w.hughes", "Wanda Hughes", "Marketing", "branch"),
    Person("x.larsen", "Xenia Larsen", "Marketing", "branch"),
    Person("y.bauer", "Yara Bauer", "Marketing", "branch"),
    Person("z.cohen", "Zoe Cohen", "Marketing", "branch"),
    Person("k.ito", "Kenji Ito", "Marketing", "branch"),
    Person("e.demir", "Elif Demir", "Marketing", "branch"),
    Person("l.romano", "Luca Romano", "Marketing", "branch", listed="2001:db8:30:5::17"),
    Person("f.jones", "Frida Jones", "Marketing", "branch"),
]

NETWORKS = [
    ("10.20.1.0/24", "Engineering", "client"),
    ("10.20.2.0/24", "Sales", "client"),
    ("10.20.3.0/24", "Finance", "client"),
    ("10.20.4.0/24", "Legal", "client"),
    ("10.20.7.0/24", "Engineering", "server"),
    ("10.30.0.1/32", "Sales", "nat"),
    ("10.30.0.0/16", "Marketing", "client"),
    ("10.30.2.0/24", "Sales", "client"),
    ("10.30.9.0/24", "Marketing", "shared"),
    ("2001:db8:20:1::/64", "Engineering", "client"),
    ("2001:db8:30:5::/64", "Marketing", "client"),
]

BUILD_SERVER = Actor("server:10.20.7.20", "Engineering", ("10.20.7.20",), individual=False)
BRANCH_NAT = Actor("shared:10.30.0.1", "Sales", ("10.30.0.1",), individual=False)
MEETING_ROOM = Actor("shared:10.30.9.15", "Marketing", ("10.30.9.15",), individual=False)
HOT_DESK = Actor("address:10.20.2.90", "Sales", ("10.20.2.90",), individual=False)
VISITOR = Actor("address:10.99.0.23", None, ("10.99.0.23",))


def actors() -> dict[str, Actor]:
    """Every person as an actor at the usual desk, by user."""
    seats: dict[str, int] = {}
    found = {}
    for person in PEOPLE:
        number = DEPARTMENTS[person.department]
        seat = seats[person.department] = seats.get(person.department, 9) + 1
        site = 20 if person.site == "hq" else 30
        address = f"10.{site}.{number}.{seat}"
        more = (person.listed,) if person.listed and person.listed != address else ()
        login = f"{person.user}@{DOMAIN}" if person.site == "hq" else f"HARBOUR\\{person.user}"
        vlan = 30 if person.department == "Finance" else None
        key = f"person:{person.user}"
        device = device_of(person)
        found[person.user] = Actor(key, person.department, (address, *more), login=login, device=device, vlan=vlan)
    return found


def device_of(person: Person) -> str:
    """Host name of a person's computer."""
    return f"{person.site}-{person.user.replace('.', '')}"


def mail_of(person: Person) -> str:
    """Mail address of a person."""
    return f"{person.name.lower().replace(' ', '.')}@{DOMAIN}"


def directory_files() -> dict[str, str]:
    """Give the text of networks.csv, people.csv and departments.csv."""
    people: list[tuple[str, ...]] = []
    for person in PEOPLE:
        row = (person.user, mail_of(person), person.department, person.name)
        # Kenji Ito changed departments before the morning of the samples.
        since = "2026-11-01" if person.user == "k.ito" else ""
        people.append((*row, device_of(person), since, ""))
        if person.listed:
            people.append((*row, person.listed, since, ""))
    people.append(("k.ito", f"kenji.ito@{DOMAIN}", "Sales", "Kenji Ito", "", "", "2026-10-31"))
    by_name = {person.name: person for person in PEOPLE}
    departments = [
        (name, "", HEADS[name], mail_of(by_name[HEADS[name]]), "" if count is None else str(count))
        for name, count in HEADCOUNTS.items()
    ]
    return {
        "networks.csv": _csv(("network", "department", "kind"), NETWORKS),
        "people.csv": _csv(("user", "email", "department", "name", "device", "from", "until"), people),
        "departments.csv": _csv(("department", "parent", "head", "email", "headcount"), departments),
    }


def headcount(department: str) -> int:
    """Headcount as declared, else the number of people that people.csv has in the department."""
    declared = HEADCOUNTS[department]
    return declared if declared is not None else sum(person.department == department for person in PEOPLE)


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
