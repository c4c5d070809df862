"""The people of the organisation as the files describe them: one row a record, and people.csv itself.

Several rows of people.csv with the same `user` are one person: other periods (`from`, `until`), other devices. Rows of
other systems' exports (`shadowai.directory.exports`) have the same form; `shadowai.directory.persons` joins them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from shadowai.directory.identity import Form, Login, normalise_device, normalise_name, parse_login
from shadowai.directory.tables import Columns, Findings, Row, parse_day, read_table, split_values
from shadowai.model import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from shadowai.directory.options import DirectoryOptions

COLUMNS = Columns(
    ("user", "email", "department"), ("name", "device", "from", "until", "groups"), either=("user", "email")
)


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


ALWAYS = Period()


class Origin(NamedTuple):
    """Where a row was read: the file, below the directory's folder, and the line or record."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class PersonRow(NamedTuple):
    """What one record says of a person.

    `person` is the text that is the person's identity. `logins` are names to log on with: an account, qualified by its
    domain where that is known, and the user principal name. `mails` are addresses of the organisation, `others` private
    ones, which identify but teach no domain. `domain` is the DNS domain of the account. `department` holds during
    `period`, None where the record names none; `employed` is when the person belonged to the organisation at all.
    `active` is False for an account that is disabled.
    """

    person: str
    logins: tuple[Login, ...]
    mails: tuple[Login, ...]
    department: str | None
    period: Period = ALWAYS
    name: str | None = None
    device: str | None = None
    groups: tuple[str, ...] = ()
    employed: Period = ALWAYS
    employee: str | None = None
    others: tuple[Login, ...] = ()
    domain: str | None = None
    active: bool = True
    origin: Origin = Origin("people.csv", 0)

    @property
    def canonical(self) -> str:
        """Everything but where it was read, as text: two rows that say the same have the same."""
        periods = (self.period.first, self.period.last, self.employed.first, self.employed.last)
        names = (self.logins, self.mails, self.others, self.groups)
        texts = (self.person, self.department, self.name, self.device, self.employee, self.domain)
        listed = "\2".join("\1".join(map(str, values)) for values in names)
        return "\2".join(map(str, (*texts, listed, self.active, *periods)))

    def of(self, person: str) -> PersonRow:
        """Give the same row as that of a person; `_replace` would take four times as long."""
        return PersonRow(person, *self[1:])


def read_people(path: Path, options: DirectoryOptions, findings: Findings) -> list[PersonRow]:
    """Read people.csv; problems go to `findings`."""
    rows = read_table(path, COLUMNS.under(options.columns.get("people")), findings)
    people = list(each_device(person for row in rows if (person := _parse_row(row, options, findings))))
    people = _moved(path, people, findings)
    _check_periods(path, people, findings)
    return people


def _moved(path: Path, people: list[PersonRow], findings: Findings) -> list[PersonRow]:
    """End a stay on the day before the next one where both name the day of the move: the new department has that."""
    begins: dict[tuple[str, int], set[str | None]] = {}
    for row in people:
        if row.period.first is not None:
            begins.setdefault((row.person, row.period.first), set()).add(row.department)
    return [_ended(path, row, begins, findings) for row in people] if begins else people


def _ended(
    path: Path, row: PersonRow, begins: Mapping[tuple[str, int], set[str | None]], findings: Findings
) -> PersonRow:
    first, last = row.period.first, row.period.last
    if last is None or row.department is None or (first is not None and first >= last):
        return row
    if not begins.get((row.person, last), set()) - {row.department, None}:
        return row
    message = f"until is the day on which {row.person!r} begins elsewhere; from that day on the new department counts"
    findings.warn(path, row.origin.line, message)
    return row._replace(period=Period(first, last - 1))


def each_device(rows: Iterable[PersonRow]) -> Iterator[PersonRow]:
    """Give a row for each device where a cell names several, separated by `;`: no name or address has one in it."""
    for row in rows:
        if row.device is None or ";" not in row.device:
            yield row
            continue
        for device in split_values(row.device) or (None,):
            yield row._replace(device=normalise_device(device))


def _parse_row(row: Row, options: DirectoryOptions, findings: Findings) -> PersonRow | None:
    cell = row.cells.get
    email = parse_login(cell("email"))
    login = parse_login(cell("user")) or email
    department = options.department(sys.intern(cell("department", "")))
    period = ALWAYS
    problems = False
    if cell("from") or cell("until"):
        noted = len(findings.problems)
        period = Period(parse_day(row, "from", findings), parse_day(row, "until", findings))
        problems = len(findings.problems) > noted
    for message in _problems(row, login, email, period):
        findings.problem(row.file, row.line, message)
        problems = True
    if login is None or problems:
        return None
    name, device, groups = cell("name"), cell("device"), cell("groups")
    return PersonRow(
        person=str(login),
        logins=(login,),
        mails=(email,) if email else (),
        department=department,
        period=period,
        name=normalise_name(name) if name else None,
        device=normalise_device(device) if device else None,
        groups=split_values(groups) if groups else (),
        origin=Origin(row.file.name, row.line),
    )


def _problems(row: Row, login: Login | None, email: Login | None, period: Period) -> list[str]:
    """Say what makes a row unusable, beside dates that are none."""
    found = []
    if login is None:
        found.append("user and email are empty; write the name with which the person logs on, or the address")
    if email is not None and email.form is not Form.MAIL:
        found.append(f"email {row['email']!r} is not a mail address; correct it or leave it empty")
    if period.first is not None and period.last is not None and period.last < period.first:
        found.append("until lies before from; swap the two dates")
    return found


def _check_periods(path: Path, people: list[PersonRow], findings: Findings) -> None:
    first: dict[str, PersonRow] = {}
    several: dict[str, list[PersonRow]] = {}
    for row in people:
        if row.department is None:
            continue
        one = first.setdefault(row.person, row)
        if one is not row:
            several.setdefault(row.person, [one]).append(row)
    for stays in several.values():
        for pair in overlapping(stays):
            earlier, later = sorted(pair, key=lambda stay: stay.origin.line)
            message = (
                f"user {later.person!r} is in {later.department!r} here and in {earlier.department!r} on line"
                f" {earlier.origin.line} at the same time; give the rows periods (from, until) that do not overlap"
            )
            findings.problem(path, later.origin.line, message)


def overlapping(stays: list[PersonRow]) -> list[tuple[PersonRow, PersonRow]]:
    """Give the pairs among one person's rows (at least one) that name different departments for the same day."""
    ordered = iter(sorted(stays, key=lambda stay: stay.period.order))
    found = []
    reach = next(ordered)
    for stay in ordered:
        if reach.period.overlaps(stay.period) and stay.department != reach.department:
            found.append((reach, stay))
        reach = max(reach, stay, key=lambda one: (one.period.last is None, one.period.last or 0))
    return found
