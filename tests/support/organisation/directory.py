"""The files of the directory: networks, departments, people with their moves, an export with their other names."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

from support.organisation.leases import lease_files
from support.organisation.people import DECLARED, DEPARTMENTS
from support.organisation.places import NETWORKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from support.organisation.people import Person
    from support.organisation.tenancy import Tenure


def directory_files(people: list[Person], tenures: list[Tenure]) -> dict[str, str]:
    """Give the text of each file by its path in the directory folder."""
    departments = [(name, above or "", "", "", str(DECLARED.get(name, ""))) for name, above in DEPARTMENTS.items()]
    rows = [row for person in people for row in _stays(person)]
    return {
        "networks.csv": _csv(("network", "department", "kind"), NETWORKS),
        "departments.csv": _csv(("department", "parent", "head", "email", "headcount"), departments),
        "people.csv": _csv(("user", "email", "department", "name", "device", "from", "until", "groups"), rows),
        "people/active-directory.csv": _active_directory([one for one in people if one.alias]),
    } | {f"leases/{name}": text for name, text in lease_files(tenures).items()}


def _stays(person: Person) -> list[tuple[str, ...]]:
    """Give a person's rows: one, or for who moves one until the day before and one from that day on."""
    groups = "ai-pilots;staff" if person.is_pilot else "staff"

    def row(department: str, first: str, last: str) -> tuple[str, ...]:
        return (person.user, person.mail, department, person.name, person.listed, first, last, groups)

    if person.moved is None or person.since is None:
        return [row(person.department, "", "")]
    last = (person.since - timedelta(days=1)).isoformat()
    return [row(person.department, "", last), row(person.moved, person.since.isoformat(), "")]


def _active_directory(people: list[Person]) -> str:
    """Write an export of Active Directory (Get-ADUser): the addresses under which mail reaches a person."""
    rows = [(one.user, one.upn, one.mail, one.name, f"SMTP:{one.mail};smtp:{one.alias}", "TRUE") for one in people]
    header = ("sAMAccountName", "userPrincipalName", "mail", "displayName", "proxyAddresses", "enabled")
    return _csv(header, rows)


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
