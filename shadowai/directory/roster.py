r"""Look-ups over people: who is meant by a user name, who owns a device, who was in which department when.

A short account name that several people have is ambiguous, not theirs; `DOMAIN\user` and `user@domain` find the person
of that domain and nobody of another one.
"""

from __future__ import annotations

from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from shadowai.directory.identity import Form, Login, short_name
from shadowai.directory.keys import HOME
from shadowai.directory.realms import PUBLIC, Realms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shadowai.directory.people import PersonRow

_NOBODY: frozenset[str] = frozenset()


class Presence(Enum):
    """What the files say of a person at a moment."""

    KNOWN = "known"
    NO_DEPARTMENT = "no department"
    DISPUTED = "disputed"
    OUTSIDE = "outside"


class Standing(NamedTuple):
    """Department and groups of a person at a moment; the department is None but where the presence is KNOWN."""

    presence: Presence
    department: str | None = None
    groups: tuple[str, ...] = ()


class Index:
    """Text to persons: nearly every text has one, so that a set is made only for the others."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        one: dict[str, str] = {}
        many: dict[str, set[str]] = {}
        for text, person in pairs:
            first = one.setdefault(text, person)
            if first is not person and first != person:
                many.setdefault(text, {first}).add(person)
        self._one, self._many = one, many

    def find(self, text: str) -> frozenset[str]:
        """Give the persons whom a text may mean."""
        if text in self._many:
            return frozenset(self._many[text])
        person = self._one.get(text)
        return _NOBODY if person is None else frozenset((person,))


class Roster:
    """Look-ups over rows whose `person` tells who is who; `domains` maps short names of domains to DNS names."""

    def __init__(self, rows: Iterable[PersonRow], domains: Mapping[str, str] | None = None) -> None:
        self.rows = tuple(rows)
        self._domains = domains or {}
        self._logins = Index((str(login), row.person) for row in self.rows for login in row.logins)
        self._stays: dict[str, list[PersonRow]] = {}
        for row in self.rows:
            self._stays.setdefault(row.person, []).append(row)
        for stays in self._stays.values():
            if len(stays) > 1:
                stays.sort(key=lambda row: row.period.order)

    @cached_property
    def _realms(self) -> Realms:
        return Realms(self.rows, self._domains)

    @cached_property
    def _declared(self) -> Index:
        rows = (row for row in self.rows if row.origin.file == HOME)
        return Index((login.local, row.person) for row in rows for login in row.logins if login.form is Form.BARE)

    @cached_property
    def _mails(self) -> Index:
        return Index((str(mail), row.person) for row in self.rows for mail in (*row.mails, *row.others))

    @cached_property
    def _login_locals(self) -> Index:
        return Index((login.local, row.person) for row in self.rows for login in row.logins)

    @cached_property
    def _mail_locals(self) -> Index:
        return Index((mail.local, row.person) for row in self.rows for mail in row.mails)

    @cached_property
    def _names(self) -> Index:
        return Index((row.name, row.person) for row in self.rows if row.name)

    @cached_property
    def _devices(self) -> Mapping[str, list[PersonRow]]:
        """Rows by device, and those of qualified names also by their first label, behind a dot."""
        found: dict[str, list[PersonRow]] = {}
        for row in self.rows:
            if row.device is not None:
                found.setdefault(row.device, []).append(row)
                if short := short_name(row.device):
                    found.setdefault(f".{short}", []).append(row)
        return found

    def find(self, login: Login) -> frozenset[str]:
        """Give the persons whom a user name may mean: none, one, or several where it is ambiguous."""
        exact = _NOBODY if login.form is Form.LDAP else self._logins.find(str(login))
        if login.form is Form.BARE and exact:
            # A bare name that the user's own file gives to somebody is theirs; one of an export may be of any domain.
            exact = self._declared.find(login.local)
        if exact:
            return exact
        if login.form is Form.MAIL:
            return self._find_mail(login)
        if login.form is Form.LOGON:
            return self._find_account(login)
        found = self._login_locals.find(login.local) or self._mail_locals.find(login.local)
        return self._names.find(login.local) if not found and login.form is Form.LDAP else found

    def department(self, person: str, time: int | None) -> str | None:
        """Department of a person at a time, the latest one where the time is unknown; None where it is not known."""
        return self.standing(person, time).department

    def standing(self, person: str, time: int | None) -> Standing:
        """Say where a person belonged at a time (ns), or belongs at last where the time is None.

        A record with dates outranks one without: an export without them tells the day on which it was made. An account
        that is disabled has its say only where no other record names a department. Records of one rank that
        contradict each other leave the department unknown.
        """
        stays = self._stays[person]
        if time is None:
            dated = [row for row in stays if row.department is not None and is_dated(row)]
            return _standing(dated[-1:] or stays)
        held = [row for row in stays if row.period.holds(time) and row.employed.holds(time)]
        if not held or (len(held) < len(stays) and _has_left(stays, time)):
            return Standing(Presence.OUTSIDE)
        return _standing(held)

    def is_timeless(self, person: str) -> bool:
        """Say whether a person's standing is the same at all times."""
        rows = self._stays[person]
        return all(end is None for row in rows for end in _ends(row))

    @cached_property
    def are_all_timeless(self) -> bool:
        """Whether nobody's standing ever changes, as where an export without dates is all that is known."""
        return all(map(self.is_timeless, self._stays))

    def stays(self, person: str) -> tuple[PersonRow, ...]:
        """Every record of a person, in the order of time."""
        return tuple(self._stays[person])

    def persons(self) -> Iterator[str]:
        """Everybody's identity, in the order of the files."""
        return iter(self._stays)

    def owners(self, device: str, time: int | None) -> frozenset[str]:
        """Give the persons who own a device (host name or address, normalised) at a time.

        A bare name and a qualified one meet when their first labels agree; two qualified names must be the same.
        """
        short = short_name(device)
        fallback = f".{device}" if short is None else short
        rows = self._devices.get(device) or self._devices.get(fallback) or ()
        return frozenset(row.person for row in rows if time is None or row.period.holds(time))

    def _accounts(self, person: str) -> list[Login]:
        """Give the accounts of a person that are qualified by a domain."""
        return [login for row in self._stays[person] for login in row.logins if login.form is Form.LOGON]

    def _find_mail(self, login: Login) -> frozenset[str]:
        if exact := self._mails.find(str(login)):
            return exact
        # The same name before a foreign domain is another person: anna@gmail.example is not anna.
        domain = login.domain or ""
        if domain in PUBLIC or not self._realms.knows(domain):
            return _NOBODY
        named = self._login_locals.find(login.local) | self._mail_locals.find(login.local)
        own = frozenset(person for person in named if domain in self._realms.of(person))
        found = own or frozenset(person for person in named if not self._realms.of(person))
        # Kerberos writes the accounts of a Windows domain so.
        return found or (self._find_account(login) if self._realms.is_mapped(domain) else _NOBODY)

    def _find_account(self, login: Login) -> frozenset[str]:
        accounts, mails = self._login_locals.find(login.local), self._mail_locals.find(login.local)
        return self._of_domain(login, accounts) or self._of_domain(login, mails)

    def _of_domain(self, login: Login, named: frozenset[str]) -> frozenset[str]:
        """Give those among persons of one account name whose domain is the login's, else those who may be of it."""
        domain = login.domain or ""
        bonds = {person: self._realms.bond(domain, person, self._accounts(person)) for person in named}
        best = max(bonds.values(), default=0)
        return frozenset(person for person, bond in bonds.items() if bond == best) if best else _NOBODY


def is_dated(row: PersonRow) -> bool:
    """Say whether a record tells from when, or until when, its department holds."""
    return row.period.first is not None or row.period.last is not None


def _ends(row: PersonRow) -> tuple[int | None, ...]:
    return row.period.first, row.period.last, row.employed.first, row.employed.last


def _has_left(stays: list[PersonRow], time: int) -> bool:
    """Whether every record that tells when the person was employed tells another time."""
    told = [row.employed for row in stays if row.employed.first is not None or row.employed.last is not None]
    return bool(told) and not any(employed.holds(time) for employed in told)


def _standing(rows: list[PersonRow]) -> Standing:
    if len(rows) == 1:
        (row,) = rows
        presence = Presence.NO_DEPARTMENT if row.department is None else Presence.KNOWN
        return Standing(presence, row.department, row.groups)
    groups = tuple(sorted({group for row in rows for group in row.groups}))
    departments = decisive(rows)
    if len(departments) > 1:
        return Standing(Presence.DISPUTED, None, groups)
    if not departments:
        return Standing(Presence.NO_DEPARTMENT, None, groups)
    return Standing(Presence.KNOWN, departments.pop(), groups)


def decisive(rows: Iterable[PersonRow]) -> set[str]:
    """Give the departments that the records of the highest rank name, of those that hold at one moment."""
    ranks: dict[int, set[str]] = {}
    for row in rows:
        if row.department is not None:
            ranks.setdefault(2 if is_dated(row) else int(row.active), set()).add(row.department)
    return ranks[max(ranks)] if ranks else set()
