"""The people of the organisation: their spellings, their devices, and their department at a given time.

Several rows of people.csv with the same `user` are one person: other periods (`from`, `until`), other devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.directory.identity import Form, Login, normalise_device, normalise_name, parse_login, short_name
from shadowai.directory.tables import DAY, Columns, Findings, Row, parse_day, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COLUMNS = Columns(("user", "email", "department"), ("name", "device", "from", "until"))


@dataclass(frozen=True, slots=True)
class Period:
    """Days since 1970-01-01 (UTC), both ends included; None is open."""

    first: int | None = None
    last: int | None = None

    def holds(self, time: int) -> bool:
        """Say whether a time (ns since the epoch) lies in the period."""
        day = time // DAY
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def overlaps(self, later: Period) -> bool:
        """Say whether a period that begins no earlier has a day in common with this one."""
        return self.last is None or later.first is None or later.first <= self.last

    @property
    def order(self) -> tuple[bool, int, bool, int]:
        """Sort key: by first day, then by last day, open ends outermost."""
        return self.first is not None, self.first or 0, self.last is None, self.last or 0


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One row of people.csv, read. `person` is the canonical user: the text that is the person's identity."""

    person: str
    login: Login
    email: Login | None
    department: str
    period: Period
    name: str | None = None
    device: str | None = None


class Roster:
    """Look-ups over people.csv: persons by name, owners by device, department by time."""

    def __init__(self, rows: Iterable[PersonRow]) -> None:
        self.rows = tuple(rows)
        self._logins: dict[str, str] = {}
        self._mails: dict[str, set[str]] = {}
        self._login_locals: dict[str, set[Login]] = {}
        self._mail_locals: dict[str, set[str]] = {}
        self._names: dict[str, set[str]] = {}
        self._domains: set[str] = set()
        self._stays: dict[str, list[PersonRow]] = {}
        self._devices: dict[str, list[PersonRow]] = {}
        self._short_devices: dict[str, list[PersonRow]] = {}
        for row in self.rows:
            self._index(row)
        for stays in self._stays.values():
            stays.sort(key=lambda row: row.period.order)

    def find(self, login: Login) -> frozenset[str]:
        """Give the persons whom a user name may mean: none, one, or several where it is ambiguous."""
        text = str(login)
        if login.form is not Form.LDAP and text in self._logins:
            return frozenset({self._logins[text]})
        if login.form is Form.MAIL:
            return self._find_mail(login)
        accounts = self._find_account(login) or self._mail_locals.get(login.local, set())
        if not accounts and login.form is Form.LDAP:
            accounts = self._names.get(login.local, set())
        return frozenset(accounts)

    def department(self, person: str, time: int | None) -> str | None:
        """Department of a person at a time, the latest one where the time is unknown; None outside all periods."""
        stays = self._stays[person]
        if time is None:
            return stays[-1].department
        return next((row.department for row in stays if row.period.holds(time)), None)

    def owners(self, device: str, time: int | None) -> frozenset[str]:
        """Give the persons who own a device (host name or address, normalised) at a time.

        A bare name and a qualified one meet when their first labels agree; two qualified names must be the same.
        """
        short = short_name(device)
        fallback = self._short_devices.get(device, ()) if short is None else self._devices.get(short, ())
        rows = self._devices.get(device) or fallback
        return frozenset(row.person for row in rows if time is None or row.period.holds(time))

    def _index(self, row: PersonRow) -> None:
        self._logins[str(row.login)] = row.person
        self._login_locals.setdefault(row.login.local, set()).add(row.login)
        self._stays.setdefault(row.person, []).append(row)
        if row.login.form is Form.MAIL and row.login.domain:
            self._domains.add(row.login.domain)
        if row.email is not None and row.email.domain:
            self._domains.add(row.email.domain)
            self._mails.setdefault(str(row.email), set()).add(row.person)
            self._mail_locals.setdefault(row.email.local, set()).add(row.person)
        if row.name is not None:
            self._names.setdefault(row.name, set()).add(row.person)
        if row.device is not None:
            self._devices.setdefault(row.device, []).append(row)
            if short := short_name(row.device):
                self._short_devices.setdefault(short, []).append(row)

    def _find_mail(self, login: Login) -> frozenset[str]:
        if exact := self._mails.get(str(login)):
            return frozenset(exact)
        # The same name before a foreign domain is another person: anna@gmail.example is not anna.
        if login.domain not in self._domains:
            return frozenset()
        accounts = {self._logins[str(entry)] for entry in self._login_locals.get(login.local, ())}
        return frozenset(accounts | self._mail_locals.get(login.local, set()))

    def _find_account(self, login: Login) -> set[str]:
        entries = self._login_locals.get(login.local, ())
        return {self._logins[str(entry)] for entry in entries if _same_domain(login, entry)}


def read_people(path: Path, findings: Findings) -> list[PersonRow]:
    """Read people.csv; problems go to `findings`."""
    placed = [(row, person) for row in read_table(path, COLUMNS, findings) if (person := _parse_row(row, findings))]
    _check_periods(placed, findings)
    _check_shared(placed, findings)
    return [person for _, person in placed]


def _same_domain(login: Login, entry: Login) -> bool:
    """Two logon domains must agree where both are named; the file may well leave them out."""
    return login.form is not Form.LOGON or entry.form is not Form.LOGON or login.domain == entry.domain


def _parse_row(row: Row, findings: Findings) -> PersonRow | None:
    noted = len(findings.problems)
    login = parse_login(row["user"])
    email = parse_login(row["email"])
    if login is None:
        findings.problem(row.file, row.line, "user is empty; write the name with which the person logs on")
    if email is not None and email.form is not Form.MAIL:
        findings.problem(
            row.file, row.line, f"email {row['email']!r} is not a mail address; correct it or leave it empty"
        )
    if not row["department"]:
        findings.problem(row.file, row.line, "department is empty; name the department of this person")
    first, last = parse_day(row, "from", findings), parse_day(row, "until", findings)
    if first is not None and last is not None and last < first:
        findings.problem(row.file, row.line, "until lies before from; swap the two dates")
    if login is None or len(findings.problems) > noted:
        return None
    name = normalise_name(row["name"]) or None
    device = normalise_device(row["device"])
    return PersonRow(str(login), login, email, row["department"], Period(first, last), name, device)


def _check_periods(placed: list[tuple[Row, PersonRow]], findings: Findings) -> None:
    by_person: dict[str, list[tuple[Row, PersonRow]]] = {}
    for row, person in placed:
        by_person.setdefault(person.person, []).append((row, person))
    for stays in by_person.values():
        stays.sort(key=lambda stay: stay[1].period.order)
        reach = stays[0]
        for stay in stays[1:]:
            if reach[1].period.overlaps(stay[1].period):
                _check_pair(reach, stay, findings)
            reach = max(reach, stay, key=lambda one: (one[1].period.last is None, one[1].period.last or 0))


def _check_pair(earlier: tuple[Row, PersonRow], later: tuple[Row, PersonRow], findings: Findings) -> None:
    (first_row, first), (row, second) = sorted((earlier, later), key=lambda stay: stay[0].line)
    if first.department == second.department:
        return
    message = (
        f"user {second.person!r} is in {second.department!r} here and in {first.department!r} on line {first_row.line}"
        " at the same time; give the rows periods (from, until) that do not overlap"
    )
    findings.problem(row.file, row.line, message)


def _check_shared(placed: list[tuple[Row, PersonRow]], findings: Findings) -> None:
    """Warn of a mail address that two users have: it names nobody."""
    owners: dict[str, str] = {}
    for row, person in placed:
        if person.email is None:
            continue
        first = owners.setdefault(str(person.email), person.person)
        if first != person.person:
            message = f"email {person.email} belongs to {first!r} and to {person.person!r}, so it identifies neither"
            findings.warn(row.file, row.line, message)
