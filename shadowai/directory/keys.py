"""One stable key for each person: `person:<key>` is what reports, policies and history know them by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.directory.identity import Form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shadowai.directory.people import PersonRow

    _Names = Callable[[PersonRow], Iterator[str]]

HOME = "people.csv"
"""The file whose `user` is a person's key wherever it names the person."""


def with_keys(people: Sequence[list[PersonRow]]) -> tuple[PersonRow, ...]:
    """Give every person's rows their key.

    It is the `user` of people.csv; for who is not in it, the first of account name, user principal name, mail address
    and employee number (in alphabetical order where there are several of a kind) that nobody else has.
    """
    keys = {number: row.person for number, rows in enumerate(people) for row in rows if row.origin.file == HOME}
    taken = set(keys.values())
    for names in (_accounts, _principals, _mails, _employees):
        _choose(people, names, keys, taken)
    for number, rows in enumerate(people):
        if number not in keys:
            keys[number] = f"{rows[0].person} ({rows[0].origin.file})"
    return tuple(row.of(keys[number]) for number, rows in enumerate(people) for row in rows)


def _choose(people: Sequence[list[PersonRow]], names: _Names, keys: dict[int, str], taken: set[str]) -> None:
    """Give a name of one kind to each person without a key, if nobody else has that name."""
    if len(keys) == len(people):
        return
    claims: dict[str, int] = {}
    for number, rows in enumerate(people):
        for row in rows:
            for name in names(row):
                if claims.setdefault(name, number) != number:
                    claims[name] = -1
    chosen: dict[int, str] = {}
    for name, number in claims.items():
        if number >= 0 and number not in keys and name not in taken:
            chosen[number] = min(chosen.get(number, name), name)
    keys |= chosen
    taken.update(chosen.values())


def _accounts(row: PersonRow) -> Iterator[str]:
    return (login.local for login in row.logins if login.form is not Form.MAIL)


def _principals(row: PersonRow) -> Iterator[str]:
    return (str(login) for login in row.logins if login.form is Form.MAIL)


def _mails(row: PersonRow) -> Iterator[str]:
    return map(str, row.mails[:1])


def _employees(row: PersonRow) -> Iterator[str]:
    if row.employee:
        yield f"employee:{row.employee}"
