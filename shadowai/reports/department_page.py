"""The page for one department head: what was used, what to do about it, and how sure we are. It names no person."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shadowai.reports import headline, steps, text, views, words
from shadowai.reports.charts import TimeChart, time_chart
from shadowai.reports.sections import Sections, measured, names, split
from shadowai.result import BlindSpot, Candidate, DepartmentUse, EvidenceCounts, Result

SMALL_GROUP = 5  # heads; in a smaller group a figure may point at one person


@dataclass(frozen=True, slots=True)
class DepartmentPage:
    """The context of department.html; reports/templates/README.md documents every field."""

    title: str
    department: str
    period: str
    headline: str
    asides: tuple[str, ...]
    figures: tuple[views.Figure, ...]
    chart: TimeChart | None
    services: tuple[views.ServiceRow, ...]
    unproven: tuple[views.AsideRow, ...]
    looked_up: tuple[views.AsideRow, ...]
    blocked: tuple[views.AsideRow, ...]
    blind: tuple[views.BlindGroup, ...]
    candidates: str
    steps: tuple[steps.Step, ...]
    sureness: tuple[str, ...]
    marks: tuple[views.Mark, ...]
    scale: tuple[tuple[str, str], ...]
    origin: views.Origin


def department_page(result: Result, department: DepartmentUse) -> DepartmentPage:
    """Build the context from a tidied result and one of its departments."""
    parts = split(department.services)
    named = names(result)
    scope = headline.Scope(
        department.totals, department.headcount, measured([department]), f"in {department.name}", "department"
    )
    spots = [spot for spot in result.blind_spots if not spot.departments or department.name in spot.departments]
    return DepartmentPage(
        title=f"AI use in {department.name}",
        department=department.name,
        period=text.span(result.period.start, result.period.end),
        headline=headline.sentence(result, scope),
        asides=_asides(result, department, parts),
        figures=headline.figures(result, scope),
        chart=time_chart(parts.in_use, result.period),
        services=tuple(views.service_row(service, named) for service in parts.in_use),
        unproven=tuple(map(views.unproven_row, parts.unproven)),
        looked_up=tuple(map(views.looked_up_row, parts.looked_up)),
        blocked=tuple(map(views.blocked_row, parts.blocked)),
        blind=views.blind_groups(spots, result.sources),
        candidates=_candidates(result.candidates, department.name),
        steps=steps.next_steps(parts, spots, result.period, named),
        sureness=_sureness(parts, spots),
        marks=views.all_marks(),
        scale=words.confidence_scale(),
        origin=views.origin(result),
    )


def _asides(result: Result, department: DepartmentUse, parts: Sections) -> tuple[str, ...]:
    return tuple(
        filter(
            None,
            (
                _unread(result),
                _headcount(department),
                _not_counted(department, parts),
            ),
        )
    )


def _unread(result: Result) -> str:
    failed = sum(1 for source in result.sources if source.error)
    if not failed:
        return ""
    return f"{failed} of {text.plural(len(result.sources), 'input')} could not be read, so use may be missing here."


def _headcount(department: DepartmentUse) -> str:
    heads, seen = department.headcount, department.people
    if heads is not None and heads < seen:
        return f"The directory lists {text.people(heads)}, fewer than were seen here; its headcount may be out of date."
    if heads is not None and heads < SMALL_GROUP:
        return (
            f"With {text.people(heads)}, a figure here may point at one person. Please treat this page as confidential."
        )
    return ""


def _not_counted(department: DepartmentUse, parts: Sections) -> str:
    apart = []
    if parts.looked_up:
        apart.append(f"{text.plural(len(parts.looked_up), 'service')} only looked up")
    if parts.unproven:
        apart.append(f"{text.plural(len(parts.unproven), 'service')} whose use is not proven")
    if department.totals.blocked:
        apart.append(f"{text.plural(department.totals.blocked, 'request')} blocked before use")
    return f"Not counted above: {text.listing(apart)}." if apart else ""


def _candidates(candidates: Sequence[Candidate], name: str) -> str:
    hosts = [candidate.host for candidate in candidates if name in candidate.departments]
    if not hosts:
        return ""
    if len(hosts) == 1:
        return f"1 host looks like AI but is not in our database, so nothing above counts it: {hosts[0]}."
    count = text.number(len(hosts))
    return (
        f"{count} hosts look like AI but are not in our database, so nothing above counts them: {text.listing(hosts)}."
    )


def _sureness(parts: Sections, spots: Sequence[BlindSpot]) -> tuple[str, ...]:
    if not parts.in_use:
        closing = "The blind spots above are where it could hide." if spots else "No blind spot was found either."
        return (f"No use seen is no proof that there was none. {closing}",)
    grades = Counter(words.confidence(service.confidence) for service in parts.in_use)
    told = [f"{word.lower()} for {grades[word]}" for word, _ in words.confidence_scale() if grades[word]]
    sessions = sum(service.sessions for service in parts.in_use)
    measured = sum(service.sessions_with_bytes_up for service in parts.in_use)
    seen: Counter[str] = Counter()
    for service in parts.in_use:
        seen.update(dict(service.evidence))
    spread = f"{text.listing(told, 4)} of the {text.plural(len(parts.in_use), 'service')} in use"
    only = next(iter(grades)).lower()
    return (
        f"Confidence is {spread}." if len(grades) > 1 else f"Confidence is {only} for every service in use.",
        f"They were seen in {words.evidence(EvidenceCounts(**seen))}.",
        f"The data sent could be measured for {text.number(measured)} of {text.plural(sessions, 'session')}.",
    )
