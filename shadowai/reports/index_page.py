"""The page for the CISO: the whole organisation, its departments compared, and everything that limits the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shadowai.model import UNKNOWN_DEPARTMENT, Status
from shadowai.reports import charts, headline, text, views, words
from shadowai.reports.sections import ServiceTotal, measured, over_departments, split
from shadowai.result import Candidate, DepartmentUse, Result

FEW_HEADS = 10  # below this a share jumps by ten points or more with one person


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """One department in the comparison. `bar` and `bad_bar` are lengths in percent of its headcount, None without."""

    name: str
    page: str
    headcount: str
    people: str
    share: str
    bar: int | None
    bad_bar: int | None
    per_head: str
    unsanctioned: str
    people_unsanctioned: str
    data: str
    few: bool


@dataclass(frozen=True, slots=True)
class StatusCount:
    """A status of a service and the number of departments in which it holds."""

    mark: views.Mark
    departments: str


@dataclass(frozen=True, slots=True)
class ServiceTotalRow:
    """One service over the organisation. `bar` is its people in percent of the most used service's."""

    name: str
    what: str
    category: str
    statuses: tuple[StatusCount, ...]
    risk: str
    departments: str
    people: str
    bar: int
    sessions: str
    data: str


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A host that looks like AI but is not in the database."""

    host: str
    reason: str
    people: str
    detections: str
    departments: str
    period: str


@dataclass(frozen=True, slots=True)
class IndexPage:
    """The context of index.html; reports/templates/README.md documents every field."""

    title: str
    period: str
    headline: str
    failed: views.BlindGroup | None
    asides: tuple[str, ...]
    figures: tuple[views.Figure, ...]
    chart: charts.TimeChart | None
    departments: tuple[DepartmentRow, ...]
    few_heads: int
    heat: charts.HeatMap | None
    services: tuple[ServiceTotalRow, ...]
    candidates: tuple[CandidateRow, ...]
    more_candidates: int
    blind: tuple[views.BlindGroup, ...]
    warnings: tuple[str, ...]
    more_warnings: int
    marks: tuple[views.Mark, ...]
    scale: tuple[tuple[str, str], ...]
    origin: views.Origin


def index_page(result: Result, pages: Mapping[int, str]) -> IndexPage:
    """Build the context from a tidied result and the relative address of each department's page, by its place."""
    uses = [split(department.services).in_use for department in result.departments]
    services = over_departments(result.departments)
    most = max((total.people for total in services), default=0)
    ranked = sorted(enumerate(result.departments), key=lambda item: _department_order(item[1]))
    heat = [(one.name, pages[place], uses[place]) for place, one in ranked if uses[place]]
    return IndexPage(
        title="AI use in the organisation",
        period=text.span(result.period.start, result.period.end),
        headline=lead(result),
        failed=views.unread_group(result.sources),
        asides=_asides(result),
        figures=headline.figures(result, _scope(result)),
        chart=charts.time_chart((service for use in uses for service in use), result.period),
        departments=tuple(_department_row(one, pages[place]) for place, one in ranked),
        few_heads=FEW_HEADS,
        heat=charts.heat_map(heat, (Status.UNSANCTIONED, Status.PROHIBITED)),
        services=tuple(_service_row(total, most) for total in services),
        candidates=tuple(map(_candidate_row, result.candidates[: views.MAX_LISTED])),
        more_candidates=max(0, len(result.candidates) - views.MAX_LISTED),
        blind=views.blind_groups(result.blind_spots, result.sources),
        warnings=result.warnings[: views.MAX_LISTED],
        more_warnings=max(0, len(result.warnings) - views.MAX_LISTED),
        marks=views.all_marks(),
        scale=words.confidence_scale(),
        origin=views.origin(result),
    )


def lead(result: Result) -> str:
    """Say in one sentence what matters over the whole organisation."""
    return headline.sentence(result, _scope(result))


def _scope(result: Result) -> headline.Scope:
    known = measured(result.departments)
    return headline.Scope(result.totals, _headcount(result.departments), known, _place(result), "organisation")


def _place(result: Result) -> str:
    users = [department.name for department in result.departments if department.totals.people]
    named = [name for name in users if name != UNKNOWN_DEPARTMENT]
    if not named:
        return "in the organisation"
    place = f"in {named[0]}" if len(named) == 1 else f"in {len(named):,} departments"
    return f"{place} and one unknown" if len(named) < len(users) else place


def _headcount(departments: Sequence[DepartmentUse]) -> int | None:
    counts = [department.headcount for department in departments]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _asides(result: Result) -> tuple[str, ...]:
    totals = result.totals
    apart = []
    if totals.people_dns_only:
        apart.append(f"{text.people(totals.people_dns_only)} who only looked services up")
    if totals.blocked:
        apart.append(f"{text.plural(totals.blocked, 'request')} blocked before use")
    if result.candidates:
        one, many = "host that looks like AI but is not", "hosts that look like AI but are not"
        apart.append(f"{text.plural(len(result.candidates), one, many)} in the database")
    return (f"Not counted above: {text.listing(apart)}.",) if apart else ()


def _department_order(department: DepartmentUse) -> tuple[int, int, int, str]:
    totals = department.totals
    return (-totals.people_unsanctioned, -totals.sessions_unsanctioned, -totals.people, department.name)


def _department_row(department: DepartmentUse, page: str) -> DepartmentRow:
    totals, heads = department.totals, department.headcount
    usable = bool(heads) and heads is not None and heads >= totals.people
    return DepartmentRow(
        name=department.name,
        page=page,
        headcount="unknown" if heads is None else text.number(heads),
        people=text.number(totals.people),
        share=text.share(totals.people, heads) or "unknown",
        bar=charts.bar_percent(totals.people, heads) if usable and heads else None,
        bad_bar=charts.bar_percent(totals.people_unsanctioned, heads) if usable and heads else None,
        per_head=f"{totals.sessions / heads:,.1f}" if heads else "unknown",
        unsanctioned=text.number(totals.services_unsanctioned),
        people_unsanctioned=text.number(totals.people_unsanctioned),
        data=headline.sent_unsanctioned(totals, measured([department])),
        few=heads is not None and heads < FEW_HEADS,
    )


def _service_row(total: ServiceTotal, most: int) -> ServiceTotalRow:
    service = total.example
    return ServiceTotalRow(
        name=service.name,
        what=views.what(service),
        category=service.category_name,
        statuses=tuple(
            StatusCount(views.mark(status), text.plural(count, "department"))
            for status, count in total.statuses.items()
        ),
        risk=words.RISK[total.risk],
        departments=text.listing(total.departments, 4),
        people=text.number(total.people),
        bar=charts.bar_percent(total.people, most),
        sessions=text.number(total.sessions),
        data=text.data(total.bytes_up, total.measured, total.sessions),
    )


def _candidate_row(candidate: Candidate) -> CandidateRow:
    return CandidateRow(
        host=candidate.host,
        reason=candidate.reason,
        people=text.number(candidate.people),
        detections=text.number(candidate.detections),
        departments=text.listing(candidate.departments, 4) or "unknown",
        period=text.span(candidate.first_seen, candidate.last_seen),
    )
