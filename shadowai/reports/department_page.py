"""The page for one department head: what was used, what to do about it, and how sure we are.

A division's page is the same over a department and those below it, whose pages it links.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shadowai.reports import headline, sureness, text, trends, views, words
from shadowai.reports.charts import TimeChart, time_chart
from shadowai.reports.hidden import Hidden, hidden, spots_of
from shadowai.reports.language import say, say_many
from shadowai.reports.naming import is_unknown
from shadowai.reports.origins import OriginRow, origin_rows
from shadowai.reports.persons import Persons, persons
from shadowai.reports.relatives import Below, Links, Relative, above, below
from shadowai.reports.scores import ScoreView, score_view
from shadowai.reports.sections import Sections, measured, names, prohibited, split
from shadowai.reports.services import BriefRow, ServiceRow, brief_row, service_row
from shadowai.reports.steps import Findings, Step, next_steps, policy_owner, steps_of_nobody
from shadowai.result import DepartmentUse, Result, ServiceUse

MAX_SERVICES = 40  # worst first, with all that is behind them: a page stays below 400 kB in the longest language
MAX_BRIEF = 200  # more of them in one line each; what is beyond is counted, and usage.csv has it


@dataclass(frozen=True, slots=True)
class DepartmentPage:
    """The context of department.html; reports/templates/README.md documents every field."""

    title: str
    department: str
    period: str
    index: str
    above: tuple[Relative, ...]
    headline: str
    change: str
    asides: tuple[str, ...]
    figures: tuple[views.Figure, ...]
    answers: tuple[views.Fact, ...]
    chart: TimeChart | None
    score: ScoreView | None
    services: tuple[ServiceRow, ...]
    brief: tuple[BriefRow, ...]
    more: str
    stopped: str
    unproven: tuple[views.AsideRow, ...]
    looked_up: tuple[views.AsideRow, ...]
    blocked: tuple[views.AsideRow, ...]
    below: tuple[Below, ...]
    hidden: Hidden | None
    blind: tuple[views.BlindGroup, ...]
    candidates: str
    steps: tuple[Step, ...]
    persons: Persons | None
    sureness: tuple[str, ...]
    origins: tuple[OriginRow, ...]
    marks: tuple[views.Mark, ...]
    scale: tuple[tuple[str, str], ...]
    origin: views.Origin


@dataclass(frozen=True, slots=True)
class _Inside:
    """One department's part of the document: its services by section, whose records and changes concern it."""

    result: Result
    department: DepartmentUse
    parts: Sections
    own: tuple[str, ...]
    changes: trends.Changes
    names: Mapping[str, str] = field(default_factory=dict)


def department_page(
    result: Result, department: DepartmentUse, links: Links | None = None, known: Mapping[str, str] | None = None
) -> DepartmentPage:
    """Build the context from a tidied result and one of its departments or divisions.

    `links` are the addresses of the other pages, relative to this one's; without them, names are not linked. `known`
    are the services' names by id, where the caller has them (`sections.names`).
    """
    own = (department.name, *department.below)
    inside = _Inside(
        result=result,
        department=department,
        parts=split(department.services),
        own=own,
        changes=trends.changes_in(result.change, own),
        names=names(result) if known is None else known,
    )
    return _page(inside, links or Links())


def _page(inside: _Inside, links: Links) -> DepartmentPage:
    result, department, parts = inside.result, inside.department, inside.parts
    scope = _scope(department)
    spots = spots_of(result, inside.own)
    found = Findings(parts, spots, result.period, inside.names, policy_owner(result.policy))
    steps = next_steps(found)
    if is_unknown(department.name) and department.people:
        steps = steps_of_nobody(department.people, steps)
    worst = parts.in_use[:MAX_SERVICES]
    return DepartmentPage(
        title=_title(department),
        department=department.name,
        period=views.period(result),
        index=links.index,
        above=above(result, department, links),
        headline=headline.sentence(result, scope),
        change=trends.in_words(inside.changes) if parts.in_use or inside.changes.by_service else "",
        asides=sureness.asides(result, department, parts, inside.changes),
        figures=headline.figures(result, scope),
        answers=_answers(inside, steps),
        chart=time_chart(parts.in_use, result.period),
        score=score_view(department.score),
        services=tuple(service_row(one, inside.names, inside.changes) for one in worst),
        brief=tuple(map(brief_row, parts.in_use[MAX_SERVICES : MAX_SERVICES + MAX_BRIEF])),
        more=_more(len(parts.in_use) - MAX_SERVICES - MAX_BRIEF),
        stopped=trends.stopped(inside.changes),
        unproven=tuple(map(views.unproven_row, parts.unproven[:MAX_SERVICES])),
        looked_up=tuple(map(views.looked_up_row, parts.looked_up[:MAX_SERVICES])),
        blocked=tuple(map(views.blocked_row, parts.blocked[:MAX_SERVICES])),
        below=below(result, department, links),
        hidden=hidden(department.hidden),
        blind=views.blind_groups(spots, result.sources),
        candidates=sureness.candidates(result.candidates, inside.own),
        steps=steps,
        persons=persons(department),
        sureness=sureness.sentences(parts, spots),
        origins=origin_rows(result, worst),
        marks=views.all_marks(),
        scale=words.confidence_scale(),
        origin=views.origin(result),
    )


def _title(department: DepartmentUse) -> str:
    if department.below:
        return say("AI use in {department} and the departments below it", department=department.name)
    return say("AI use in {department}", department=department.name)


def _more(services: int) -> str:
    if services <= 0:
        return ""
    return say_many(
        "{number} more service is in usage.csv.",
        "{number} more services are in usage.csv.",
        services,
        number=text.number(services),
    )


def _scope(department: DepartmentUse) -> headline.Scope:
    place = say("in {department}", department=department.name)
    whole = say("of the department")
    if department.below:
        place = say("in {department} and the departments below it", department=department.name)
        whole = say("of these departments")
    known = measured([department])
    return headline.Scope(department.totals, department.headcount, known, place, whole, prohibited([department]))


def _answers(inside: _Inside, steps: tuple[Step, ...]) -> tuple[views.Fact, ...]:
    """Give the first screen's answers: how bad, how sure, what to do first. None where nothing was read."""
    if headline.nothing_read(inside.result):
        return ()
    return (
        views.Fact(say("How bad"), _how_bad(inside.department, inside.parts.in_use)),
        views.Fact(say("How sure"), sureness.in_short(inside.parts, inside.department.hidden)),
        views.Fact(say("What to do first"), steps[0].title),
    )


def _how_bad(department: DepartmentUse, in_use: tuple[ServiceUse, ...]) -> str:
    if not in_use:
        return say("No risk from use that we saw.")
    worst = in_use[0]
    told = words.risk_at_worst(worst.risk).format(service=worst.name, status=words.status_inside(worst.status))
    score = department.score
    if score is None:
        return told
    points, whole = text.points(score.points), text.points(score.of)
    return say("{told} The department scores {points} of {of}; higher is worse.", told=told, points=points, of=whole)
