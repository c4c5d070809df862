"""The rows of the tables behind CSV and XLSX, in the order of their columns (`sheets`); None is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.model import Evidence
from shadowai.reports.language import say_many
from shadowai.reports.persons import SMALL_GROUP
from shadowai.reports.sections import over_departments
from shadowai.reports.text import add_known, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.result import DepartmentUse, PersonUse, Result, Score, ServiceUse

Cell = str | int | float | bool | None
Row = tuple[Cell, ...]


def departments(result: Result) -> Iterator[Row]:
    """Give a row for each department."""
    for one in result.departments:
        totals = one.totals
        yield (
            one.name,
            one.parent,
            one.head,
            one.email,
            one.sensitivity.value,
            one.headcount,
            totals.people,
            totals.people_unsanctioned,
            totals.people_dns_only,
            totals.services,
            totals.services_unsanctioned,
            totals.sessions,
            totals.sessions_unsanctioned,
            totals.blocked,
            totals.bytes_up,
            totals.bytes_up_unsanctioned,
            _points(one.score),
            None if one.hidden is None else one.hidden.percent,
        )


def usage(result: Result) -> Iterator[Row]:
    """Give a row for each service of each department."""
    for department in result.departments:
        for service in department.services:
            yield (*_usage_before(department, service), *_usage_after(service))


def _usage_before(department: DepartmentUse, service: ServiceUse) -> Row:
    return (
        department.name,
        department.headcount,
        service.id,
        service.name,
        service.vendor,
        service.country,
        service.category,
        service.status.value,
        service.risk,
        service.proven,
        service.people,
        service.people_dns_only,
        service.sessions,
        service.sessions_with_bytes_up,
        service.blocked,
        service.bytes_up,
        service.bytes_down,
        service.first_seen,
        service.last_seen,
        service.confidence,
    )


def _usage_after(service: ServiceUse) -> Row:
    return (
        *(getattr(service.evidence, kind.value) for kind in Evidence),
        service.account.sanctioned_tenant,
        service.account.personal,
        service.account.signed_out,
        service.account.unknown,
        service.alternative,
        _points(service.score),
        _points(service.service_risk),
        service.rule,
        service.status_reason,
        service.status_owner,
        service.status_until,
        *(count for _, count in service.statuses),
        *(count for _, count in service.uses),
        service.account.work,
    )


def services(result: Result) -> Iterator[Row]:
    """Give a row for each service in use, over the departments."""
    for total in over_departments(result.departments):
        service = total.example
        yield (
            service.id,
            service.name,
            service.vendor,
            service.country,
            service.category_name,
            service.status.value,
            total.risk,
            total.people,
            total.sessions,
            total.bytes_up,
            len(total.departments),
            ", ".join(total.departments),
        )


def people(result: Result) -> Iterator[Row]:
    """Give the people one by one; where a department has few of them, they are one row (DESIGN section 7)."""
    for department in result.departments:
        if 0 < len(department.persons) < SMALL_GROUP:
            yield _together(department)
            continue
        for one in department.persons:
            yield (department.name, one.label, *_person(one))


def _person(one: PersonUse) -> Row:
    unsanctioned = one.services_unsanctioned
    return (one.services, unsanctioned, one.sessions, one.bytes_up, one.last_seen, one.score.points)


def _together(department: DepartmentUse) -> Row:
    persons = department.persons
    label = say_many("{number} person", "{number} people", len(persons), number=number(len(persons)))
    sessions = sum(one.sessions for one in persons)
    return (department.name, label, None, None, sessions, add_known(one.bytes_up for one in persons), None, None)


def candidates(result: Result) -> Iterator[Row]:
    """Give a row for each host that looks like AI."""
    for one in result.candidates:
        places = ", ".join(one.departments) or None
        reasons = "; ".join(one.reasons) or one.reason
        yield (one.host, one.score, reasons, one.people, one.detections, places, one.first_seen, one.last_seen)


def blind_spots(result: Result) -> Iterator[Row]:
    """Give a row for each blind spot."""
    for one in result.blind_spots:
        places, servers = ", ".join(one.departments) or None, ", ".join(one.servers) or None
        amounts = (one.count, one.unit, one.people, one.bytes_up, one.bytes_down)
        yield (one.kind, one.name, one.detail or None, *amounts, places, servers)


def sources(result: Result) -> Iterator[Row]:
    """Give a row for each input."""
    for one in result.sources:
        skipped = sum(one.skipped.values())
        counts = (one.records, one.parsed, skipped, one.broken)
        yield (one.path, one.format, one.kind, *counts, one.first, one.last, len(one.silent), one.error)


def changes(result: Result) -> Iterator[Row]:
    """Give a row for each change since the period before."""
    for one in result.change.services if result.change else ():
        people = (one.people_before, one.people_now)
        named = (one.department, one.service, one.name, one.status.value)
        yield (*named, one.change, one.cause, one.before, one.now, *people, one.says)


def rules(result: Result) -> Iterator[Row]:
    """Give a row for each rule of the policy."""
    policy = result.policy
    left = {one.rule: one.days_left for one in policy.exceptions} if policy else {}
    for one in policy.rules if policy else ():
        said = (one.number, one.status.value, one.what, one.whom, one.starts, one.until)
        yield (*said, left.get(one.number), one.owner, one.reason, one.sessions)


def _points(score: Score | None) -> float | None:
    return None if score is None else score.points
