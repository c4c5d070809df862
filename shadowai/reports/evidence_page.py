"""The evidence pack for audit and compliance: which duty a finding touches, never whether a duty applies or is met.

With it what an auditor asks for next: the register of AI services that were seen, and the rules of the policy.
"""

from dataclasses import dataclass
from pathlib import Path

from shadowai.reports import board, text, views
from shadowai.reports.duties import Duties, Duty, duties
from shadowai.reports.findings import Finding, findings
from shadowai.reports.governance import in_use
from shadowai.reports.index_page import lead
from shadowai.reports.language import say, translated
from shadowai.reports.phrases import worded, worded_rule
from shadowai.reports.relatives import Links
from shadowai.reports.sections import ServiceTotal, over_departments
from shadowai.result import Result, RuleReport

MAX_ROWS = 500  # lines of the policy, and of the register; more are counted
MAX_FULL = 50  # lines of the register with all that is told; the others are shown shorter


@dataclass(frozen=True, slots=True)
class DutyRow:
    """One duty that a finding touches, where it stands, and why; `link` is the address of its text."""

    framework: str
    link: str
    reference: str
    duty: str
    touches: str


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding with its figures, where it holds, for which services, and the duties it touches."""

    number: str
    title: str
    extent: str
    places: str
    services: str
    duties: tuple[DutyRow, ...]


@dataclass(frozen=True, slots=True)
class FrameworkRow:
    """A law or a standard of the mapping, and how many of the findings touch it."""

    name: str
    about: str
    link: str
    findings: str


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One AI service that was seen in use: whose it is, where it is used, under which rules, from when to when."""

    name: str
    what: str
    statuses: tuple[views.Mark, ...]
    rules: str
    departments: str
    people: str
    data: str
    period: str


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule of the policy and how many sessions it decided; `span` says from when to when it holds."""

    number: str
    mark: views.Mark
    what: str
    whom: str
    span: str
    owner: str
    reason: str
    sessions: str


@dataclass(frozen=True, slots=True)
class EvidencePage:
    """The context of evidence.html; reports/templates/README.md documents every field."""

    title: str
    period: str
    index: str
    headline: str
    answers: tuple[views.Fact, ...]
    findings: tuple[FindingRow, ...]
    frameworks: tuple[FrameworkRow, ...]
    register: tuple[RegisterRow, ...]
    brief_register: tuple[RegisterRow, ...]
    more_register: int
    rules: tuple[RuleRow, ...]
    more_rules: int
    default: views.Mark | None
    blind: tuple[views.BlindGroup, ...]
    marks: tuple[views.Mark, ...]
    origin: views.Origin


def evidence_page(result: Result, links: Links | None = None, own: Path | None = None) -> EvidencePage:
    """Build the context from a tidied result; `own` is a folder that may hold a mapping in place of the shipped one.

    UsageError where that cannot be read.
    """
    mapping = duties(own)
    rows = tuple(_finding(number, one, mapping) for number, one in enumerate(findings(result), 1))
    policy = result.policy
    rules = policy.rules if policy else ()
    totals = over_departments(result.departments)
    decided = _rules_by_service(result)
    register = tuple(_register(one, decided.get(one.example.id, ())) for one in totals[:MAX_ROWS])
    return EvidencePage(
        title=say("Evidence for audit and compliance"),
        period=views.period(result),
        index=(links or Links()).index,
        headline=lead(result),
        answers=_answers(result, rows),
        findings=rows,
        frameworks=_frameworks(rows, mapping),
        register=register[:MAX_FULL],
        brief_register=register[MAX_FULL:],
        more_register=len(totals) - len(register),
        rules=tuple(map(_rule, rules[:MAX_ROWS])),
        more_rules=max(0, len(rules) - MAX_ROWS),
        default=views.mark(policy.default) if policy else None,
        blind=views.blind_groups(result.blind_spots, result.sources),
        marks=views.all_marks(),
        origin=views.origin(result),
    )


def _answers(result: Result, rows: tuple[FindingRow, ...]) -> tuple[views.Fact, ...]:
    """Say how bad and how sure in the words of the index, and what an auditor does first."""
    told = board.answers(result, board.board_steps(result))
    if not told:
        return ()
    if rows:
        first = say(
            "Take each finding to whoever answers for its duties, and compare the register with your inventory."
        )
    else:
        first = say("Read what limits this evidence before you rely on it.")
    return (*told[:2], views.Fact(told[2].name, first))


def _finding(number: int, found: Finding, mapping: Duties) -> FindingRow:
    rows = tuple(_duty(one, mapping) for one in mapping.findings.get(found.key, ()))
    return FindingRow(text.number(number), found.title, found.extent, found.places, found.services, rows)


def _duty(one: Duty, mapping: Duties) -> DutyRow:
    framework = mapping.frameworks[one.framework]
    duty, touches = translated(one.duty), translated(one.touches)
    return DutyRow(framework.name, framework.link, one.reference, duty, touches)


def _frameworks(rows: tuple[FindingRow, ...], mapping: Duties) -> tuple[FrameworkRow, ...]:
    shown = []
    for one in mapping.frameworks.values():
        touched = [row.number for row in rows if any(duty.framework == one.name for duty in row.duties)]
        listed = text.listing(touched, len(touched)) if touched else say("none")
        shown.append(FrameworkRow(one.name, translated(one.about), one.link, listed))
    return tuple(shown)


def _rules_by_service(result: Result) -> dict[str, tuple[int | None, ...]]:
    found: dict[str, set[int | None]] = {}
    for _, services in in_use(result):
        for service in services:
            found.setdefault(service.id, set()).add(service.rule)
    return {name: tuple(sorted(numbers, key=lambda one: one or 0)) for name, numbers in found.items()}


def _register(total: ServiceTotal, rules: tuple[int | None, ...]) -> RegisterRow:
    service = total.example
    told = [say("no rule") if one is None else text.number(one) for one in rules]
    return RegisterRow(
        name=service.name,
        what=f"{worded(service.category_name)} \u00b7 {views.beside_category(service)}",
        statuses=tuple(map(views.mark, total.statuses)),
        rules=text.listing(told, 8),
        departments=text.listing(total.departments, 8),
        people=text.number(total.people),
        data=text.data(total.bytes_up, total.measured, total.sessions),
        period=text.span(service.first_seen, service.last_seen),
    )


def _rule(rule: RuleReport) -> RuleRow:
    return RuleRow(
        number=text.number(rule.number),
        mark=views.mark(rule.status),
        what=worded_rule(rule.what),
        whom=worded_rule(rule.whom),
        span=_span(rule),
        owner=rule.owner or "",
        reason=rule.reason or "",
        sessions=text.number(rule.sessions),
    )


def _span(rule: RuleReport) -> str:
    if rule.starts and rule.until:
        return text.span(rule.starts, rule.until)
    if rule.until:
        return say("until {day}", day=text.day(rule.until))
    return say("from {day}", day=text.day(rule.starts)) if rule.starts else say("without end")
