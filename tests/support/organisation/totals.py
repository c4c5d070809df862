"""Headline numbers over several rows, each as a span: exact where every row is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.organisation.counts import total
from support.organisation.policy import BAD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from support.organisation.counts import Row, Session

    Rows = Mapping[tuple[str | None, str], Sequence[Row | None]]


@dataclass(frozen=True)
class Span:
    """The least and the greatest number that is right."""

    least: int
    most: int

    def holds(self, number: int | None) -> bool:
        """Say whether a number of the report is right."""
        return self.least <= (number or 0) <= self.most


def totals_of(rows: Rows) -> dict[str, Span]:
    """Give the headline numbers over proven use: a person counts once however many services were used."""
    found = {name: _sum(rows, count) for name, count in _SUMS.items()}
    for name, members in _SETS.items():
        sure, possible = _members(rows, members)
        found[name] = Span(len(sure), len(possible))
    sure_users, users = _members(rows, _users)
    sure_askers, askers = _members(rows, _askers)
    found["people_dns_only"] = Span(len(sure_askers - users), len(askers - sure_users))
    return found


def persons_of(rows: Rows) -> list[tuple[int, int, int, int]] | None:
    """Give services, bad ones among them, sessions and bytes up of each individual with proven use, sorted.

    None where the sources leave any row open.
    """
    if any(len(variants) > 1 for variants in rows.values()):
        return None
    by_who: dict[str, list[tuple[str, Session]]] = defaultdict(list)
    for (_, service), variants in rows.items():
        row = variants[0]
        for session in row.sessions if row and row.is_proven else ():
            if session.who.is_individual:
                by_who[session.who.key].append((service, session))
    return sorted(map(_person, by_who.values()))


def _person(mine: list[tuple[str, Session]]) -> tuple[int, int, int, int]:
    services = {service for service, _ in mine}
    bad = {service for service, session in mine if session.status in BAD}
    return len(services), len(bad), len(mine), total(session.size("up") for _, session in mine) or 0


def _sum(rows: Rows, count: Callable[[Row], int]) -> Span:
    choices = [[count(row) if row else 0 for row in variants] for variants in rows.values()]
    return Span(sum(map(min, choices)), sum(map(max, choices)))


def _members(rows: Rows, members: Callable[[str, Row], frozenset[str]]) -> tuple[frozenset[str], frozenset[str]]:
    """Give who is a member whatever the sources leave open, and who may be one."""
    sure: set[str] = set()
    possible: set[str] = set()
    for (_, service), variants in rows.items():
        choices = [members(service, row) if row else frozenset() for row in variants]
        sure |= frozenset.intersection(*choices)
        possible |= frozenset.union(*choices)
    return frozenset(sure), frozenset(possible)


def _bad_bytes(row: Row) -> int:
    return total(one.size("up") for one in row.sessions if one.status in BAD) or 0


_SUMS: dict[str, Callable[[Row], int]] = {
    "sessions": lambda row: len(row.sessions) if row.is_proven else 0,
    "bytes_up": lambda row: row.numbers["bytes_up"] or 0 if row.is_proven else 0,
    "blocked": lambda row: row.numbers["blocked"],
    "sessions_unsanctioned": lambda row: sum(one.status in BAD for one in row.sessions) if row.is_proven else 0,
    "bytes_up_unsanctioned": lambda row: _bad_bytes(row) if row.is_proven else 0,
}


def _users(_service: str, row: Row) -> frozenset[str]:
    return row.users


def _askers(_service: str, row: Row) -> frozenset[str]:
    return row.askers


def _bad_users(_service: str, row: Row) -> frozenset[str]:
    return row.bad_users if row.is_proven else frozenset()


def _services(service: str, row: Row) -> frozenset[str]:
    return frozenset({service} if row.is_proven else ())


def _bad_services(service: str, row: Row) -> frozenset[str]:
    return frozenset({service} if row.is_proven and any(one.status in BAD for one in row.sessions) else ())


_SETS = {
    "people": _users,
    "people_unsanctioned": _bad_users,
    "services": _services,
    "services_unsanctioned": _bad_services,
}
