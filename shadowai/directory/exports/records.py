"""One record of an export turned into a row of a person."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from shadowai.directory.exports.units import UnitMap, common_name, domain_of, parent_of
from shadowai.directory.identity import Form, Login, normalise_device, normalise_name, parse_login
from shadowai.directory.people import Origin, PersonRow
from shadowai.directory.tables import split_values

if TYPE_CHECKING:
    from shadowai.directory.exports.files import Record
    from shadowai.directory.exports.kinds import ExportKind
    from shadowai.directory.options import DirectoryOptions

DATES = ("from", "until", "hired", "left")

_NOTHING = frozenset(
    {"-", "--", "n/a", "na", "none", "null", "(null)", "nil", "#n/a", "\\n", "unknown", "tbd", "not set"}
)
_LONGEST = max(map(len, _NOTHING))
_INACTIVE = frozenset(
    {"false", "0", "no", "disabled", "inactive", "suspended", "deprovisioned", "terminated", "archived", "left", "f"}
)
_ACTIVE = frozenset({"true", "1", "yes", "t"})
_PEOPLE = frozenset({"user", "person", "inetorgperson", "organizationalperson"})
_TYPE_NAMES = ("Microsoft.ActiveDirectory.", "System.Collections.", "System.String[]", "System.Object[]")
_DISABLED = 0x2  # ACCOUNTDISABLE of userAccountControl, [MS-ADTS] section 2.2.16
_FORMULA = ("'=", "'+", "'-", "'@")  # a cell that was kept from being a formula


class RecordReader:
    """Reads the records of one file; `oddities` counts what was odd: {what: (how often, first line)}."""

    def __init__(self, kind: ExportKind, columns: frozenset[str] | None, file: str, options: DirectoryOptions) -> None:
        self._own_fields = kind.own
        known = {
            field: tuple(c for c in names if columns is None or c in columns) for field, names in kind.columns.items()
        }
        self._columns = {field: names for field, names in known.items() if names}
        self._has_dates = any(field in self._columns for field in DATES)
        self._file = file
        self._options = options
        self._units = UnitMap(options.units)
        self._groups = {name.casefold(): department for name, department in options.groups.items()}
        self.oddities: dict[str, tuple[int, int]] = {}

    def note(self, oddity: str, line: int) -> None:
        """Count something odd."""
        count, first = self.oddities.get(oddity, (0, line))
        self.oddities[oddity] = count + 1, first

    def dates(self, record: Record) -> tuple[str, ...]:
        """Give the texts of the dates that a record has (`DATES`), empty where it has none."""
        if not self._has_dates:
            return ()
        return tuple(self._one(record, field) for field in DATES)

    def read(self, line: int, record: Record) -> PersonRow | None:
        """Read a record; None where it is no person's, or names nobody."""
        user = parse_login(self._one(record, "user"))
        if not self._is_person(record, user):
            self.note("are of computers, groups or other things, and are left out", line)
            return None
        upn, email = self._address(record, "upn", line), self._address(record, "email", line)
        unit = self._one(record, "unit")
        unit = parent_of(unit) if "=" in unit else unit
        domain = self._one(record, "domain").lower() or (domain_of(unit) if "=" in unit else None)
        account = _qualified(user, domain)
        employee = _employee(self._one(record, "employee"))
        person = self._own({"user": account, "upn": upn, "email": email, "employee": employee})
        if person is None:
            self.note("name nobody (no account, no address, no employee number), and are left out", line)
            return None
        groups = self._many(record, "groups", line)
        name, device = self._one(record, "name"), self._one(record, "device")
        mails = self._addresses(record, "aliases", line)
        return PersonRow(
            person=person,
            logins=(account, upn) if account and upn else (account,) if account else (upn,) if upn else (),
            mails=tuple(dict.fromkeys((email, *mails))) if email else mails,
            department=self._department(record, unit, groups, line),
            name=normalise_name(name) if name else None,
            device=normalise_device(device) if device else None,
            groups=tuple(map(common_name, groups)),
            employee=employee,
            others=self._addresses(record, "others", line),
            domain=domain,
            active=self._is_active(record),
            origin=Origin(self._file, line),
        )

    def _one(self, record: Record, field: str) -> str:
        """Give the one value of a field; empty where there is none, or where there are several that differ."""
        for column in self._columns.get(field, ()):
            values = record.get(column)
            if not values:
                continue
            value = values[0]
            if len(values) > 1 and len(set(values)) > 1:
                return ""
            if len(value) > _LONGEST or value.lower() not in _NOTHING or field in ("user", "upn"):
                return value[1:] if value.startswith(_FORMULA) else value
        return ""

    def _many(self, record: Record, field: str, line: int) -> tuple[str, ...]:
        """Give the values of a field, each once."""
        cells = [cell for column in self._columns.get(field, ()) for cell in record.get(column, ())]
        if not cells:
            return ()
        if len(cells) == 1 and not cells[0].startswith(_TYPE_NAMES):
            return _values(cells[0])
        if any(cell.startswith(_TYPE_NAMES) for cell in cells):
            self.note(f"have the name of a type for {field}: join the values with ; when exporting", line)
            return ()
        return tuple(dict.fromkeys(value for cell in cells for value in _values(cell)))

    def _own(self, names: dict[str, Login | str | None]) -> str | None:
        for field in self._own_fields:
            name = names[field]
            if name:
                return f"employee:{name}" if field == "employee" else str(name)
        return None

    def _address(self, record: Record, field: str, line: int) -> Login | None:
        text = self._one(record, field)
        login = parse_login(text) if text else None
        if login is None or login.form is Form.MAIL:
            return login
        self.note(f"have an {field} that is no address", line)
        return None

    def _addresses(self, record: Record, field: str, line: int) -> tuple[Login, ...]:
        """Give mail addresses; proxyAddresses of other kinds (X500, SIP) have another prefix than smtp."""
        if field not in self._columns:
            return ()
        found: dict[Login, None] = {}
        for value in self._many(record, field, line):
            scheme, colon, address = value.rpartition(":")
            login = parse_login(address) if not colon or scheme.lower() == "smtp" else None
            if login is not None and login.form is Form.MAIL:
                found[login] = None
        return tuple(found)

    def _department(self, record: Record, unit: str, groups: tuple[str, ...], line: int) -> str | None:
        named = self._options.department(sys.intern(self._one(record, "department"))) or self._units.find(unit)
        if named or not self._groups:
            return named
        mapped = {
            self._groups.get(group.casefold()) or self._groups.get(common_name(group).casefold()) for group in groups
        }
        mapped.discard(None)
        if len(mapped) > 1:
            self.note("have no department, and groups of several; it counts as unknown", line)
        return mapped.pop() if len(mapped) == 1 else None

    def _is_person(self, record: Record, user: Login | None) -> bool:
        if user is not None and user.computer:
            return False
        if "class" not in self._columns:
            return True
        return _are_of_a_person(self._many(record, "class", 0))

    def _is_active(self, record: Record) -> bool:
        if self._one(record, "active").lower() in _INACTIVE:
            return False
        for column in self._columns.get("inactive", ()):
            for value in record.get(column, ()):
                if value.lower() in _ACTIVE or (value.isascii() and value.isdigit() and int(value[:10]) & _DISABLED):
                    return False
        return True


def _qualified(user: Login | None, domain: str | None) -> Login | None:
    if user is not None and user.form is Form.BARE and domain:
        return Login(Form.LOGON, user.local, domain)
    return user


@lru_cache(1 << 10)
def _are_of_a_person(classes: tuple[str, ...]) -> bool:
    names = {name.lower() for name in classes}
    return not names or ("computer" not in names and not names.isdisjoint(_PEOPLE))


@lru_cache(1 << 14)  # the same groups are those of many
def _values(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(split_values(cell[1:] if cell.startswith(_FORMULA) else cell)))


def _employee(text: str) -> str | None:
    """Employee numbers lose their leading zeros: spreadsheets do it to some of them."""
    return (text.lstrip("0") or None) if text.isdigit() else text.lower() or None
