"""Records of several files brought together: one person under many names is one.

Within a file a record's own key (account, user principal name, mail address or employee number) says who is who. Across
files, records are one person's where they share an address (user principal name or mail), an account of the same
domain, or an employee number; then, where nothing speaks against it, an account name. Nothing is guessed: what two
people of one file share joins nobody, joins that would make two people of one file into one are undone, and an employee
number that names and mail addresses contradict is not believed. All of that is told.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, TypeVar

from shadowai.directory.identity import Form
from shadowai.directory.keys import HOME, with_keys
from shadowai.directory.people import overlapping
from shadowai.directory.realms import PUBLIC, Realms
from shadowai.directory.roster import decisive, is_dated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from shadowai.directory.options import DirectoryOptions
    from shadowai.directory.people import PersonRow
    from shadowai.directory.tables import Findings

_Item = TypeVar("_Item")


def join_people(
    rows: Sequence[PersonRow], folder: Path, options: DirectoryOptions, findings: Findings
) -> tuple[PersonRow, ...]:
    """Give the rows with `person` as the one key of each person; what could not be joined safely is warned of."""
    files = {row.origin.file for row in rows}
    if files <= {HOME} and not _shares_addresses(rows):
        return tuple(rows)
    entries = _entries(rows)
    joiner = _Joiner(entries, folder, findings)
    joiner.join_by_addresses()
    if len(files) > 1:
        realms = Realms(rows, options.domains)
        joiner.join_by_accounts(realms)
        joiner.join_by_employees()
        joiner.undo_contradictions()
        joiner.join_by_names(realms)
    joined = with_keys([[row for number in group for row in entries[number]] for group in joiner.groups().values()])
    _tell_disputes(joined, folder, findings)
    return joined


def _shares_addresses(rows: Iterable[PersonRow]) -> bool:
    owners: dict[str, str] = {}
    return any(owners.setdefault(address, row.person) != row.person for row in rows for address in _addresses(row))


def _entries(rows: Iterable[PersonRow]) -> list[list[PersonRow]]:
    """Rows by person, as each file tells its people apart."""
    found: defaultdict[tuple[str, str], list[PersonRow]] = defaultdict(list)
    for row in rows:
        found[row.origin.file, row.person].append(row)
    return list(found.values())


class _Sets(Generic[_Item]):
    """Disjoint sets: what was united is found under one name."""

    def __init__(self) -> None:
        self._parents: dict[_Item, _Item] = {}

    def root(self, item: _Item) -> _Item:
        """Give the name of the set that holds an item."""
        parents = self._parents
        while (parent := parents.get(item, item)) != item:
            above = parents.get(parent, parent)
            parents[item] = above
            item = above
        return item

    def unite(self, items: Iterable[_Item]) -> None:
        """Make one set of all that hold these items."""
        first, *others = {self.root(item): None for item in items}
        for root in others:
            self._parents[root] = first

    def take_apart(self, items: Iterable[_Item]) -> None:
        """Make a set of its own of each of these items, which must be all of a set."""
        for item in items:
            self._parents.pop(item, None)


class _Joiner:
    """The rules of this module over entries: the rows of one person as one file knows them."""

    def __init__(self, entries: Sequence[list[PersonRow]], folder: Path, findings: Findings) -> None:
        self._entries = entries
        self._sets = _Sets[int]()
        self._undone: set[int] = set()
        self._folder = folder
        self._findings = findings

    def join_by_addresses(self) -> None:
        """Join who shares a user principal name, a mail address or an alias."""
        for address, numbers in self._sharing(_addresses):
            self._join("email", address, numbers)

    def join_by_accounts(self, realms: Realms) -> None:
        """Join who shares an account of the same domain, by whichever of the domain's names."""

        def accounts(row: PersonRow) -> Iterator[str]:
            for login in row.logins:
                if login.form is Form.LOGON:
                    yield f"{realms.dns_name(login.domain or '')}\\{login.local}"

        for account, numbers in self._sharing(accounts):
            self._join("account", account, numbers)

    def join_by_employees(self) -> None:
        """Join who shares an employee number, unless both names and mail addresses say that these are two people."""
        for employee, numbers in self._sharing(lambda row: (row.employee,) if row.employee else ()):
            strangers = [pair for pair in pairwise(numbers) if not self._may_be_one(*pair)]
            for one, other in strangers[:1]:
                first, second = self._entries[one][0], self._entries[other][0]
                message = (
                    f"employee number {employee} is also that of {first.person!r} ({first.origin}), whose name and"
                )
                self._warn(second, f"{message} mail address are others, so that the two are counted as two people")
            if not strangers:
                self._join("employee number", employee, numbers)

    def undo_contradictions(self) -> None:
        """Take apart every group that holds two people of one file."""
        for members in self.groups().values():
            if len(members) < 2 or self._are_of_different_files(members):  # noqa: PLR2004  # a pair
                continue
            row = self._entries[members[-1]][0]
            message = "shares addresses or employee numbers, by way of other files, with somebody else of the same file"
            self._warn(row, f"{row.person!r} {message}; none of these records is joined; correct what they share")
            self._undone.update(members)
            self._sets.take_apart(members)

    def join_by_names(self, realms: Realms) -> None:
        """Join who has the same account name, where their domains agree or only one domain is known."""
        groups = self.groups()
        domains = {root: frozenset[str]() for root in groups}
        for name, numbers in self._sharing(_account_names):
            roots = list({self._sets.root(number): None for number in numbers})
            if len(roots) == 1 or not self._undone.isdisjoint(numbers):
                continue
            for root in roots:
                domains[root] = frozenset(_domains((row for at in groups[root] for row in self._entries[at]), realms))
            for alike in _of_one_domain({root: domains[root] for root in roots}):
                members = [number for root in alike for number in groups[root]]
                if self._are_of_different_files(members):
                    self._sets.unite(alike)
                    groups[self._sets.root(alike[0])] = members
            if len({self._sets.root(root) for root in roots}) > 1:
                first, second = self._entries[roots[0]][0], self._entries[roots[1]][0]
                message = f"account name {name!r} is also that of {first.person!r} ({first.origin}), and nothing says"
                self._warn(second, f"{message} that the two are one person; by this name alone nobody is identified")

    def groups(self) -> dict[int, list[int]]:
        """Give the entries of each person."""
        found: dict[int, list[int]] = {}
        for number in range(len(self._entries)):
            found.setdefault(self._sets.root(number), []).append(number)
        return found

    def _sharing(self, names: Callable[[PersonRow], Iterable[str]]) -> list[tuple[str, list[int]]]:
        """Give the names that several entries have, with the numbers of these."""
        first: dict[str, int] = {}
        shared: dict[str, list[int]] = {}
        for number, rows in enumerate(self._entries):
            for row in rows:
                for name in names(row):
                    if first.setdefault(name, number) != number:
                        numbers = shared.setdefault(name, [first[name]])
                        if numbers[-1] != number:
                            numbers.append(number)
        return list(shared.items())

    def _join(self, kind: str, name: str, numbers: list[int]) -> None:
        if self._are_of_different_files(numbers):
            self._sets.unite(numbers)
            return
        seen: dict[str, PersonRow] = {}
        for number in numbers:
            row = self._entries[number][0]
            first = seen.setdefault(row.origin.file, row)
            if first is not row:
                message = f"{kind} {name} belongs to {first.person!r} and to {row.person!r}, so it identifies neither"
                self._warn(row, message)

    def _may_be_one(self, one: int, other: int) -> bool:
        """Whether two people of one employee number may be one: nothing known, or a mail address or name in common."""
        first, second = self._entries[one], self._entries[other]
        for names in (_mails, _names):
            known = {name for row in first for name in names(row)}, {name for row in second for name in names(row)}
            if known[0] & known[1] or not all(known):
                return True
        return False

    def _are_of_different_files(self, numbers: Sequence[int]) -> bool:
        return len({self._entries[number][0].origin.file for number in numbers}) == len(numbers)

    def _warn(self, row: PersonRow, message: str) -> None:
        self._findings.warn(self._folder / row.origin.file, row.origin.line, message)


def _addresses(row: PersonRow) -> Iterator[str]:
    for login in row.logins:
        if login.form is Form.MAIL:
            yield str(login)
    for mail in row.mails:
        yield str(mail)


def _mails(row: PersonRow) -> Iterator[str]:
    return map(str, row.mails)


def _names(row: PersonRow) -> Iterator[str]:
    if row.name:
        yield row.name


def _account_names(row: PersonRow) -> Iterator[str]:
    return (login.local for login in row.logins if login.form in (Form.BARE, Form.LOGON))


def _domains(rows: Iterable[PersonRow], realms: Realms) -> Iterator[str]:
    """Domains of a person's accounts, else those of the mail addresses."""
    for row in rows:
        found = {row.domain} if row.domain else set()
        found |= {realms.dns_name(login.domain) for login in row.logins if login.domain}
        yield from found or {mail.domain for mail in row.mails if mail.domain and mail.domain not in PUBLIC}


def _of_one_domain(domains: dict[int, frozenset[str]]) -> list[list[int]]:
    """Give the people of one account name in groups of a domain; who has none belongs to the only one there is."""
    links = _Sets[str]()
    for found in domains.values():
        if found:
            links.unite(sorted(found))
    alike: dict[str, list[int]] = {}
    for root, found in domains.items():
        alike.setdefault(links.root(min(found)) if found else "", []).append(root)
    unknown = alike.pop("", [])
    if len(alike) < 2:  # noqa: PLR2004  # with two domains, nobody can tell of which those without one are
        return [unknown + [root for found in alike.values() for root in found]]
    return [found for found in alike.values() if len(found) > 1]


def _tell_disputes(rows: Iterable[PersonRow], folder: Path, findings: Findings) -> None:
    """Warn of people whom two records put into two departments at the same time."""
    stays: dict[str, list[PersonRow]] = {}
    for row in rows:
        if row.department is not None:
            stays.setdefault(row.person, []).append(row)
    for held in stays.values():
        if len(held) == 1 or len({row.department for row in held}) == 1:
            continue
        best = decisive(held)
        ranked = [row for row in held if is_dated(row)] or [row for row in held if row.department in best]
        for one, other in overlapping(ranked)[:1]:
            message = (
                f"{other.person!r} is in {other.department!r} here and in {one.department!r} at {one.origin}, so that"
                " the department is unknown; correct one of them, or map one name to the other in [directory_spellings]"
            )
            findings.warn(folder / other.origin.file, other.origin.line, message)
