"""Services sorted into what they prove: in use, not proven, only looked up, blocked. No service is dropped.

And the same over all departments: figures of one service added up.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from shadowai.model import Status
from shadowai.reports import text
from shadowai.reports.words import RISK_ORDER
from shadowai.result import DepartmentUse, Result, ServiceUse

_BAD = (Status.UNSANCTIONED, Status.PROHIBITED)
_RISK: dict[str, int] = {level: place for place, level in enumerate(RISK_ORDER)}


@dataclass(frozen=True, slots=True)
class Sections:
    """A department's services, worst first in each list.

    `in_use` are proven and have sessions: they are the headline. `unproven` were contacted without proof of use (shared
    or embedded hosts, or background traffic only), `looked_up` were asked for by name and no more, `blocked` had
    requests denied. A service may be both blocked and in another list, but in only one of the first three.
    """

    in_use: tuple[ServiceUse, ...]
    unproven: tuple[ServiceUse, ...]
    looked_up: tuple[ServiceUse, ...]
    blocked: tuple[ServiceUse, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """How many sessions told the bytes sent: of all services in use, and of the unsanctioned ones."""

    sessions: int
    unsanctioned: int


@dataclass(frozen=True, slots=True)
class ServiceTotal:
    """One service over all departments where its use is proven.

    `people` is the sum over departments; `statuses` counts departments by status; `example` is the worst of its rows.
    """

    example: ServiceUse
    departments: tuple[str, ...]
    statuses: dict[Status, int]
    risk: str
    people: int
    sessions: int
    measured: int
    bytes_up: int | None


def unsanctioned(service: ServiceUse) -> bool:
    """Say whether the policy does not approve of a service (unsanctioned or prohibited)."""
    return service.status in _BAD


def is_used(service: ServiceUse) -> bool:
    """Say whether a service's use is proven and has sessions, so that it is in the headline."""
    return service.proven and service.sessions > 0


def used(services: Iterable[ServiceUse]) -> tuple[ServiceUse, ...]:
    """Give a department's services in use, worst first: `split` without the rest."""
    return tuple(sorted(filter(is_used, services), key=worst_first))


def split(services: Iterable[ServiceUse]) -> Sections:
    """Sort a department's services into what they prove."""
    ranked = sorted(services, key=worst_first)
    placed = [(_place(service), service) for service in ranked]
    in_use, unproven, looked_up = (
        tuple(service for place, service in placed if place == wanted) for wanted in ("use", "unproven", "look-up")
    )
    return Sections(in_use, unproven, looked_up, tuple(service for service in ranked if service.blocked))


Order = tuple[int, float, int, int, int, str, str]


def worst_first(service: ServiceUse) -> Order:
    """Sort key: highest risk and score, which stand beside each other, then gravest status, people and sessions.

    The name and id settle the rest.
    """
    return _order(service, service.risk, service.people, service.sessions)


def _order(service: ServiceUse, risk: str, people: int, sessions: int) -> Order:
    points = service.score.points if service.score else 0.0
    return (-_RISK[risk], -points, -service.status.gravity, -people, -sessions, service.name, service.id)


def most_unsanctioned_first(departments: Iterable[DepartmentUse]) -> list[DepartmentUse]:
    """Order departments for a short list: those with the most people who use unsanctioned services first."""
    return sorted(departments, key=lambda one: (-one.totals.people_unsanctioned, -one.totals.people, one.name))


def over_departments(departments: Iterable[DepartmentUse]) -> tuple[ServiceTotal, ...]:
    """Add up each service in use over the departments, worst first."""
    found: dict[str, list[tuple[str, ServiceUse]]] = {}
    for department in departments:
        for service in filter(is_used, department.services):
            found.setdefault(service.id, []).append((department.name, service))
    totals = [_total(rows) for rows in found.values()]
    return tuple(sorted(totals, key=_total_order))


def measured(departments: Iterable[DepartmentUse]) -> Measured:
    """Count the sessions in use of which a source told the bytes sent."""
    services = [one for department in departments for one in department.services if is_used(one)]
    bad = sum(one.sessions_with_bytes_up for one in services if unsanctioned(one))
    return Measured(sum(one.sessions_with_bytes_up for one in services), bad)


def prohibited(departments: Iterable[DepartmentUse]) -> int:
    """Count the services in use that are forbidden in one of some departments."""
    services = (one for department in departments for one in department.services)
    return len({one.id for one in services if is_used(one) and one.status is Status.PROHIBITED})


def names(result: Result) -> dict[str, str]:
    """Give the names of all services in the result by id, so that an alternative named by id can be said by name."""
    return {one.id: one.name for department in result.departments for one in department.services}


def _place(service: ServiceUse) -> str:
    if is_used(service):
        return "use"
    contact = sum(count for kind, count in service.evidence if kind != "dns")
    if service.sessions or contact:
        return "unproven"
    if service.people_dns_only:
        return "look-up"
    return "blocked" if service.blocked else "unproven"


def _total(rows: list[tuple[str, ServiceUse]]) -> ServiceTotal:
    services = [service for _, service in rows]
    statuses = Counter(service.status for service in services)
    return ServiceTotal(
        example=min(services, key=worst_first),
        departments=tuple(name for name, _ in rows),
        statuses={status: statuses[status] for status in reversed(Status) if status in statuses},
        risk=max((service.risk for service in services), key=RISK_ORDER.index),
        people=sum(service.people for service in services),
        sessions=sum(service.sessions for service in services),
        measured=sum(service.sessions_with_bytes_up for service in services),
        bytes_up=text.add_known(service.bytes_up for service in services),
    )


def _total_order(total: ServiceTotal) -> Order:
    return _order(total.example, total.risk, total.people, total.sessions)
