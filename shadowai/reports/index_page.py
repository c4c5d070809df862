"""The page for the CISO: the whole organisation, its departments compared, and everything that limits the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shadowai.reports import board, charts, headline, text, views, whats_new, words
from shadowai.reports.compare import FEW_HEADS, Comparison, comparison
from shadowai.reports.coverage import Coverage, coverage
from shadowai.reports.governance import Governance, governance, in_use
from shadowai.reports.heat_map import HeatMap, heat_map
from shadowai.reports.language import say, say_many
from shadowai.reports.naming import is_unknown
from shadowai.reports.phrases import worded
from shadowai.reports.sections import ServiceTotal, measured, over_departments, prohibited
from shadowai.reports.steps import Step
from shadowai.result import Candidate, DepartmentUse, Result

MAX_SERVICES = 40  # lines of the table of services
MAX_BRIEF = 160  # more of them in one line each; result.json has them all


@dataclass(frozen=True, slots=True)
class StatusCount:
    """A status of a service and the number of departments in which it holds."""

    mark: views.Mark
    departments: str


@dataclass(frozen=True, slots=True)
class ServiceTotalRow:
    """One service over the organisation. `bar` is its people in percent of the most used service's."""

    rank: str
    name: str
    what: str
    category: str
    statuses: tuple[StatusCount, ...]
    risk: str
    level: str
    score: str
    departments: str
    people: str
    bar: int
    sessions: str
    data: str
    keys: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A host that looks like AI but is not in the database: its score of 100, and why."""

    host: str
    score: str
    reasons: tuple[str, ...]
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
    change: str
    failed: views.BlindGroup | None
    asides: tuple[str, ...]
    figures: tuple[views.Figure, ...]
    answers: tuple[views.Fact, ...]
    chart: charts.TimeChart | None
    steps: tuple[Step, ...]
    departments: Comparison | None
    divisions: Comparison | None
    few_heads: int
    heat: HeatMap | None
    services: tuple[ServiceTotalRow, ...]
    brief_services: tuple[ServiceTotalRow, ...]
    more_services: int
    news: whats_new.News | None
    governance: Governance | None
    candidates: tuple[CandidateRow, ...]
    more_candidates: int
    blind: tuple[views.BlindGroup, ...]
    coverage: Coverage | None
    warnings: tuple[str, ...]
    more_warnings: int
    marks: tuple[views.Mark, ...]
    scale: tuple[tuple[str, str], ...]
    origin: views.Origin


def index_page(result: Result, pages: Mapping[int, str]) -> IndexPage:
    """Build the context from a tidied result.

    `pages` are the relative addresses of the pages of departments and then divisions, by their place among them.
    """
    own, divided = _pages(result, pages)
    places = {id(one): page for one, page in zip(result.departments, own, strict=True)}
    compared = comparison(result.departments, own)
    services = over_departments(result.departments)
    rows = service_rows(services[: MAX_SERVICES + MAX_BRIEF])
    steps = board.board_steps(result)
    used = (service for _, found in in_use(result) for service in found)
    by_name = dict(zip((one.name for one in result.departments), own, strict=True))
    return IndexPage(
        title=say("AI use in the organisation"),
        period=views.period(result),
        headline=lead(result),
        change=whats_new.in_short(result.change),
        failed=views.unread_group(result.sources),
        asides=_asides(result),
        figures=headline.figures(result, scope(result)),
        answers=board.answers(result, steps),
        chart=charts.time_chart(used, result.period),
        steps=steps,
        departments=compared,
        divisions=comparison(result.divisions, divided, result.departments),
        few_heads=FEW_HEADS,
        heat=heat_map([(one, places[id(one)]) for one in _ranked(result.departments, compared)]),
        services=rows[:MAX_SERVICES],
        brief_services=rows[MAX_SERVICES:],
        more_services=len(services) - len(rows),
        news=whats_new.news(result.change, by_name),
        governance=governance(result),
        candidates=tuple(map(_candidate_row, result.candidates[: views.MAX_LISTED])),
        more_candidates=max(0, len(result.candidates) - views.MAX_LISTED),
        blind=views.blind_groups(result.blind_spots, result.sources),
        coverage=coverage(result),
        warnings=result.warnings[: views.MAX_LISTED],
        more_warnings=max(0, len(result.warnings) - views.MAX_LISTED),
        marks=views.all_marks(),
        scale=words.confidence_scale(),
        origin=views.origin(result),
    )


def lead(result: Result) -> str:
    """Say in one sentence what matters over the whole organisation."""
    return headline.sentence(result, scope(result))


def service_rows(totals: Sequence[ServiceTotal]) -> tuple[ServiceTotalRow, ...]:
    """Lay out services over the organisation in their order."""
    most = max((total.people for total in totals), default=0)
    return tuple(_service_row(rank, total, most) for rank, total in enumerate(totals, 1))


def _pages(result: Result, pages: Mapping[int, str]) -> tuple[list[str], list[str]]:
    count = len(result.departments)
    every = [pages.get(place, "") for place in range(count + len(result.divisions))]
    return every[:count], every[count:]


def _ranked(departments: Sequence[DepartmentUse], compared: Comparison | None) -> list[DepartmentUse]:
    """Put departments into the order of the comparison."""
    place = {row.name: at for at, row in enumerate((*compared.rows, *compared.brief))} if compared else {}
    return sorted(departments, key=lambda one: place.get(one.name, len(place)))


def scope(result: Result) -> headline.Scope:
    """Say what a headline over the organisation is about."""
    known = measured(result.departments)
    whole = say("of the organisation")
    forbidden = prohibited(result.departments)
    return headline.Scope(result.totals, _headcount(result.departments), known, _place(result), whole, forbidden)


def _place(result: Result) -> str:
    users = [department.name for department in result.departments if department.totals.services]
    named = [name for name in users if not is_unknown(name)]
    if not named:
        return say("in the organisation")
    number = text.number(len(named))
    if len(named) < len(users):
        return say_many("in {number} department and an unknown one", "in {number} departments and an unknown one",
                        len(named), number=number)  # fmt: skip
    if len(named) == 1:
        return say("in {department}", department=named[0])
    return say_many("in {number} department", "in {number} departments", len(named), number=number)


def _headcount(departments: Sequence[DepartmentUse]) -> int | None:
    counts = [department.headcount for department in departments]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _asides(result: Result) -> tuple[str, ...]:
    totals = result.totals
    apart = []
    if totals.people_dns_only:
        apart.append(say("{people} who only looked services up", people=text.people(totals.people_dns_only)))
    if totals.blocked:
        apart.append(say("{requests} blocked before use", requests=text.requests(totals.blocked)))
    if result.candidates:
        hosts = say_many(
            "{number} host that looks like AI but is not in the database",
            "{number} hosts that look like AI but are not in the database",
            len(result.candidates),
            number=text.number(len(result.candidates)),
        )
        apart.append(hosts)
    return (say("Not counted above: {things}.", things=text.listing(apart)),) if apart else ()


def _service_row(rank: int, total: ServiceTotal, most: int) -> ServiceTotalRow:
    service = total.example
    score = service.score
    return ServiceTotalRow(
        rank=text.number(rank),
        name=service.name,
        what=views.beside_category(service),
        category=worded(service.category_name),
        statuses=tuple(
            StatusCount(views.mark(status), _departments(count)) for status, count in total.statuses.items()
        ),
        risk=words.risk(total.risk),
        level=total.risk,
        score=say("{points} of {of}", points=text.points(score.points), of=text.points(score.of)) if score else "",
        departments=text.listing(total.departments, 4),
        people=text.users(total.people),
        bar=charts.bar_percent(total.people, most),
        sessions=text.number(total.sessions),
        data=text.data(total.bytes_up, total.measured, total.sessions),
        keys={
            "rank": -rank,
            "status": max(status.gravity for status in total.statuses),
            "risk": score.points if score else words.RISK_ORDER.index(total.risk),
            "people": total.people,
            "sessions": total.sessions,
            "data": -1 if total.bytes_up is None else total.bytes_up,
        },
    )


def _departments(count: int) -> str:
    return say_many("{number} department", "{number} departments", count, number=text.number(count))


def _candidate_row(candidate: Candidate) -> CandidateRow:
    return CandidateRow(
        host=candidate.host,
        score=text.number(candidate.score) if candidate.score else say("unknown"),
        reasons=candidate.reasons or (candidate.reason,),
        people=text.number(candidate.people),
        detections=text.number(candidate.detections),
        departments=text.listing(candidate.departments, 4) or say("unknown"),
        period=text.span(candidate.first_seen, candidate.last_seen),
    )
